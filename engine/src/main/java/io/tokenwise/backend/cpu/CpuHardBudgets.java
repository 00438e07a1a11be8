package io.tokenwise.backend.cpu;

import io.tokenwise.backend.HardBudgets;
import io.tokenwise.tensor.HostTensor;
import java.util.Arrays;

/**
 * What texts have not spent yet, and the choice of learners for a text's tokens when their number is given. Once large enough it allocates nothing.
 */
final class CpuHardBudgets implements HardBudgets {
    private int[] offsets = new int[0];
    private int texts;
    private long[] left = new long[0];
    private boolean[] isBound = new boolean[0];
    private int[] keys = new int[0];

    static CpuHardBudgets of(HardBudgets budgets) {
        if (budgets instanceof CpuHardBudgets own) {
            return own;
        }
        throw new IllegalArgumentException("the hard budgets are of a stream of another backend");
    }

    @Override
    public void begin(int[] newOffsets, int newTexts) {
        offsets = newOffsets;
        texts = newTexts;
        if (left.length < texts) {
            left = new long[Math.max(texts, 2 * left.length)];
            isBound = new boolean[left.length];
        }
        Arrays.fill(left, 0, texts, 0);
        Arrays.fill(isBound, 0, texts, false);
    }

    @Override
    public void grant(int text, long multiplyAdds) {
        left[text] += multiplyAdds;
        isBound[text] = true;
    }

    @Override
    public long atMost(int text) {
        return left[text];
    }

    /**
     * Takes from the rows of bound texts the learners that these cannot pay for besides the gate, and notes what is spent. A text that can pay for no learner has none, and its gate
     * costs nothing.
     *
     * @param logits {@code [rows, choices.length]}
     * @param counts the rows' learners
     */
    void keep(HostTensor logits, int[] choices, long gateFlops, long learnerFlops, int[] counts) {
        for (int text = 0; text < texts; text++) {
            if (isBound[text]) {
                int row = offsets[text];
                int tokens = offsets[text + 1] - row;
                long most = (left[text] - gateFlops * tokens) / learnerFlops;
                if (most <= 0) {
                    Arrays.fill(counts, row, row + tokens, 0);
                } else {
                    cut(logits, choices, row, tokens, most, counts);
                    left[text] -= gateFlops * tokens + learnerFlops * sum(counts, row, tokens);
                }
            }
        }
    }

    private void cut(HostTensor logits, int[] choices, int row, int tokens, long most, int[] counts) {
        if (sum(counts, row, tokens) > most) {
            choose(logits, choices, row, tokens, (int) most, counts, row);
            for (int token = row; token < row + tokens; token++) {
                counts[token] = upTo(choices, counts[token]);
            }
        }
    }

    private static int sum(int[] counts, int row, int tokens) {
        int sum = 0;
        for (int token = row; token < row + tokens; token++) {
            sum += counts[token];
        }
        return sum;
    }

    /** The largest choice that is not more. */
    private static int upTo(int[] choices, int most) {
        int choice = choices.length;
        while (choice > 0 && choices[choice - 1] > most) {
            choice--;
        }
        return choice == 0 ? 0 : choices[choice - 1];
    }

    /**
     * Gives {@code count} learners to tokens, so that the sum of their logits is the largest. Takes one learner after the other where
     * it adds most; what several add together is shared by them if a later one adds more than an earlier one. Among equal ones the
     * earlier token's come first.
     *
     * @param logits {@code [rows, counts.length]}, each less that of no learner
     * @param counts the learners that a column of logits stands for, ascending; the last one is all
     * @param row the text's first row, of {@code tokens}
     * @param count at most {@code tokens * learners}
     * @param choice receives the tokens' counts, from {@code at} on
     */
    void choose(HostTensor logits, int[] counts, int row, int tokens, int count, int[] choice, int at) {
        int learners = counts[counts.length - 1];
        int all = tokens * learners;
        if (keys.length < all) {
            keys = new int[Math.max(all, 2 * keys.length)];
        }
        for (int token = 0; token < tokens; token++) {
            rank(logits, counts, row + token, token * learners);
        }
        int least = threshold(all, count);
        int spare = count - above(least, all);
        for (int token = 0; token < tokens; token++) {
            int given = 0;
            while (given < learners && keys[token * learners + given] > least) {
                given++;
            }
            while (given < learners && keys[token * learners + given] == least && spare > 0) {
                given++;
                spare--;
            }
            choice[at + token] = given;
        }
    }

    /** Keys of a token's learners, descending: the slopes of the concave hull of its logits. */
    private void rank(HostTensor logits, int[] counts, int row, int at) {
        float logit = 0;
        int from = 0;
        int column = 0;
        while (column < counts.length) {
            float steepest = Float.NEGATIVE_INFINITY;
            int end = column;
            for (int to = column; to < counts.length; to++) {
                float slope = (logits.get(row, to) - logit) / (counts[to] - from);
                if (slope >= steepest) {
                    steepest = slope;
                    end = to;
                }
            }
            // Rounding may leave a slope that is a little above the one before.
            int key = from == 0 ? key(steepest) : Math.min(key(steepest), keys[at + from - 1]);
            Arrays.fill(keys, at + from, at + counts[end], key);
            logit = logits.get(row, end);
            from = counts[end];
            column = end + 1;
        }
    }

    /** Ordered like the value, and of 31 bits, so that differences of keys do not overflow. */
    private static int key(float value) {
        int bits = Float.floatToRawIntBits(value);
        return (bits ^ (bits >> 31 & Integer.MAX_VALUE)) >> 1;
    }

    /** The least threshold that not more than {@code count} keys are above. */
    private int threshold(int all, int count) {
        int low = -(1 << 30) - 1;
        int high = (1 << 30) - 1;
        while (low < high) {
            // The difference does not overflow as an unsigned number, the sum would.
            int middle = low + ((high - low) >>> 1);
            if (above(middle, all) <= count) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /** Without a branch, which makes it a vector loop. */
    private int above(int threshold, int all) {
        int above = 0;
        for (int i = 0; i < all; i++) {
            above += (threshold - keys[i]) >>> 31;
        }
        return above;
    }
}
