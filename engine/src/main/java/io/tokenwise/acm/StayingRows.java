package io.tokenwise.acm;

import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import java.util.Arrays;

/** Which tokens of a batch go through the layers, and where they lie afterwards. Once large enough it allocates nothing. Not thread-safe. */
public final class StayingRows {
    private final TokenBatch batch = new TokenBatch();
    private int[] rows = new int[0];
    private int[] stays = new int[0];
    private long[] keys = new long[0];
    private int count;

    /** Starts over for so many tokens. */
    void begin(int tokens) {
        if (stays.length < tokens) {
            int length = Math.max(tokens, 2 * stays.length);
            rows = new int[length];
            stays = new int[length];
            keys = new long[length];
        }
        Arrays.fill(stays, 0, tokens, 0);
        batch.clear();
        count = 0;
    }

    /**
     * The next input's tokens, of which the most valuable stay, besides those that always do; of equal ones the earlier.
     *
     * @param values {@code [tokens, 1]}
     * @param from the input's first row
     * @param wanted how many stay
     * @param first how many at its beginning always stay
     * @param last how many at its end always stay
     */
    void choose(Tensor values, int from, int tokens, int wanted, int first, int last) {
        int chosen = tokens - first - last;
        for (int i = 0; i < chosen; i++) {
            // The value's bits in the order of values, then the earlier token as the larger.
            keys[i] = (long) ordered(values.get(from + first + i, 0)) << Integer.SIZE | (chosen - 1 - i);
        }
        Arrays.sort(keys, 0, chosen);
        Arrays.fill(stays, from, from + first, 1);
        Arrays.fill(stays, from + tokens - last, from + tokens, 1);
        for (int i = chosen - (wanted - first - last); i < chosen; i++) {
            stays[from + first + chosen - 1 - (int) keys[i]] = 1;
        }
        for (int row = from; row < from + tokens; row++) {
            rows[count] = row;
            count += stays[row];
        }
        batch.addRows(wanted);
    }

    private static int ordered(float value) {
        int bits = Float.floatToRawIntBits(value);
        return bits ^ (bits >> 31 & Integer.MAX_VALUE);
    }

    /** The rows that stay, ascending; the first {@link #count} entries count. */
    int[] rows() {
        return rows;
    }

    int count() {
        return count;
    }

    /** 1 for each token that stays, 0 for each that leaves. */
    int[] stays() {
        return stays;
    }

    /** The tokens that stay, of each input of the batch. */
    TokenBatch batch() {
        return batch;
    }
}
