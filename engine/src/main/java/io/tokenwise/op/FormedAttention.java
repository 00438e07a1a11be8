package io.tokenwise.op;

import io.tokenwise.autograd.Backward;
import io.tokenwise.autograd.Op;
import io.tokenwise.autograd.Recorder;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.AttentionJob;
import io.tokenwise.backend.cpu.CpuDevice;
import io.tokenwise.tensor.Tensor;
import java.util.Arrays;

/** {@link SelfAttention} of which a {@link Form} says what tokens see, what is added to scores, and how many heads share keys and values. */
public final class FormedAttention {
    private static final String NAME =
            "attention in a window, with scores that know distances, shared keys or a scale of its own";

    private FormedAttention() {}

    /**
     * For who wants to know before the first pass.
     *
     * @param block what messages call the attention
     * @throws UnsupportedOperationException if the stream's device has no such attention yet
     */
    public static void requireSupported(Stream stream, String block) {
        CpuDevice.only(stream, block + ": attention of this form");
    }

    /**
     * @param heads of queries
     * @param keyHeads of keys and values, each for {@code heads / keyHeads} neighbouring heads of queries
     * @param scale by which scores are multiplied
     * @param before how many places before its own a token sees
     * @param after how many after it
     * @param bias null, or {@code [heads, 2 * reach + 1]}: what is added to a score before it is scaled, by how many places the key is behind the query, from -reach to
     *     reach; what is further away counts as that far. It has no gradient.
     * @param positions null, or what scores have of distances besides, where each head has keys of its own
     */
    public record Form(
            int heads,
            int keyHeads,
            int headSize,
            float scale,
            int before,
            int after,
            Tensor bias,
            PositionRows positions) {
        /** Without positions. */
        public Form(int heads, int keyHeads, int headSize, float scale, int before, int after, Tensor bias) {
            this(heads, keyHeads, headSize, scale, before, after, bias, null);
        }

        /** Columns of Q, K and V side by side. */
        public int columns() {
            return (heads + 2 * keyHeads) * headSize;
        }

        /** The same with other queries and keys of the same distances. */
        public Form with(Tensor newPositions) {
            var rows = new PositionRows(newPositions, positions.rows());
            return new Form(heads, keyHeads, headSize, scale, before, after, bias, rows);
        }

        private Form ofAllKeys() {
            return new Form(heads, heads, headSize, scale, before, after, bias, positions);
        }
    }

    /**
     * Queries and keys of distances (He et al. 2021, equation 4): before it is scaled, a score gets the product of its query and the distance's key, and that of its key
     * and the distance's query.
     *
     * @param values {@code [rows, 2 * heads * headSize]}, queries and then keys, or with values behind them, which are not read
     * @param rows by how many places the key is behind the query, from the farthest before it to the farthest behind it, only growing or only falling; what is further
     *     away counts as that far
     */
    public record PositionRows(Tensor values, int[] rows) {
        private void check(String operation, Form form) {
            int width = form.heads() * form.headSize();
            boolean fits = values.columns() == 2 * width || values.columns() == 3 * width;
            if (form.keyHeads() != form.heads() || !fits) {
                throw new IllegalArgumentException(operation + ": positions of " + values.shape() + " for "
                        + form.heads() + " heads of queries and " + form.keyHeads() + " of keys of " + form.headSize()
                        + " columns; 2 or 3 times as many columns, and as many heads of keys, are needed");
            }
            int first = rows[0];
            int last = rows[rows.length - 1];
            if (rows.length % 2 == 0 || Math.min(first, last) != 0 || Math.max(first, last) != values.rows() - 1) {
                throw new IllegalArgumentException(operation + ": rows " + first + " to " + last + " for " + rows.length
                        + " distances; an odd number, and all rows of " + values.shape() + " are needed");
            }
        }
    }

    /**
     * {@code qkv [tokens, (heads + 2 * keyHeads) * headSize]} to context {@code [tokens, heads * headSize]}.
     *
     * @param places of each row in its sequence, ascending, where some have left; null if each row's is its number in it
     * @param probabilities null, or where they are kept for the gradient
     */
    public static void forward(
            Stream stream,
            Tensor qkv,
            Form form,
            int[] offsets,
            int sequences,
            int[] places,
            Tensor context,
            Tensor probabilities) {
        check("attention", qkv, form, offsets, sequences, context);
        CpuDevice cpu = CpuDevice.only(stream, NAME);
        AttentionJob job = cpu.attention();
        job.prepare(qkv, offsets, sequences, form.heads(), form.keyHeads(), context, probabilities);
        run(cpu, job, form, places, null, null);
    }

    /**
     * Of as many key heads as heads, from the probabilities that were kept.
     *
     * @param places as in {@link #forward}
     * @param dPositions to which the gradient of the form's positions is added; null if it is not wanted
     */
    public static void backward(
            Stream stream,
            Tensor qkv,
            Form form,
            int[] offsets,
            int sequences,
            int[] places,
            Tensor probabilities,
            Tensor dContext,
            Tensor dQkv,
            Tensor dPositions) {
        check("attentionBackward", qkv, form, offsets, sequences, dContext);
        if (dPositions != null) {
            Shapes.same("attentionBackward", form.positions().values(), dPositions);
        }
        Shapes.same("attentionBackward", qkv, dQkv);
        CpuDevice cpu = CpuDevice.only(stream, NAME);
        AttentionJob job = cpu.attention();
        job.prepare(qkv, offsets, sequences, form.heads(), null, probabilities);
        job.gradients(dContext, dQkv);
        run(cpu, job, form, places, null, dPositions);
    }

