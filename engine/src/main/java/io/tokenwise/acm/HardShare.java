package io.tokenwise.acm;

/**
 * What one module gets of a hard budget, as a share of its dense FLOPs: see {@link BudgetSplit#of}. Over the modules that share the budget, each weighed by
 * its dense FLOPs, the mean of what they get is the budget, or a little less.
 *
 * @param told budgets that gates are told, ascending
 * @param first at each of them, what the module gets first
 * @param meanFirst the same on average over the modules
 * @param weights at each of them, by how much more than others the module gets of what is left then; 1 on average
 */
record HardShare(double[] told, double[] first, double[] meanFirst, double[] weights) {
    /** Each module gets the budget's share. */
    static final HardShare EVEN =
            new HardShare(new double[] {0, 1}, new double[] {1, 1}, new double[] {1, 1}, new double[] {1, 1});

    /** So that rounding never makes the shares more than the budget. */
    private static final double ROUNDING = 1e-9;

    /**
     * @param budget of the text
     * @param toldBudget what the module's gate is told for it
     */
    double of(double budget, double toldBudget) {
        if (this == EVEN) {
            return budget;
        }
        double mean = at(toldBudget, meanFirst);
        double got = mean == 0 ? 0 : Math.min(1, budget / mean) * at(toldBudget, first);
        double rest = Math.max(0, budget - mean) * at(toldBudget, weights);
        return (1 - ROUNDING) * (got + rest);
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
