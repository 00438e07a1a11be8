package io.tokenwise.backend.cpu;

import io.tokenwise.backend.AttentionLayout;
import io.tokenwise.kernels.HeadColumns;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.kernels.SequenceOps;
import io.tokenwise.kernels.SequenceOps.AttentionCall;
import io.tokenwise.tensor.Tensor;

/** Attention cut by head and sequence, which are independent of each other. Public for package op. */
public final class AttentionJob extends Job {
    /** Multiply-adds a task should at least do, so that handing it to a thread pays. */
    private static final long GRAIN = 200_000;

    private final AttentionCall call = new AttentionCall();
    private boolean backward;

    private final HeadAttention attention;
    private final SequenceOps kernels;
    private int sequences;
    private int perTask;

    AttentionJob(HeadAttention attention, SequenceOps kernels) {
        this.attention = attention;
        this.kernels = kernels;
        call.probabilityOffsets = new long[0];
    }

    /** Q, K and V side by side; context and probabilities may be null. */
    public void prepare(Tensor qkv, int[] offsets, int sequenceCount, int heads, Tensor context, Tensor probabilities) {
        prepare(qkv, offsets, sequenceCount, heads, heads, context, probabilities);
    }

    /** The same with fewer heads of keys and values. */
    public void prepare(
            Tensor qkv,
            int[] offsets,
            int sequenceCount,
            int heads,
            int keyHeads,
            Tensor context,
            Tensor probabilities) {
        prepare(offsets, sequenceCount, heads, qkv.columns() / (heads + 2 * keyHeads));
        call.grouped(qkv.floats(), keyHeads, context == null ? null : context.floats());
        if (probabilities != null) {
            keepProbabilities(probabilities);
        }
    }

    /** Q, K, V and the context wherever the layout says. */
    public void prepare(
            Tensor q,
            Tensor k,
            Tensor v,
            AttentionLayout layout,
            int[] offsets,
            int sequenceCount,
            int heads,
            Tensor context) {
        int headSize = layout.columns() / heads;
        prepare(offsets, sequenceCount, heads, headSize);
        place(call.query, q, layout.query(), headSize);
        place(call.key, k, layout.key(), headSize);
        place(call.value, v, layout.value(), headSize);
        place(call.context, context, layout.context(), headSize);
    }

    /**
     * After it was prepared: another scale of scores, what a token sees of those before and after its own, and what is added to scores.
     *
     * @param bias {@code [heads, 2 * reach + 1]}, or null
     * @param places of each row in its sequence, ascending; null if each row's is its number in it
     * @param seen how many tokens of each sequence are seen, its first; null if all are
     */
    public void form(float scale, int before, int after, Tensor bias, int[] places, int[] seen) {
        call.places = places;
        call.seen = seen;
        call.scale = scale;
        call.before = before;
        call.after = after;
        call.bias = bias == null ? null : bias.floats();
        call.reach = bias == null ? 0 : bias.columns() / 2;
        call.positions = null;
        call.dPositions = null;
    }

    /**
     * After its form is known: what scores have of distances, as {@link AttentionCall#positions} and its rows say.
     *
     * @param gradient to which what goes backward adds its own; null if it is not wanted
     */
    public void positions(Tensor values, int[] rows, Tensor gradient) {
        call.positions = values.floats();
        call.positionStride = values.columns();
        call.positionRows = rows;
        call.dPositions = gradient == null ? null : gradient.floats();
    }

    /** Units that lie side by side are told so, since a whole head is copied faster than its units. */
    private static void place(HeadColumns columns, Tensor tensor, int[] starts, int headSize) {
        if (AttentionLayout.areSideBySide(starts)) {
            columns.sideBySide(tensor.floats(), tensor.columns(), starts[0], headSize);
        } else {
            columns.inUnits(tensor.floats(), tensor.columns(), starts, headSize);
        }
    }

    private void prepare(int[] offsets, int sequenceCount, int heads, int headSize) {
        sequences = sequenceCount;
        call.offsets = offsets;
        call.heads = heads;
        call.headSize = headSize;
        call.probabilities = null;
        form((float) (1 / Math.sqrt(headSize)), Integer.MAX_VALUE, Integer.MAX_VALUE, null, null, null);
        backward = false;
    }

    /** What was prepared goes backward: from the gradient of the context to that of Q, K and V side by side. */
    public void gradients(Tensor dContext, Tensor dQkv) {
        call.dContext = dContext.floats();
        call.dQkv = dQkv.floats();
        backward = true;
    }

    private void keepProbabilities(Tensor probabilities) {
        if (call.probabilityOffsets.length < sequences) {
            call.probabilityOffsets = new long[sequences];
        }
        long at = 0;
        for (int i = 0; i < sequences; i++) {
            call.probabilityOffsets[i] = at;
            long length = call.offsets[i + 1] - call.offsets[i];
            at += call.heads * length * length;
        }
        if (at != probabilities.size()) {
            throw new IllegalArgumentException(
                    "attention: probabilities take " + at + " values, given " + probabilities.shape());
        }
        call.probabilities = probabilities.floats();
    }

    int tasks(int threads) {
        if (call.dPositions != null) {
            return call.heads;
        }
        int units = sequences * call.heads;
        perTask = Math.max(1, units);
        if (threads > 1 && units > 0) {
            long length = call.offsets[sequences] / sequences;
            long seen = Math.min(length, (long) call.before + call.after + 1);
            long work = Math.max(1, length * seen * call.headSize * 2);
            perTask = Math.clamp(GRAIN / work, 1, Math.max(1, units / (2 * threads)));
        }
        return (units + perTask - 1) / perTask;
    }

    @Override
    protected void run(int task, Scratch scratch) {
        if (call.dPositions != null) {
            // All sequences add to the gradients of a head's positions.
            for (int sequence = 0; sequence < sequences; sequence++) {
                kernels.attentionBackward(call, sequence, task, scratch);
            }
            return;
        }
        int to = Math.min(sequences * call.heads, (task + 1) * perTask);
        for (int unit = task * perTask; unit < to; unit++) {
            int sequence = unit / call.heads;
            int head = unit % call.heads;
            if (backward) {
                kernels.attentionBackward(call, sequence, head, scratch);
            } else {
                attention.attend(call, sequence, head, scratch);
            }
        }
    }
}
