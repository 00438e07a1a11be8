package io.tokenwise.acm.choose;

/**
 * What one module gets of a hard budget, as a share of its dense FLOPs: see {@link BudgetSplit#of}. Over the modules that share the budget, each weighed by
 * its dense FLOPs, the mean of what they get is the budget, or a little less.
 *
 * @param told budgets that gates are told, ascending
 * @param first at each of them, what the module gets first
 * @param meanFirst the same on average over the modules
 * @param beyond at each of them, what the module spends beyond that, by which it gets what is left
 * @param meanBeyond the same on average over the modules
 */
record HardShare(double[] told, double[] first, double[] meanFirst, double[] beyond, double[] meanBeyond) {
    /** Each module gets the budget's share. */
    static final HardShare EVEN =
            new HardShare(new double[0], new double[0], new double[0], new double[0], new double[0]);

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
        double mean = at(toldBudget, meanFirst);
        double got = mean == 0 ? 0 : Math.min(1, spendable / mean) * at(toldBudget, first);
        double meanRest = at(toldBudget, meanBeyond);
        double weight = meanRest < LEAST_MEAN ? 1 : at(toldBudget, beyond) / meanRest;
        return (1 + ROUNDING) * (got + Math.max(0, spendable - mean) * weight);
    }

    /** Interpolated linearly, so that a mean over modules stays what it is. */
    private double at(double toldBudget, double[] values) {
        for (int i = 1; i < told.length; i++) {
            if (toldBudget <= told[i]) {
                double t = Math.max(0, (toldBudget - told[i - 1]) / (told[i] - told[i - 1]));
                return values[i - 1] + t * (values[i] - values[i - 1]);
            }
        }
        return values[values.length - 1];
    }
}
