package io.tokenwise.acm;

import io.tokenwise.nn.Budget;

/**
 * How many of an input's tokens a budget lets stay. It looks at the input's own length alone, so that a result does not depend on what else is in a call.
 * Thread-safe.
 *
 * @param flops multiply-adds of the layers' products and of the gate
 * @param time on this machine, in the backend's precision, of one input alone on one thread
 * @param first how many tokens at an input's beginning always stay
 * @param last how many at its end always stay
 */
public record RowPlan(ForwardCost flops, ForwardCost time, int first, int last) {
    /**
     * How many tokens stay, or 0 if the dense model is to run, because the budget is full or nothing that the short path could leave out would make it
     * faster.
     *
     * @throws IllegalArgumentException if a hard budget does not reach for the least that can stay
     */
    public int rows(int tokens, Budget budget) {
        ForwardCost cost = budget.unit() == Budget.Unit.TIME ? time : flops;
        double allowed = budget.share() * cost.dense(tokens);
        int least = Math.min(tokens, first + last + 1);
        if (budget.share() == 1 || cost.shortened(tokens, least) >= cost.dense(tokens)) {
            return 0;
        }
        if (budget.routing() == Budget.Routing.HARD && cost.shortened(tokens, least) > allowed) {
            throw new IllegalArgumentException(String.format(
                    "a hard budget of %s does not reach for %d of %d tokens, the least that can stay: it must be %.3f or more for an input of this length",
                    budget.share(), least, tokens, cost.shortened(tokens, least) / cost.dense(tokens)));
        }
        int low = least;
        int high = tokens;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (cost.shortened(tokens, middle) <= allowed) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    /** The share of the dense model's cost, in the budget's unit, that an input of so many tokens is planned to cost. */
    public double planned(int tokens, Budget budget) {
        int rows = rows(tokens, budget);
        ForwardCost cost = budget.unit() == Budget.Unit.TIME ? time : flops;
        return rows == 0 ? 1 : cost.shortened(tokens, rows) / cost.dense(tokens);
    }
}
