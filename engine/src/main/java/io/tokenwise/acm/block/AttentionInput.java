package io.tokenwise.acm.block;

import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.TokenGroups;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.SlicedWeight;
import io.tokenwise.backend.OutputSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Those of Q, K and V that share a decision, for inference: as one product whose columns are in the order of learners, each learner's units of
 * all of them side by side, so that a token's columns are those of its learners, first to last; those of a token with all learners come from the
 * dense weight.
 */
final class AttentionInput {
    private final Linear dense;
    private final Parameters owner;
    private final Parameter weight;
    private final Parameter bias;
    private final Parameter rest;
    private final int decision;
    private final Acm acm;
    private final int learners;
    /** The parameters' column of each column here. */
    private final int[] order;
    /** Where the unit of the parameters begins here; -1 for those of other projections. */
    private final int[] starts;

    private final SlicedWeight wholeWeight;
    private final Tensor wholeBias;
    private final Tensor orderedBias;
    private final Tensor orderedRest;

    /** What inference uses; null until it is prepared. */
    private OutputSlices whole;

    private SlicedWeight sliced;

    private OutputSlices slices;

    private int biasVersions;

    /**
     * @param dense Q, K and V of tokens with all learners, {@code [hidden, 3 * hidden]}
     * @param weight of the others, of the same shape
     * @param bias like rest {@code [1, 3 * hidden]}
     * @param unit columns of a unit
     * @param learnerOfUnit for each unit of the columns of Q, K and V its learner, or -1 if it is not of these projections
     * @param decision number of the module that decides; -1 if none does, then there is one learner
     * @param acm that module, or null
     */
    AttentionInput(
            Parameters owner,
            Linear dense,
            Parameter weight,
            Parameter bias,
            Parameter rest,
            int unit,
            int[] learnerOfUnit,
            int learners,
            int decision,
            Acm acm) {
        this.owner = owner;
        this.dense = dense;
        this.weight = weight;
        this.bias = bias;
        this.rest = rest;
        this.decision = decision;
        this.acm = acm;
        this.learners = learners;
        starts = new int[learnerOfUnit.length];
        order = inOrder(unit, learnerOfUnit, learners, starts);
        wholeWeight = new SlicedWeight(owner, dense.weight().parameter(), 1, true, order);
        wholeBias = owner.constant(1, order.length);
        orderedBias = owner.constant(1, order.length);
        orderedRest = owner.constant(1, order.length);
    }

    /** The columns of all units that have a learner, learner by learner; {@code starts} receives where each unit begins, or -1. */
    static int[] inOrder(int width, int[] learnerOfUnit, int learners, int[] starts) {
        var order = new int[learnerOfUnit.length * width];
        int count = 0;
        Arrays.fill(starts, -1);
        for (int learner = 0; learner < learners; learner++) {
            for (int unit = 0; unit < learnerOfUnit.length; unit++) {
                if (learnerOfUnit[unit] == learner) {
                    starts[unit] = count;
                    for (int i = 0; i < width; i++) {
                        order[count++] = unit * width + i;
                    }
                }
            }
        }
        return Arrays.copyOf(order, count);
    }

    /** First columns of the units of Q, K and V, each head by head; -1 where this does not have them. */
    int[] starts() {
        return starts;
    }

    /** First columns of the units of one of Q, K and V (0, 1, 2), head by head. */
    int[] starts(int projection) {
        int units = starts.length / 3;
        return Arrays.copyOfRange(starts, projection * units, (projection + 1) * units);
    }

    /** Whether this has one of Q, K and V (0, 1, 2). */
    boolean has(int projection) {
        return starts[projection * starts.length / 3] >= 0;
    }

    void prepare(Stream stream) {
        List<PackedMatrix> wholePacked = wholeWeight.prepare(stream);
        if (sliced == null && decision >= 0) {
            int[] trained = Arrays.copyOf(order, acm.slices() * columnsPerSlice());
            sliced = new SlicedWeight(owner, weight, acm.slices(), true, trained);
        }
        List<PackedMatrix> packed = decision < 0 ? List.of() : sliced.prepare(stream);
        if (whole != null && biasVersions == versionsOfBiases()) {
            return;
        }
        for (int i = 0; i < order.length; i++) {
            float resting = rest.value().get(0, order[i]);
            if (dense.bias() != null) {
                wholeBias.set(0, i, dense.bias().value().get(0, order[i]));
            }
            orderedRest.set(0, i, resting);
            orderedBias.set(0, i, bias.value().get(0, order[i]) + resting);
        }
        whole = new OutputSlices(wholePacked, List.of(wholeBias));
        if (decision >= 0) {
            slices = new OutputSlices(packed, biases());
        }
        biasVersions = versionsOfBiases();
    }

    private int versionsOfBiases() {
        return (dense.bias() == null ? 0 : dense.bias().version()) + bias.version() + rest.version();
    }

    private boolean isPrepared() {
        return wholeWeight.isPrepared()
                && (decision < 0 || sliced != null && sliced.isPrepared())
                && biasVersions == versionsOfBiases();
    }

    private int columnsPerSlice() {
        return acm.learnersPerSlice() * (order.length / learners);
    }

    private List<Tensor> biases() {
        int width = columnsPerSlice();
        var biases = new ArrayList<Tensor>();
        for (int n = 0; n < acm.slices(); n++) {
            biases.add(orderedBias.part((long) n * width, width));
        }
        return biases;
    }

    /** {@code [tokens, columns]}, of the pass's innermost scope. */
    Tensor run(Pass pass, Tensor x) {
        assert isPrepared() : bias + " and what belongs to it was changed and not prepared again";
        Stream stream = pass.stream();
        Tensor y = pass.tensor(x.rows(), order.length);
        if (decision < 0) {
            stream.linear(x, whole.weights().getFirst(), wholeBias, false, null, y);
            return y;
        }
        TokenGroups groups = TokenGroups.of(pass, decision);
        int count = groups.whole(learners);
        stream.linearSlices(x, groups.order(), count, pass.oneSlice(count), whole, orderedRest, y);
        int[] using = groups.usingPartly(learners);
        stream.linearSlices(x, groups.partly(), x.rows() - count, using, slices, orderedRest, y);
        return y;
    }
}
