package io.tokenwise.acm;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.SlicedWeight;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.InputSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenGroups;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** O for inference: a product whose inputs, the columns of the context, are in the order of learners. */
final class AttentionOutput {
    private final Parameter bias;
    private final Weight learnerBias;
    private final int learners;
    private final int decision;
    private final int[] starts;
    private final SlicedWeight weight;
    /** What the first learner adds on write-back: bias + c_1. */
    private final Tensor firstBias;

    /** What inference uses; null until it is prepared. */
    private InputSlices slices;

    private int version;

    /**
     * @param weight {@code [hidden, hidden]}
     * @param learnerBias c, {@code [learners, hidden]}
     * @param learnerOfUnit for each unit of the context's columns its learner
     * @param decision number of the module that decides; -1 if none does, then there is one learner
     */
    AttentionOutput(
            Parameters owner,
            Parameter weight,
            Parameter bias,
            Weight learnerBias,
            int[] learnerOfUnit,
            int learners,
            int decision) {
        this.bias = bias;
        this.learnerBias = learnerBias;
        this.learners = learners;
        this.decision = decision;
        starts = new int[learnerOfUnit.length];
        int[] order = AttentionInput.inOrder(learnerOfUnit, learners, starts);
        this.weight = new SlicedWeight(owner, weight, learners, false, order);
        firstBias = owner.constant(1, bias.value().columns());
    }

    /** First columns of the context's units, head by head. */
    int[] starts() {
        return starts.clone();
    }

    void prepare(Stream stream) {
        List<PackedMatrix> packed = weight.packed(stream);
        Parameter c = learnerBias.parameter();
        if (slices != null && version == bias.version() + c.version()) {
            return;
        }
        int hidden = bias.value().columns();
        var biases = new ArrayList<Tensor>();
        for (int n = 0; n < learners; n++) {
            biases.add(n == 0 ? firstBias : c.value().part((long) n * hidden, hidden));
        }
        if (decision < 0) {
            stream.copy(bias.value(), firstBias);
        } else {
            stream.add(bias.value(), c.value().part(0, hidden), firstBias);
        }
        slices = new InputSlices(packed, biases);
        version = bias.version() + c.version();
    }

    /** {@code y = residual + what the learners that run give}. */
    void run(Pass pass, Tensor context, Tensor residual, Tensor y) {
        Stream stream = pass.stream();
        if (decision < 0) {
            stream.linear(context, slices.weights().getFirst(), firstBias, false, residual, y);
            return;
        }
        TokenGroups groups = pass.groups(decision);
        int active = groups.using(0, learners);
        stream.addBias(residual, groups.order(), active, context.rows(), bias.value(), y);
        stream.sumSlices(context, groups.order(), groups.using(learners), slices, residual, y);
    }
}
