package io.tokenwise.session;

import io.tokenwise.acm.leave.BudgetReachException;
import io.tokenwise.acm.leave.ShortPlan;
import io.tokenwise.api.Budget;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.RowMemory;
import io.tokenwise.nn.TokenBatch;
import java.util.ArrayList;
import java.util.List;

/** The batches in which the inputs of a call run, in their order: which of them together, their plans decide, and how much one holds. */
final class Batches {
    /** Numbers that the inputs of a batch may have, if there are several: few patches may have many pixels. */
    private static final int MOST_INPUT = 1 << 22;

    private final Encoder encoder;
    private final int batchTokens;
    private final List<int[]> inputs;
    private final List<Budget> budgets;
    private final Given given;
    private final List<ShortPlan> plans;

    /**
     * @param batchTokens tokens of several inputs that run at once; one that has more runs alone
     * @param budgets one for each input
     * @param given what the inputs are of, for messages
     * @throws IllegalArgumentException if a budget is one that the model cannot keep
     */
    Batches(Encoder encoder, int batchTokens, List<int[]> inputs, List<Budget> budgets, Given given) {
        this.encoder = encoder;
        this.batchTokens = batchTokens;
        this.inputs = inputs;
        this.budgets = budgets;
        this.given = given;
        plans = plans();
    }

    private List<ShortPlan> plans() {
        var all = new ArrayList<ShortPlan>(inputs.size());
        for (int i = 0; i < inputs.size(); i++) {
            try {
                all.add(encoder.plan(inputs.get(i), budgets.get(i)));
            } catch (BudgetReachException e) {
                throw given.all() == 1 ? e : e.of(given.name(i));
            }
        }
        return all;
    }

    /** How many inputs there are. */
    int inputs() {
        return inputs.size();
    }

    Given given() {
        return given;
    }

    List<Budget> budgets(int from, int to) {
        return budgets.subList(from, to);
    }

    List<ShortPlan> plans(int from, int to) {
        return plans.subList(from, to);
    }

    /** Fills in the next batch: inputs whose plans have equally many narrow layers, as far as they fit. Returns where the one after it begins. */
    int fill(TokenBatch batch, int from) {
        batch.clear();
        int next = from;
        while (next < inputs.size()
                && (next == from
                        || fits(inputs.get(next), batch)
                                && plans.get(next).narrowLayers()
                                        == plans.get(from).narrowLayers())) {
            encoder.add(batch, inputs.get(next++));
        }
        return next;
    }

    private boolean fits(int[] input, TokenBatch batch) {
        return batch.tokens() + encoder.description().tokens(input) <= batchTokens
                && batch.inputLength() + input.length <= MOST_INPUT
                && (batch.sequences() + 1L) * encoder.outputs() <= RowMemory.OUTPUTS;
    }
}
