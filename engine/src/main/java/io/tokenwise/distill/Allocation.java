package io.tokenwise.distill;

/**
 * The best learner counts under a budget, if errors simply add up: each token takes the count that minimises
 * {@code error + price * count}, and the price is such that the mean count is the budget.
 *
 * <p>The paper labels a token with the first count at which one more learner no longer shrinks the error by a factor (section 3.2);
 * with a price instead, one training serves every budget.
 */
final class Allocation {
    private static final int BISECTIONS = 40;

    private Allocation() {}

    /**
     * Writes the count of each token of the group to {@code counts}.
     *
     * @param errors of each token and count 0..learners, one token after the other
     * @param groups the group of each token
     * @param meanCount wanted for the group's tokens
     */
    static void choose(float[] errors, int learners, int[] groups, int group, double meanCount, int[] counts) {
        double low = 0;
        double high = 0;
        for (float error : errors) {
            high = Math.max(high, error);
        }
        for (int i = 0; i < BISECTIONS; i++) {
            double price = (low + high) / 2;
            if (mean(errors, learners, groups, group, price, counts) > meanCount) {
                low = price;
            } else {
                high = price;
            }
        }
        mean(errors, learners, groups, group, high, counts);
    }

    private static double mean(float[] errors, int learners, int[] groups, int group, double price, int[] counts) {
        long sum = 0;
        int tokens = 0;
        for (int token = 0; token < groups.length; token++) {
            if (groups[token] == group) {
                int best = 0;
                double least = Double.POSITIVE_INFINITY;
                for (int count = 0; count <= learners; count++) {
                    double cost = errors[token * (learners + 1) + count] + price * count;
                    if (cost < least) {
                        least = cost;
                        best = count;
                    }
                }
                counts[token] = best;
                sum += best;
                tokens++;
            }
        }
        return (double) sum / Math.max(1, tokens);
    }
}
