package io.tokenwise.acm;

/**
 * What one module gets of a hard budget, as a share of its dense FLOPs: see {@link BudgetSplit#of}. Over the modules that share the budget, each weighed by
 * its dense FLOPs, the mean of what they get is the budget, or a little less.
 *
 * @param told budgets that gates are told, ascending
 * @param weights at each of them, by how much more than others the module gets of what is left when each token has a learner; 1 on average
 * @param least what it costs if each token has one learner, gate included
 * @param meanLeast the same on average over the modules
 */
record HardShare(double[] told, double[] weights, double least, double meanLeast) {
    /** Each module gets the budget's share. */
    static final HardShare EVEN = new HardShare(new double[] {0, 1}, new double[] {1, 1}, 1, 1);

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
        double first = Math.min(budget, meanLeast) * least / meanLeast;
        double rest = Math.max(0, budget - meanLeast) * weight(toldBudget);
        return (1 - ROUNDING) * (first + rest);
    }

    /** Interpolated linearly, so that the mean over modules stays 1. */
    private double weight(double toldBudget) {
        for (int i = 1; i < told.length; i++) {
            if (toldBudget <= told[i]) {
                double t = Math.max(0, (toldBudget - told[i - 1]) / (told[i] - told[i - 1]));
                return weights[i - 1] + t * (weights[i] - weights[i - 1]);
            }
        }
        return weights[weights.length - 1];
    }
}
