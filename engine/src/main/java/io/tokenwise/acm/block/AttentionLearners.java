package io.tokenwise.acm.block;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.Weight;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.ProjectedAttention;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;

/**
 * The learners' own weights of {@link AdaptiveAttention}, in the places of the dense ones. Those of the last learner, and of projections that no gate decides about, are 0 and stay so.
 *
 * @param dense with rotated heads
 * @param qkv Q, K and V side by side, as the dense block has them, with a bias
 * @param rest what a token has of Q, K and V instead of a learner, a row like theirs; not trained
 * @param output O
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
        int columns = units.inputColumns();
        String name = path + ".acm.";
        return new AttentionLearners(
                owner,
                dense,
                units,
                new Linear(
                        new Weight(owner, owner.add(name + "qkv.weight", hidden, columns)),
                        owner.add(name + "qkv.bias", 1, columns)),
                new Weight(owner, owner.add(name + "qkv.rest", 1, columns)),
                new Weight(owner, owner.add(name + "output.weight", units.queryColumns(), hidden)),
                new Weight(owner, owner.add(name + "output.c", units.learners(), hidden)));
    }

    /**
     * Whether keys and values have rests too. Otherwise their means are no part of the projections: softmax does not see the mean key, and O's bias holds the mean
     * value.
     */
    boolean keepsRests() {
        return !dense.readsColumnsAnywhere() || dense.qkv().bias() == null;
    }

    /** Those that are trained. */
    List<Parameter> parameters() {
        return List.of(qkv.weight().parameter(), qkv.bias(), output.parameter(), outputBiases.parameter());
    }

    /** See {@link AdaptiveBlock#denseSlices}. */
    Map<Parameter, Tensor> denseSlices(Arena arena) {
        int hidden = units.hidden();
        Tensor inputs = owner.backend().allocate(arena, hidden, units.inputColumns());
        Tensor outputs = owner.backend().allocate(arena, units.queryColumns(), hidden);
        try (HostTensor allInputs = dense.qkv().weight().parameter().read();
                HostTensor learnedInputs = owner.backend().write(inputs)) {
            copyInputs(allInputs, learnedInputs);
        }
        try (HostTensor allOutputs = dense.output().weight().parameter().read();
                HostTensor learnedOutputs = owner.backend().write(outputs)) {
            copyOutputs(allOutputs, learnedOutputs);
        }
        return Map.of(qkv.weight().parameter(), inputs, output.parameter(), outputs);
    }

    private void copyInputs(HostTensor all, HostTensor inputs) {
        int last = units.learners() - 1;
        int[] ofInputs = units.ofInputs();
        for (int row = 0; row < inputs.rows(); row++) {
            for (int column = 0; column < inputs.columns(); column++) {
                int learner = ofInputs[column / units.width()];
                inputs.set(row, column, learner >= 0 && learner < last ? all.get(row, column) : 0);
            }
        }
    }

    private void copyOutputs(HostTensor all, HostTensor outputs) {
        int last = units.learners() - 1;
        int[] ofOutput = units.ofContext();
        for (int row = 0; row < outputs.rows(); row++) {
            boolean kept = units.outputGate() >= 0 && ofOutput[row / units.width()] < last;
            for (int column = 0; column < outputs.columns(); column++) {
                outputs.set(row, column, kept ? all.get(row, column) : 0);
            }
        }
    }
}
