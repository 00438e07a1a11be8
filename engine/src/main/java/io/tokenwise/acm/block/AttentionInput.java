package io.tokenwise.acm.block;

import io.tokenwise.autograd.SlicedWeight;
import io.tokenwise.backend.OutputSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Those of Q, K and V that share a decision, for inference: as one product whose columns are in the order of learners; those of a token with all learners come from the
 * dense weight.
 */
final class AttentionInput {
    private final AttentionLearners learned;
    private final Linear dense;
    private final LearnerColumns columns;
    private final SlicedWeight wholeWeight;
    private final Tensor wholeBias;
    private final Tensor orderedBias;
    private final Tensor orderedRest;

    /** What inference uses; null until it is prepared. */
    private OutputSlices whole;

    private SlicedWeight sliced;

    private OutputSlices slices;

    private int biasVersions;

    /** @param columns of Q, K and V */
    AttentionInput(AttentionLearners learned, LearnerColumns columns) {
        this.learned = learned;
        this.columns = columns;
        dense = learned.dense().qkv();
        int count = columns.order().length;
        wholeWeight = new SlicedWeight(learned.owner(), dense.weight().parameter(), 1, true, columns.order());
        wholeBias = learned.owner().constant(1, count);
        orderedBias = learned.owner().constant(1, count);
        orderedRest = learned.owner().constant(1, count);
    }

    /** First columns of the units of Q, K and V, each head by head; -1 where this does not have them. */
    int[] starts() {
        return columns.starts();
    }

    /** First columns of the units of one of Q, K and V (0, 1, 2), head by head. */
    int[] starts(int projection) {
        AttentionUnits units = learned.units();
        return Arrays.copyOfRange(starts(), units.firstOf(projection), units.firstOf(projection + 1));
    }

    /** Whether this has one of Q, K and V (0, 1, 2). */
    boolean has(int projection) {
        return starts()[learned.units().firstOf(projection)] >= 0;
    }

    void prepare(Stream stream) {
        List<PackedMatrix> wholePacked = wholeWeight.prepare(stream);
        wholePacked.forEach(PackedMatrix::alsoRouted);
        if (sliced == null && columns.isDecided()) {
            sliced = new SlicedWeight(
                    learned.owner(),
                    learned.qkv().weight().parameter(),
                    columns.acm().slices(),
                    true,
                    columns.sliced());
        }
        List<PackedMatrix> packed = columns.isDecided() ? sliced.prepare(stream) : List.of();
        if (whole != null && biasVersions == versionsOfBiases()) {
            return;
        }
        if (dense.bias() != null) {
            order(stream, dense.bias().value(), wholeBias);
        }
        order(stream, learned.rest().parameter().value(), orderedRest);
        order(stream, learned.qkv().bias().value(), orderedBias);
        stream.add(orderedBias, orderedRest, orderedBias);
        whole = new OutputSlices(wholePacked, List.of(wholeBias));
        if (columns.isDecided()) {
            slices = new OutputSlices(packed, biases());
        }
        biasVersions = versionsOfBiases();
    }

    /** {@code ordered[i] = bias[order[i]]}. */
    private void order(Stream stream, Tensor bias, Tensor ordered) {
        int[] order = columns.order();
        try (HostTensor from = stream.read(bias);
                HostTensor to = stream.write(ordered)) {
            for (int i = 0; i < order.length; i++) {
                to.set(0, i, from.get(0, order[i]));
            }
        }
    }

    private int versionsOfBiases() {
        return (dense.bias() == null ? 0 : dense.bias().version())
                + learned.qkv().bias().version()
                + learned.rest().parameter().version();
    }

    private boolean isPrepared() {
        return wholeWeight.isPrepared()
                && (!columns.isDecided() || sliced != null && sliced.isPrepared())
                && biasVersions == versionsOfBiases();
    }

    private List<Tensor> biases() {
        int width = columns.perSlice();
        var biases = new ArrayList<Tensor>();
        for (int n = 0; n < columns.acm().slices(); n++) {
            biases.add(orderedBias.part((long) n * width, width));
        }
        return biases;
    }

    /** {@code [tokens, columns]}, of the pass's innermost scope. */
    Tensor run(Pass pass, Tensor x) {
        assert isPrepared() : learned.qkv().bias() + " and what belongs to it was changed and not prepared again";
        Stream stream = pass.stream();
        Tensor y = pass.tensor(x.rows(), columns.order().length);
        if (!columns.isDecided()) {
            stream.linear(x, whole.weights().getFirst(), wholeBias, false, null, y);
            return y;
        }
        stream.linearSlices(x, columns.routing(pass), whole, slices, orderedRest, y);
        return y;
    }
}
