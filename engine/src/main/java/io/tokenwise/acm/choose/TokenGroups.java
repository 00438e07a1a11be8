package io.tokenwise.acm.choose;

import io.tokenwise.nn.Pass;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

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

    /** Those of all decisions of a block. */
    private static final class OfBlock {
        final List<TokenGroups> groups = new ArrayList<>();
    }

    /** Working memory of the block that runs now: as many different ones as it has decisions to remember, numbered from 0. */
    public static TokenGroups of(Pass pass, int number) {
        List<TokenGroups> groups = pass.memory(OfBlock.class, OfBlock::new).groups;
        while (groups.size() <= number) {
            groups.add(new TokenGroups());
        }
        return groups.get(number);
    }

    /** Starts over for so many tokens: returns the array whose first entries the caller fills with learner counts. */
    int[] begin(int tokenCount) {
        if (learners.length < tokenCount) {
            learners = new int[Math.max(tokenCount, 2 * learners.length)];
            order = new int[learners.length];
            partly = new int[learners.length];
        }
        tokens = tokenCount;
        return learners;
    }

    /** Counting sort of the tokens by learner count, descending, stable; counts are 0 to {@code maxLearners}. */
    void sort(int maxLearners) {
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
     * After {@link #sort}: for each learner but the last how many tokens use it that do not use all. The next call overwrites it.
     */
    public int[] usingPartly(int maxLearners) {
        if (using.length < maxLearners - 1) {
            using = new int[maxLearners - 1];
        }
        for (int n = 0; n < maxLearners - 1; n++) {
            using[n] = using(n, maxLearners) - whole(maxLearners);
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
