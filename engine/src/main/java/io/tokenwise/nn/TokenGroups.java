package io.tokenwise.nn;

import java.util.Arrays;

/**
 * The tokens of a batch ordered by how many learners they use, most first: learner n then works on a prefix of the order. Once
 * large enough it allocates nothing. Not thread-safe.
 */
public final class TokenGroups {
    private int[] learners = new int[0];
    private int[] order = new int[0];
    /** The order without the tokens that use all learners. */
    private int[] partly = new int[0];

    private int[] starts = new int[0];
    private int[] using = new int[0];
    private int tokens;

    /** Starts over for so many tokens: returns the array whose first entries the caller fills with learner counts. */
    public int[] begin(int tokenCount) {
        if (learners.length < tokenCount) {
            learners = new int[Math.max(tokenCount, 2 * learners.length)];
            order = new int[learners.length];
            partly = new int[learners.length];
        }
        tokens = tokenCount;
        return learners;
    }

    /** Counting sort of the tokens by learner count, descending, stable; counts are 0 to {@code maxLearners}. */
    public void sort(int maxLearners) {
        if (starts.length < maxLearners + 2) {
            starts = new int[maxLearners + 2];
        }
        Arrays.fill(starts, 0, maxLearners + 2, 0);
        for (int i = 0; i < tokens; i++) {
            starts[maxLearners - learners[i] + 1]++;
        }
        for (int i = 1; i <= maxLearners + 1; i++) {
            starts[i] += starts[i - 1];
        }
        for (int i = 0; i < tokens; i++) {
            order[starts[maxLearners - learners[i]]++] = i;
        }
        int whole = whole(maxLearners);
        System.arraycopy(order, whole, partly, 0, tokens - whole);
    }

    /** After {@link #sort}: how many tokens use all learners; they are the first of {@link #order}. */
    public int whole(int maxLearners) {
        return using(maxLearners - 1, maxLearners);
    }

    /** Token numbers, those with most learners first, without those that use all. */
    public int[] partly() {
        return partly;
    }

    /**
     * After {@link #sort}: for each learner but the last how many tokens use it that do not use all. The next call, or {@link #all}, overwrites
     * it.
     */
    public int[] usingPartly(int maxLearners) {
        int[] counts = counts(maxLearners - 1);
        for (int n = 0; n < maxLearners - 1; n++) {
            counts[n] = using(n, maxLearners) - whole(maxLearners);
        }
        return counts;
    }

    /** The counts if all tokens use all learners. */
    public int[] all(int tokenCount, int maxLearners) {
        int[] counts = counts(maxLearners);
        Arrays.fill(counts, 0, maxLearners, tokenCount);
        return counts;
    }

    private int[] counts(int maxLearners) {
        if (using.length < maxLearners) {
            using = new int[maxLearners];
        }
        return using;
    }

    /** Learner counts by token. */
    public int[] learners() {
        return learners;
    }

    /** Token numbers, those with most learners first. */
    public int[] order() {
        return order;
    }

    /** After {@link #sort}: how many tokens use more than {@code n} learners; they are the first of {@link #order}. */
    public int using(int n, int maxLearners) {
        int group = maxLearners - n - 1;
        return group < 0 ? 0 : starts[group];
    }
}
