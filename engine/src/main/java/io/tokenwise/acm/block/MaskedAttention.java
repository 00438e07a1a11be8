package io.tokenwise.acm.block;

import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.ProjectedAttention;
import io.tokenwise.op.Linears;
import io.tokenwise.op.Scales;
import io.tokenwise.op.Sums;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * {@link AdaptiveAttention} in training: learners and dense projections are computed for all tokens, and scaled by 0 where they do not count.
 *
 * @param factors of what is computed
 * @param decided what the modules decide about of Q, K and V; null if none does
 * @param outputUnits the learner of each unit of O's input
 */
record MaskedAttention(RunningLearners factors, AttentionLearners learned, Decided decided, int[] outputUnits) {
    static MaskedAttention of(AttentionLearners learned) {
        AttentionUnits units = learned.units();
        var factors = new RunningLearners(learned.owner(), units.learners());
        return new MaskedAttention(factors, learned, decided(factors, units), units.ofContext());
    }

    /**
     * A module that decides about some of Q, K and V.
     *
     * @param index among all of the block's
     * @param learned makes the factors of its learners, beside those of the other modules
     * @param whole makes that of its dense projections, likewise
     * @param partial makes that of what rests, likewise
     */
    record Decision(int index, Linear learned, Linear whole, Linear partial) {}

    /**
     * What the modules decide about of Q, K and V.
     *
     * @param learned for each unit the factor by which it is scaled
     * @param whole the same for the dense projection, or -1 if all tokens have it
     * @param queries index of the module that decides about Q; -1 if none does
     */
    record Decided(List<Decision> modules, int[] learned, int[] whole, int queries) {}

    private static Decided decided(RunningLearners factors, AttentionUnits units) {
        int[] deciding =
                IntStream.range(0, units.gates()).filter(units::hasInputs).toArray();
        if (deciding.length == 0) {
            return null;
        }
        int learners = units.learners();
        var modules = new ArrayList<Decision>();
        int[] learned = new int[units.ofInputs().length];
        int[] whole = new int[learned.length];
        // Columns that nobody decides about have no learner: the last one's factor is 0.
        Arrays.fill(learned, learners - 1);
        Arrays.fill(whole, -1);
        int queries = -1;
        for (int d = 0; d < deciding.length; d++) {
            int[] own = units.ofInputs(deciding[d]);
            modules.add(new Decision(
                    deciding[d],
                    factors.padded(d, deciding.length),
                    factors.wholly(d, deciding.length),
                    factors.partial(d, deciding.length)));
            for (int unit = 0; unit < own.length; unit++) {
                if (own[unit] >= 0) {
                    learned[unit] = d * learners + own[unit];
                    whole[unit] = d;
                }
            }
            queries = own[0] >= 0 ? deciding[d] : queries;
        }
        return new Decided(modules, learned, whole, queries);
    }

    /** The block's output, without residual; see {@link AdaptiveBlock#outputs}. */
    Tensor outputs(Pass pass, Tensor x, List<Tensor> running) {
        ProjectedAttention dense = learned.dense();
        Tensor context = dense.attend(pass, projections(pass, x, running));
        int decision = learned.units().outputGate();
        if (decision < 0) {
            return dense.output().forward(pass, context);
        }
        Tensor counts = running.get(decision);
        Tensor kept = Scales.units(pass, context, factors.padded(pass, counts), outputUnits);
        Tensor biases = Linears.of(pass, factors.biased(pass, counts), learned.outputBiases(), null, false, null);
        Tensor partly = Linears.of(pass, kept, learned.output(), null, false, biases);
        Tensor whole = Scales.blocks(pass, dense.output().forward(pass, context), factors.wholly(pass, counts));
        return Sums.of(pass, partly, whole);
    }

    /** Q, K and V side by side. */
    private Tensor projections(Pass pass, Tensor x, List<Tensor> running) {
        Tensor whole = learned.dense().qkv().forward(pass, x);
        if (decided == null) {
            return whole;
        }
        Tensor ofLearned = null;
        Tensor ofWhole = null;
        for (Decision module : decided.modules) {
            Tensor counts = running.get(module.index);
            ofLearned = module.learned.forwardPlus(pass, counts, ofLearned);
            ofWhole = module.whole.forwardPlus(pass, counts, ofWhole);
        }
        Tensor partly = Scales.units(pass, learned.qkv().forward(pass, x), ofLearned, decided.learned);
        Tensor sum = Sums.of(pass, partly, Scales.units(pass, whole, ofWhole, decided.whole));
        if (learned.keepsRests()) {
            return plusRests(pass, sum, running);
        }
        return decided.queries < 0
                ? sum
                : Linears.of(
                        pass, factors.partial(pass, running.get(decided.queries)), learned.rest(), null, false, sum);
    }

    /** Keys and values have rests too where positions are rotary: what a mean key adds to a score depends on how far it is. */
    private Tensor plusRests(Pass pass, Tensor sum, List<Tensor> running) {
        Tensor ofRests = null;
        for (Decision module : decided.modules) {
            ofRests = module.partial.forwardPlus(pass, running.get(module.index), ofRests);
        }
        Tensor ones = pass.tensor(sum.rows(), 1);
        pass.stream().fill(ones, 1);
        // Columns that nobody decides about have no rest.
        Tensor rests =
                Scales.units(pass, Linears.of(pass, ones, learned.rest(), null, false, null), ofRests, decided.whole);
        return Sums.of(pass, sum, rests);
    }
}
