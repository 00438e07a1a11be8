package io.tokenwise.acm.block;

import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.TokenGroups;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.SlicedWeight;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.InputSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * O for inference: a product whose inputs, the columns of the context, are in the order of learners. A token with all learners has the dense
 * weight.
 */
final class AttentionOutput {
    private final Parameters owner;
    private final Linear dense;
    private final Parameter weight;
    private final Parameter biases;
    private final int learners;
    private final int decision;
    private final Acm acm;
    /** The weight's row of each column here. */
    private final int[] order;

    private final int[] starts;
    private final SlicedWeight wholeWeight;
    /** c_0. */
    private final Tensor resting;

    /** What the first slice adds on write-back: c_0 and the c_n of its learners. */
    private final Tensor firstBias;

    /** Of a token with all learners. */
    private final Tensor wholeBias;

    /** What inference uses; null until it is prepared. */
    private InputSlices whole;

    private SlicedWeight sliced;

    private InputSlices slices;

    private int biasVersion;

    /**
     * @param dense of tokens with all learners
     * @param weight of the others, {@code [hidden, hidden]}
     * @param biases c, {@code [learners, hidden]}: what every token has that lacks a learner, then what learners add
     * @param unit columns of a unit
     * @param learnerOfUnit for each unit of the context's columns its learner
     * @param decision number of the module that decides; -1 if none does, then there is one learner
     * @param acm that module, or null
     */
    AttentionOutput(
            Parameters owner,
            Linear dense,
            Parameter weight,
            Weight biases,
            int unit,
            int[] learnerOfUnit,
            int learners,
            int decision,
            Acm acm) {
        this.owner = owner;
        this.dense = dense;
        this.weight = weight;
        this.biases = biases.parameter();
        resting = c(0);
        this.learners = learners;
        this.decision = decision;
        this.acm = acm;
        starts = new int[learnerOfUnit.length];
        order = AttentionInput.inOrder(unit, learnerOfUnit, learners, starts);
        wholeWeight = new SlicedWeight(owner, dense.weight().parameter(), 1, false, order);
        firstBias = owner.constant(1, dense.weight().outputs());
        wholeBias = dense.bias() == null
                ? owner.constant(1, dense.weight().outputs())
                : dense.bias().value();
    }

    /** First columns of the context's units, head by head. */
    int[] starts() {
        return starts.clone();
    }

    void prepare(Stream stream) {
        List<PackedMatrix> wholePacked = wholeWeight.prepare(stream);
        if (sliced == null && decision >= 0) {
            int rowsPerSlice = acm.learnersPerSlice() * (order.length / learners);
            int[] trained = Arrays.copyOf(order, acm.slices() * rowsPerSlice);
            sliced = new SlicedWeight(owner, weight, acm.slices(), false, trained);
        }
        List<PackedMatrix> packed = decision < 0 ? List.of() : sliced.prepare(stream);
        if (whole != null && biasVersion == biases.version()) {
            return;
        }
        whole = new InputSlices(wholePacked, List.of(wholeBias));
        if (decision >= 0) {
            stream.add(resting, c(1), firstBias);
            for (int n = 2; n <= acm.learnersPerSlice(); n++) {
                stream.add(firstBias, c(n), firstBias);
            }
            var added = new ArrayList<Tensor>();
            for (int n = 0; n < acm.slices(); n++) {
                added.add(n == 0 ? firstBias : c(n + 1));
            }
            slices = new InputSlices(packed, added);
        }
        biasVersion = biases.version();
    }

    private boolean isPrepared() {
        return wholeWeight.isPrepared()
                && (decision < 0 || sliced != null && sliced.isPrepared())
                && biasVersion == biases.version();
    }

    private Tensor c(int learner) {
        int hidden = biases.value().columns();
        return biases.value().part((long) learner * hidden, hidden);
    }

    /** {@code y = residual + what the learners that run give}. */
    void run(Pass pass, Tensor context, Tensor residual, Tensor y) {
        assert isPrepared() : biases + " and what belongs to it was changed and not prepared again";
        Stream stream = pass.stream();
        if (decision < 0) {
            stream.linear(context, whole.weights().getFirst(), wholeBias, false, residual, y);
            return;
        }
        TokenGroups groups = TokenGroups.of(pass, decision);
        int count = groups.whole(learners);
        int active = groups.using(0, learners);
        stream.addBias(residual, groups.order(), active, context.rows(), resting, y);
        stream.sumSlices(context, groups.order(), pass.oneSlice(count), whole, residual, y);
        stream.sumSlices(context, groups.partly(), groups.usingPartly(learners), slices, residual, y);
    }
}
