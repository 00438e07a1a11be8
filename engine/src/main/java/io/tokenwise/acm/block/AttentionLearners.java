package io.tokenwise.acm.block;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.Weight;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.ProjectedAttention;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;

/**
 * The learners' own weights of {@link AdaptiveAttention}, in the places of the dense ones. Those of the last learner, and of projections that no gate decides about, are 0 and stay so.
 *
 * @param dense with rotated heads
 * @param qkv Q, K and V side by side, {@code [hidden, 3 * hidden]}, with a bias
 * @param rest what a token has of Q, K and V instead of a learner, {@code [1, 3 * hidden]}; not trained
 * @param output O, {@code [hidden, hidden]}
 * @param outputBiases c, {@code [learners, hidden]}: what every token has that lacks a learner, then what learners add
 */
record AttentionLearners(
        Parameters owner,
        ProjectedAttention dense,
        AttentionUnits units,
        Linear qkv,
        Weight rest,
        Weight output,
        Weight outputBiases) {

    /** Zero parameters named {@code path.acm.*}. */
    static AttentionLearners add(Parameters owner, String path, ProjectedAttention dense, AttentionUnits units) {
        int hidden = units.hidden();
        String name = path + ".acm.";
        return new AttentionLearners(
                owner,
                dense,
                units,
                new Linear(
                        new Weight(owner, owner.add(name + "qkv.weight", hidden, 3 * hidden)),
                        owner.add(name + "qkv.bias", 1, 3 * hidden)),
                new Weight(owner, owner.add(name + "qkv.rest", 1, 3 * hidden)),
                new Weight(owner, owner.add(name + "output.weight", hidden, hidden)),
                new Weight(owner, owner.add(name + "output.c", units.learners(), hidden)));
    }

    /** Those that are trained. */
    List<Parameter> parameters() {
        return List.of(qkv.weight().parameter(), qkv.bias(), output.parameter(), outputBiases.parameter());
    }

    /** See {@link AdaptiveBlock#denseSlices}. */
    Map<Parameter, Tensor> denseSlices(Arena arena) {
        int hidden = units.hidden();
        int last = units.learners() - 1;
        Tensor allInputs = dense.qkv().weight().parameter().value();
        Tensor allOutputs = dense.output().weight().parameter().value();
        Tensor inputs = owner.backend().allocate(arena, hidden, 3 * hidden);
        Tensor outputs = owner.backend().allocate(arena, hidden, hidden);
        int[] ofInputs = units.ofInputs();
        int[] ofOutput = units.valueOutput();
        for (int row = 0; row < hidden; row++) {
            boolean kept = units.outputGate() >= 0 && ofOutput[row / units.width()] < last;
            for (int column = 0; column < 3 * hidden; column++) {
                int learner = ofInputs[column / units.width()];
                inputs.set(row, column, learner >= 0 && learner < last ? allInputs.get(row, column) : 0);
                if (column < hidden) {
                    outputs.set(row, column, kept ? allOutputs.get(row, column) : 0);
                }
            }
        }
        return Map.of(qkv.weight().parameter(), inputs, output.parameter(), outputs);
    }
}