    /**
     * The same where not all tokens are seen, and none have left. It has no gradient.
     *
     * @param seen of how many tokens of each sequence, its first, there are keys; one that has none of them within its reach gets zeros, as from torch since 2.5
     */
    public static Tensor ofFirst(Recorder pass, Tensor qkv, int[] offsets, int sequences, int[] seen, Form form) {
        pass.frozen("attention with hidden tokens", qkv);
        Tensor y = pass.tensor(qkv.rows(), form.heads() * form.headSize());
        check("attention", qkv, form, offsets, sequences, y);
        CpuDevice cpu = CpuDevice.only(pass.stream(), NAME);
        AttentionJob job = cpu.attention();
        job.prepare(qkv, offsets, sequences, form.heads(), form.keyHeads(), y, null);
        run(cpu, job, form, null, seen, null);
        return y;
    }

    private static void run(CpuDevice cpu, AttentionJob job, Form form, int[] places, int[] seen, Tensor dPositions) {
        job.form(form.scale(), form.before(), form.after(), form.bias(), places, seen);
        if (form.positions() != null) {
            job.positions(form.positions().values(), form.positions().rows(), dPositions);
        }
        cpu.run(job);
    }

    /** {@code qkv} as {@link #forward} has it to the heads' results side by side. In training each head gets keys and values of its own first. */
    public static Tensor of(Recorder pass, Tensor qkv, int[] offsets, int sequences, int[] places, Form form) {
        Tape tape = pass.tape();
        Form own = form;
        Tensor whole = qkv;
        Tensor probabilities = null;
        if (tape != null) {
            own = form.ofAllKeys();
            whole = form.heads() == form.keyHeads() ? qkv : repeated(pass, qkv, form);
            probabilities = pass.tensor(1, SelfAttention.probabilityCount(offsets, sequences, form.heads()));
        }
        Tensor y = pass.tensor(qkv.rows(), form.heads() * form.headSize());
        forward(pass.stream(), whole, own, offsets, sequences, places, y, probabilities);
        if (tape != null) {
            tape.record(new Taped(whole, own, offsets, sequences, places, probabilities, y));
        }
        return y;
    }

    private record Taped(
            Tensor qkv, Form form, int[] offsets, int sequences, int[] places, Tensor probabilities, Tensor y)
            implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(qkv)
                    || form.positions() != null && tape.tracks(form.positions().values());
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dQkv = to.like(qkv);
            Tensor dPositions = null;
            if (form.positions() != null && to.tracks(form.positions().values())) {
                dPositions = to.like(form.positions().values());
                to.stream().fill(dPositions, 0);
            }
            FormedAttention.backward(
                    to.stream(), qkv, form, offsets, sequences, places, probabilities, dy, dQkv, dPositions);
            to.addIfTracked(qkv, dQkv);
            if (dPositions != null) {
                to.add(form.positions().values(), dPositions);
            }
        }
    }

    private static Tensor repeated(Recorder pass, Tensor qkv, Form form) {
        int size = form.headSize();
        Tensor y = pass.tensor(qkv.rows(), 3 * form.heads() * size);
        int shared = form.heads() / form.keyHeads();
        int[] starts = new int[3 * form.heads()];
        for (int i = 0; i < starts.length; i++) {
            int part = i / form.heads();
            int head = i % form.heads();
            int before = part == 0 ? head : form.heads() + (part - 1) * form.keyHeads() + head / shared;
            starts[i] = before * size;
        }
        Scales.gather(pass.stream(), qkv, starts, size, y);
        pass.tape().record(new Repeated(qkv, form, y));
        return y;
    }

    /** Its gradient is the sum over the heads that share. */
    private record Repeated(Tensor x, Form form, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dx = to.like(x);
            Scales.gather(to.stream(), dy, starts(0), form.headSize(), dx);
            if (form.heads() > form.keyHeads()) {
                Tensor more = to.like(x);
                to.stream().fill(more, 0);
                for (int i = 1; i < form.heads() / form.keyHeads(); i++) {
                    Scales.gather(to.stream(), dy, starts(i), form.headSize(), more);
                    to.stream().add(dx, more, dx);
                }
            }
            to.add(x, dx);
        }

        /** Where dy has what the nth of the heads that share adds; queries have one each. */
        private int[] starts(int nth) {
            int[] starts = new int[form.heads() + 2 * form.keyHeads()];
            Arrays.fill(starts, -1);
            for (int head = 0; nth == 0 && head < form.heads(); head++) {
                starts[head] = head * form.headSize();
            }
            int shared = form.heads() / form.keyHeads();
            for (int i = 0; i < 2 * form.keyHeads(); i++) {
                int part = 1 + i / form.keyHeads();
                int head = i % form.keyHeads() * shared + nth;
                starts[form.heads() + i] = (part * form.heads() + head) * form.headSize();
            }
            return starts;
        }
    }

    private static void check(String operation, Tensor qkv, Form form, int[] offsets, int sequences, Tensor context) {
        Shapes.offsets(operation, offsets, sequences, qkv.rows());
        if (form.heads() % form.keyHeads() != 0 || qkv.columns() != form.columns()) {
            throw new IllegalArgumentException(operation + ": " + qkv.shape() + " does not hold Q of " + form.heads()
                    + " and K and V of " + form.keyHeads() + " heads of " + form.headSize() + " columns");
        }
        Shapes.require(operation, context, qkv.rows(), form.heads() * form.headSize());
        if (form.bias() != null
                && (form.bias().rows() != form.heads() || form.bias().columns() % 2 == 0)) {
            throw new IllegalArgumentException(operation + ": a bias of "
                    + form.bias().shape() + " for " + form.heads() + " heads; [heads, an odd number] is needed");
        }
        if (form.positions() != null) {
            form.positions().check(operation, form);
        }
    }
}
