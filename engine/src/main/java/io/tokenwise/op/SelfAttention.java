package io.tokenwise.op;

import io.tokenwise.autograd.Backward;
import io.tokenwise.autograd.Op;
import io.tokenwise.autograd.Recorder;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.AttendedRows;
import io.tokenwise.backend.AttentionLayout;
import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.AttentionJob;
import io.tokenwise.backend.cpu.CpuDevice;
import io.tokenwise.backend.cuda.CudaDevice;
import io.tokenwise.backend.cuda.HeadWidth;
import io.tokenwise.backend.cuda.Launches;
import io.tokenwise.tensor.Tensor;

/** Attention of each sequence's rows over themselves; {@code offsets[0..sequences]} cut the rows into sequences. */
public final class SelfAttention {
    private SelfAttention() {}

    /** {@code qkv [tokens, 3 * heads * headSize]} to context {@code [tokens, heads * headSize]}; probabilities may be null. */
    public static void forward(
            Stream stream, Tensor qkv, int[] offsets, int sequences, int heads, Tensor context, Tensor probabilities) {
        check("attention", qkv, offsets, sequences, heads, context);
        if (stream.device() instanceof CpuDevice cpu) {
            AttentionJob job = cpu.attention();
            job.prepare(qkv, offsets, sequences, heads, context, probabilities);
            cpu.run(job);
        } else {
            onCuda(CudaDevice.of(stream), qkv, offsets, sequences, heads, context, probabilities);
        }
    }

    private static void onCuda(
            CudaDevice cuda,
            Tensor qkv,
            int[] offsets,
            int sequences,
            int heads,
            Tensor context,
            Tensor probabilities) {
        int hidden = context.columns();
        int headSize = hidden / heads;
        HeadWidth width = HeadWidth.of(headSize);
        boolean narrow = cuda.onTensorCores() && probabilities == null;
        Launches launch = cuda.kernel(narrow ? width.bf16 : width.f32);
        AttentionLaunch.columns(launch, qkv, 0);
        AttentionLaunch.columns(launch, qkv, hidden);
        AttentionLaunch.columns(launch, qkv, 2 * hidden);
        launch.offsets(offsets, sequences).offsets(offsets, sequences);
        AttentionLaunch.head(launch, headSize, false);
        launch.tensor(context).integer(hidden).pointer(0);
        if (!narrow) {
            AttentionLaunch.keep(
                    launch,
                    probabilities,
                    probabilities == null ? null : keptOffsets(offsets, sequences, heads),
                    sequences);
        }
        AttentionLaunch.run(
                launch,
                CudaDevice.longest(offsets, sequences),
                heads,
                AttentionLaunch.launched(probabilities, sequences),
                narrow ? width.bf16SharedBytes : width.sharedBytes);
    }

    private static long[] keptOffsets(int[] offsets, int sequences, int heads) {
        return new AttendedRows(offsets, offsets, sequences, 0, heads, false).probabilityOffsets();
    }

    /**
     * The same, in inference, with the columns of each head in units of 8 that lie wherever {@code layout} says, so that the head size is a multiple
     * of 8. The result has the same bits as that of the other form; other columns of the context are left alone.
     *
     * @param q {@code [tokens, any]}, like k and v, which may be the same tensor
     * @param context {@code [tokens, any]}, another tensor
     */
    public static void forward(
            Stream stream,
            Tensor q,
            Tensor k,
            Tensor v,
            AttentionLayout layout,
            int[] offsets,
            int sequences,
            int heads,
            Tensor context) {
        Shapes.offsets("attention", offsets, sequences, q.rows());
        layout.check(q, k, v, heads, context);
        if (stream.device() instanceof CpuDevice cpu) {
            AttentionJob job = cpu.attention();
            job.prepare(q, k, v, layout, offsets, sequences, heads, context);
            cpu.run(job);
        } else {
            onCuda(CudaDevice.of(stream), q, k, v, layout, offsets, sequences, heads, context);
        }
    }

