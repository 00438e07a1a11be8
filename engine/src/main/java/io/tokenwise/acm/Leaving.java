package io.tokenwise.acm;

import io.tokenwise.autograd.Tape;
import io.tokenwise.nn.Budget;
import io.tokenwise.nn.Budget.Routing;
import io.tokenwise.nn.GateTraining;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Lets tokens leave before the first layer: those of an input that its {@link StayGate} values least, as many as its budget asks for. It is an ACM's k = 0 for
 * all modules at once. Thread-safe for different passes.
 */
public record Leaving(StayGate gate, RowPlan plan) {
    /**
     * From here on the pass's batch is the tokens that stay, and what is returned their rows of x.
     *
     * @param x embeddings of the pass's batch, whose inputs all have budgets by which {@link RowPlan#rows} lets some stay
     */
    public Tensor leave(Pass pass, Tensor x) {
        StayingRows staying = pass.memory(StayingRows.class, StayingRows::new);
        TokenBatch batch = pass.batch();
        staying.begin(batch.tokens());
        // The gate learns from what tokens are worth to the teacher, not by what is done with its choice.
        Tape tape = pass.tape();
        GateTraining gateTraining = pass.gateTraining();
        pass.train(null, null);
        int gated = chooseRows(pass, x, staying);
        pass.train(tape, gateTraining);
        if (pass.observer() != null) {
            pass.observer().spent(gate.path(), staying.stays(), batch.tokens(), gated);
        }
        pass.over(staying.batch());
        return pass.takeRows(x, staying.rows(), staying.count());
    }

    /** Returns for how many tokens the gate was asked. */
    private int chooseRows(Pass pass, Tensor x, StayingRows staying) {
        TokenBatch batch = pass.batch();
        boolean asks = false;
        for (int input = 0; input < batch.sequences(); input++) {
            asks |= asksGate(pass.budget(input));
        }
        pass.push();
        Tensor values = asks ? gate.values(pass, x) : pass.tensor(x.rows(), 1);
        int gated = 0;
        for (int input = 0; input < batch.sequences(); input++) {
            int tokens = batch.length(input);
            Budget budget = pass.budget(input);
            if (!asksGate(budget)) {
                control(values, batch, input, budget);
            } else {
                gated += tokens;
            }
            staying.choose(
                    values, batch.offsets()[input], tokens, plan.rows(tokens, budget), plan.first(), plan.last());
        }
        pass.pop();
        return gated;
    }

    private static boolean asksGate(Budget budget) {
        return budget.routing() == Routing.LEARNED || budget.routing() == Routing.HARD;
    }

    /** What a control has in place of the gate's values: static, the text is cut; random, any tokens stay. */
    private static void control(Tensor values, TokenBatch batch, int input, Budget budget) {
        int from = batch.offsets()[input];
        RandomGenerator random =
                RandomGeneratorFactory.of("L64X128MixRandom").create(31 * budget.seed() + hash(batch, input));
        for (int token = 0; token < batch.length(input); token++) {
            values.set(from + token, 0, budget.routing() == Routing.STATIC ? -token : random.nextFloat());
        }
    }

    private static int hash(TokenBatch batch, int input) {
        int hash = 1;
        for (int i = batch.inputOffsets()[input]; i < batch.inputOffsets()[input + 1]; i++) {
            hash = 31 * hash + batch.inputs()[i];
        }
        return hash;
    }
}
