package io.tokenwise.acm;

import io.tokenwise.autograd.Weight;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.SelfAttention;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * {@link AdaptiveAttention} in training: learners and dense projections are computed for all tokens, and scaled by 0 where they do not count.
 *
 * @param factors of what is computed
 * @param dense of tokens with all learners
 * @param learned Q, K and V of the others, {@code [hidden, 3 * hidden]}; its columns that belong to the last learner or to none are 0, and stay so
 * @param rest what those have of Q, K and V anyway, {@code [1, 3 * hidden]}
 * @param output O of the others
 * @param outputBiases c
 * @param places one for each module
 * @param outputUnits the learner of each unit of O's input; null if no module decides about O
 * @param outputDecision which does; -1 if none
 */
record MaskedAttention(
        RunningLearners factors,
        SelfAttention dense,
        Linear learned,
        Weight rest,
        Weight output,
        Weight outputBiases,
        List<Places> places,
        int[] outputUnits,
        int outputDecision) {

    /**
     * What a module decides about of Q, K and V.
     *
     * @param learned for each unit its learner, by whose factor it is scaled, or -1 if it is left alone
     * @param whole the same for the dense projection: 0, or -1
     * @param queries whether Q is among them
     */
    record Places(int[] learned, int[] whole, boolean queries) {}

    /**
     * @param decided for each module the learner of each unit, -1 for those that it does not decide about; null if these are all
     * @param learnerOfUnit the same for all modules together
     * @return null where a module decides about none. The first that is not null also scales units that nobody decides about, by the factor of
     *     the last learner, which is 0: the dense projection has them
     */
    static List<Places> places(List<int[]> decided, int[] learnerOfUnit, int learners) {
        var places = new ArrayList<Places>();
        boolean first = true;
        for (int[] units : decided) {
            if (units == null) {
                places.add(null);
                continue;
            }
            int[] learned = units.clone();
            int[] whole = units.clone();
            for (int unit = 0; unit < units.length; unit++) {
                learned[unit] = first && learnerOfUnit[unit] < 0 ? learners - 1 : units[unit];
                whole[unit] = Math.min(0, units[unit]);
            }
            places.add(new Places(learned, whole, units[0] >= 0));
            first = false;
        }
        return places;
    }

    /** The block's output, without residual; see {@link AdaptiveBlock#outputs}. */
    Tensor outputs(Pass pass, Tensor x, List<Tensor> running) {
        Tensor context = pass.attention(projections(pass, x, running), pass.batch(), dense.heads());
        if (outputDecision < 0) {
            return dense.output().forward(pass, context);
        }
        Tensor decided = running.get(outputDecision);
        Tensor kept = pass.scaleUnits(context, factors.padded(pass, decided), outputUnits);
        Tensor biases = pass.linear(factors.biased(pass, decided), outputBiases, null, false, null);
        Tensor partly = pass.linear(kept, output, null, false, biases);
        Tensor whole = pass.scaleBlocks(dense.output().forward(pass, context), factors.wholly(pass, decided));
        return pass.add(partly, whole);
    }

    /** Q, K and V side by side, {@code [tokens, 3 * hidden]}. */
    private Tensor projections(Pass pass, Tensor x, List<Tensor> running) {
        Tensor whole = dense.qkv().forward(pass, x);
        Tensor partly = null;
        Tensor resting = null;
        for (int i = 0; i < places.size(); i++) {
            Places decided = places.get(i);
            if (decided != null) {
                partly = partly == null ? learned.forward(pass, x) : partly;
                partly = pass.scaleUnits(partly, factors.padded(pass, running.get(i)), decided.learned);
                whole = pass.scaleUnits(whole, factors.wholly(pass, running.get(i)), decided.whole);
                resting = decided.queries ? factors.partial(pass, running.get(i)) : resting;
            }
        }
        Tensor sum = partly == null ? whole : pass.add(partly, whole);
        return resting == null ? sum : pass.linear(resting, rest, null, false, sum);
    }
}