    private static void onCuda(
            CudaDevice cuda,
            Tensor q,
            Tensor k,
            Tensor v,
            AttentionLayout layout,
            int[] offsets,
            int sequences,
            int heads,
            Tensor context) {
        int headSize = layout.columns() / heads;
        HeadWidth width = HeadWidth.of(headSize);
        boolean narrow = cuda.onTensorCores();
        Launches launch = cuda.kernel(narrow ? width.bf16 : width.f32);
        AttentionLaunch.units(launch, q, layout.query());
        AttentionLaunch.units(launch, k, layout.key());
        AttentionLaunch.units(launch, v, layout.value());
        launch.offsets(offsets, sequences).offsets(offsets, sequences);
        AttentionLaunch.head(launch, headSize, false);
        launch.tensor(context).integer(context.columns()).table(layout.context());
        if (!narrow) {
            AttentionLaunch.keep(launch, null, null, sequences);
        }
        AttentionLaunch.run(
                launch,
                CudaDevice.longest(offsets, sequences),
                heads,
                AttentionLaunch.launched(null, sequences),
                narrow ? width.bf16SharedBytes : width.sharedBytes);
    }

    /** Of the first form, from the probabilities that it kept. */
    public static void backward(
            Stream stream,
            Tensor qkv,
            int[] offsets,
            int sequences,
            int heads,
            Tensor probabilities,
            Tensor dContext,
            Tensor dQkv) {
        check("attentionBackward", qkv, offsets, sequences, heads, dContext);
        Shapes.same("attentionBackward", qkv, dQkv);
        if (stream.device() instanceof CpuDevice cpu) {
            AttentionJob job = cpu.attention();
            job.prepare(qkv, offsets, sequences, heads, null, probabilities);
            job.gradients(dContext, dQkv);
            cpu.run(job);
        } else {
            var rows = new AttendedRows(offsets, offsets, sequences, dContext.columns(), heads, false);
            AttentionLaunch.backward(CudaDevice.of(stream), qkv, qkv, rows, probabilities, dContext, dQkv, dQkv);
        }
    }

    /** {@code qkv [tokens, 3 * hidden]} to the heads' results side by side, {@code [tokens, hidden]}. */
    public static Tensor of(Recorder pass, Tensor qkv, int[] offsets, int sequences, int heads) {
        Tape tape = pass.tape();
        Tensor y = pass.tensor(qkv.rows(), qkv.columns() / 3);
        Tensor probabilities = tape == null ? null : pass.tensor(1, probabilityCount(offsets, sequences, heads));
        forward(pass.stream(), qkv, offsets, sequences, heads, y, probabilities);
        if (tape != null) {
            tape.record(new Taped(qkv, offsets, sequences, heads, probabilities, y));
        }
        return y;
    }

    static int probabilityCount(int[] offsets, int sequences, int heads) {
        long count = 0;
        for (int i = 0; i < sequences; i++) {
            long length = offsets[i + 1] - offsets[i];
            count += heads * length * length;
        }
        if (count > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("attention: " + offsets[sequences] + " tokens in " + sequences
                    + " sequences are too many to train on at once");
        }
        return (int) count;
    }

    private record Taped(Tensor qkv, int[] offsets, int sequences, int heads, Tensor probabilities, Tensor y)
            implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(qkv);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dQkv = to.like(qkv);
            SelfAttention.backward(to.stream(), qkv, offsets, sequences, heads, probabilities, dy, dQkv);
            to.add(qkv, dQkv);
        }
    }

    private static void check(String operation, Tensor qkv, int[] offsets, int sequences, int heads, Tensor context) {
        Shapes.offsets(operation, offsets, sequences, qkv.rows());
        if (qkv.columns() % (3 * heads) != 0) {
            throw new IllegalArgumentException(
                    operation + ": " + qkv.shape() + " does not hold Q, K, V of " + heads + " heads");
        }
        Shapes.require(operation, context, qkv.rows(), qkv.columns() / 3);
    }
}
