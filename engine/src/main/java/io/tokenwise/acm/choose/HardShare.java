package io.tokenwise.acm.choose;

import java.util.List;

/**
 * What one module gets of a hard budget, as a share of its dense FLOPs: see {@link BudgetSplit#of}. Over the modules that share the budget, each weighed by
 * its dense FLOPs, the mean of what they get is the budget, or a little less.
 *
 * @param first by what gates are told, what the module gets first
 * @param meanFirst the same on average over the modules, at the same points, so that it is the mean between them too
 * @param beyond by what gates are told, what the module spends beyond that, by which it gets what is left
 * @param meanBeyond the same on average over the modules
 */
record HardShare(Curve first, Curve meanFirst, Curve beyond, Curve meanBeyond) {
    private static final Curve NOT_ASKED = new Curve(List.of(0.0), List.of(0.0));

    /** Each module gets the budget's share. */
    static final HardShare EVEN = new HardShare(NOT_ASKED, NOT_ASKED, NOT_ASKED, NOT_ASKED);

    /** Below this a mean is rounding, and says nothing about who spends. */
    private static final double LEAST_MEAN = 1e-6;

    /** So that what is exactly a learner for each token is not rounded down to less, and yet the shares are never more than the budget. */
    private static final double ROUNDING = 1e-9;

    /**
     * @param budget of the text
     * @param toldBudget what the module's gate is told for it
     */
    double of(double budget, double toldBudget) {
        if (this == EVEN) {
            return budget;
        }
        double spendable = (1 - 2 * ROUNDING) * budget;
        double mean = meanFirst.at(toldBudget);
        double got = mean == 0 ? 0 : Math.min(1, spendable / mean) * first.at(toldBudget);
        double meanRest = meanBeyond.at(toldBudget);
        double weight = meanRest < LEAST_MEAN ? 1 : beyond.at(toldBudget) / meanRest;
        return (1 + ROUNDING) * (got + Math.max(0, spendable - mean) * weight);
    }
}
