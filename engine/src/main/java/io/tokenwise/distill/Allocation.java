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
     * Writes the choice of each token of the group to {@code choices}.
     *
     * @param errors of each token and choice, one token after the other
     * @param counts the learners of each choice
     * @param groups the group of each token
     * @param meanCount wanted for the group's tokens
     */
    static void choose(float[] errors, int[] counts, int[] groups, int group, double meanCount, int[] choices) {
        double low = 0;
        double high = 0;
        for (float error : errors) {
            high = Math.max(high, error);
        }
        for (int i = 0; i < BISECTIONS; i++) {
            double price = (low + high) / 2;
            if (mean(errors, counts, groups, group, price, choices) > meanCount) {
                low = price;
            } else {
                high = price;
            }
        }
        mean(errors, counts, groups, group, high, choices);
    }

    private static double mean(float[] errors, int[] counts, int[] groups, int group, double price, int[] choices) {
        long sum = 0;
        int tokens = 0;
        for (int token = 0; token < groups.length; token++) {
            if (groups[token] == group) {
                int best = 0;
                double least = Double.POSITIVE_INFINITY;
                for (int choice = 0; choice < counts.length; choice++) {
                    double cost = errors[token * counts.length + choice] + price * counts[choice];
                    if (cost < least) {
                        least = cost;
                        best = choice;
                    }
                }
                choices[token] = best;
                sum += counts[best];
                tokens++;
            }
        }
        return (double) sum / Math.max(1, tokens);
    }
}
