package io.tokenwise;

import io.tokenwise.acm.ShortPlan;
import io.tokenwise.acm.ShortPlans;
import io.tokenwise.model.Encoder;
import io.tokenwise.nn.Budget;

/**
 * What an input cost, as shares of what the dense model takes for one of its length at the same precision.
 *
 * @param time as this machine's cost model predicts it, of the input alone on one thread; NaN for a model whose modules have learners, of which their gates decide only as
 *     they run
 * @param flops multiply-adds of the layers' products and of gates; NaN likewise
 */
public record Spent(double time, double flops) {
    /** All of it. */
    public static final Spent ALL = new Spent(1, 1);

    private static final Spent UNKNOWN = new Spent(Double.NaN, Double.NaN);

    static Spent of(Encoder model, int tokens, Budget budget) {
        if (!model.isAdaptive() || budget.share() == 1) {
            return ALL;
        }
        if (model.leaving().isEmpty()) {
            return UNKNOWN;
        }
        ShortPlans plans = model.leaving().get().plans();
        ShortPlan plan = plans.plan(tokens, budget);
        return new Spent(plans.timeShare(tokens, plan), plans.flopsShare(tokens, plan));
    }
}
