package io.tokenwise.op;

import io.tokenwise.autograd.Backward;
import io.tokenwise.autograd.Op;
import io.tokenwise.autograd.Recorder;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.CpuDevice;
import io.tokenwise.backend.cpu.RangeJob;
import io.tokenwise.backend.cuda.Bucket;
import io.tokenwise.backend.cuda.CudaDevice;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.tensor.Tensor;

/** Rotary positions, in place: turns the first {@code heads} heads of each row. */
public final class Rotations {
    private static final int BLOCK = 256;

    private Rotations() {}

    /** @param position of each sequence's first row */
    public static void forward(
            Stream stream, Tensor x, int[] offsets, int sequences, int position, RotaryPositions positions, int heads) {
        check(x, offsets, sequences, position, null, positions, heads);
        run(stream, x, offsets, sequences, position, null, positions, heads);
    }

    /** @param places of each row in its sequence, ascending; null if each row's is its number in it */
    public static void forward(
            Stream stream, Tensor x, int[] offsets, int sequences, int[] places, RotaryPositions positions, int heads) {
        check(x, offsets, sequences, 0, places, positions, heads);
        run(stream, x, offsets, sequences, 0, places, positions, heads);
    }

    private static void run(
            Stream stream,
            Tensor x,
            int[] offsets,
            int sequences,
            int position,
            int[] places,
            RotaryPositions positions,
            int heads) {
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(x, null, null)
                    .rotary(positions)
                    .rows(position)
                    .integers(places)
                    .offsets(offsets)
                    .blocks(heads)
                    .forRows(x, positions.halves() ? Rotations::halvesOnCpu : Rotations::onCpu);
        } else if (positions.halves() || places != null) {
            CpuDevice.only(stream, "rotation of halves, or of tokens of which some have left");
        } else {
            int each = heads * positions.rotated() / 2;
            CudaDevice.of(stream)
                    .kernel("rotate")
                    .tensor(x)
                    .offsets(offsets, sequences)
                    .integer(Bucket.of(sequences))
                    .count(position)
                    .table(positions.cosines())
                    .table(positions.sines())
                    .integer(heads)
                    .integer(positions.headSize())
                    .integer(positions.rotated())
                    .integer(x.columns())
                    .count(x.rows() * each)
                    .runValues(x.rows(), each, BLOCK);
        }
    }

    private static void onCpu(RangeJob o, int from, int to, Scratch scratch) {
        RotaryPositions r = o.rotary;
        o.kernels
                .speech()
                .rotate(
                        o.a,
                        o.columns,
                        o.offsets,
                        o.rows,
                        o.integers,
                        r.cosines(),
                        r.sines(),
                        o.blocks,
                        r.headSize(),
                        r.rotated(),
                        from,
                        to);
    }

    private static void halvesOnCpu(RangeJob o, int from, int to, Scratch scratch) {
        RotaryPositions r = o.rotary;
        o.kernels
                .speech()
                .rotateHalves(
                        o.a,
                        o.columns,
                        o.offsets,
                        o.rows,
                        o.integers,
                        r.cosines(),
                        r.sines(),
                        o.blocks,
                        r.headSize(),
                        r.rotated(),
                        from,
                        to);
    }

    /** Of whole sequences, from position 0 on, or by their rows' places. */
    public static void of(
            Recorder pass, Tensor x, int[] offsets, int sequences, int[] places, RotaryPositions positions, int heads) {
        forward(pass.stream(), x, offsets, sequences, places, positions, heads);
        if (pass.tape() != null) {
            pass.tape().record(new Taped(x, offsets, sequences, places, positions, heads));
        }
    }

    private record Taped(Tensor y, int[] offsets, int sequences, int[] places, RotaryPositions positions, int heads)
            implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(y);
        }

        /** In place like the operation: from here on dy is the gradient of what y was before. */
        @Override
        public void backward(Backward to, Tensor dy) {
            forward(to.stream(), dy, offsets, sequences, places, positions.inverse(), heads);
        }
    }

    private static void check(
            Tensor x, int[] offsets, int sequences, int position, int[] places, RotaryPositions positions, int heads) {
        Shapes.offsets("rotate", offsets, sequences, x.rows());
        if ((long) heads * positions.headSize() > x.columns()) {
            throw new IllegalArgumentException("rotate: " + x.shape() + " does not hold " + heads + " heads of "
                    + positions.headSize() + " columns");
        }
        for (int i = 0; i < sequences; i++) {
            int length = offsets[i + 1] - offsets[i];
            int end = places == null || length == 0 ? position + length : places[offsets[i + 1] - 1] + 1;
            if (position < 0 || end > positions.count()) {
                throw new IllegalArgumentException("rotate: sequence " + i + " has positions from " + position + " to "
                        + (end - 1) + ", there are " + positions.count());
            }
        }
    }
}
