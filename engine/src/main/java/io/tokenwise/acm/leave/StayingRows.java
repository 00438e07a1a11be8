package io.tokenwise.acm.leave;

import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import java.util.Arrays;

/**
 * What a pass through a short path remembers: each input's plan, which of its tokens stay and where they lie afterwards. Once large enough it allocates nothing. Not
 * thread-safe.
 */
public final class StayingRows {
    private final TokenBatch batch = new TokenBatch();
    private ShortPlan[] plans = new ShortPlan[0];
    private int[] rows = new int[0];
    private int[] stays = new int[0];
    private long[] keys = new long[0];
    private float[] values = new float[0];
    private int inputs;
    private int count;

    /** That of a pass. */
    public static StayingRows of(Pass pass) {
        return pass.memory(StayingRows.class, StayingRows::new);
    }

    /** Starts over, without plans. */
    public void clear() {
        inputs = 0;
    }

    /** The plan of the next input of the pass's batch. */
    public void add(ShortPlan plan) {
        if (plans.length == inputs) {
            plans = Arrays.copyOf(plans, Math.max(16, 2 * inputs));
        }
        plans[inputs++] = plan;
    }

    ShortPlan plan(int input) {
        return plans[input];
    }

    /** Whether all inputs go through the same layers. */
    public boolean haveOneWidth() {
        boolean one = true;
        for (int input = 1; input < inputs; input++) {
            one &= plans[input].narrowLayers() == narrowLayers();
        }
        return one;
    }

    /** How many layers are narrow, for all inputs. */
    public int narrowLayers() {
        return plans[0].narrowLayers();
    }

    /** Starts over for the tokens of so many rows. */
    void begin(int tokens) {
        if (stays.length < tokens) {
            int length = Math.max(tokens, 2 * stays.length);
            rows = new int[length];
            stays = new int[length];
            keys = new long[length];
            values = new float[length];
        }
        Arrays.fill(stays, 0, tokens, 0);
        batch.clear();
        count = 0;
    }

    /**
     * The next input's tokens, of which those of the largest {@link #values} stay, besides those that always do; of equal ones the earlier.
     *
     * @param from the input's first row
     * @param wanted how many stay
     * @param first how many at its beginning always stay
     * @param last how many at its end always stay
     */
    void choose(int from, int tokens, int wanted, int first, int last) {
        if (wanted == tokens) {
            Arrays.fill(stays, from, from + tokens, 1);
        } else {
            rank(from, tokens, wanted, first, last);
        }
        for (int row = from; row < from + tokens; row++) {
            rows[count] = row;
            count += stays[row];
        }
        batch.addRows(wanted);
    }

    private void rank(int from, int tokens, int wanted, int first, int last) {
        int ranked = tokens - first - last;
        for (int i = 0; i < ranked; i++) {
            // The value's bits in the order of values, then the earlier token as the larger.
            keys[i] = (long) ordered(values[from + first + i]) << Integer.SIZE | (ranked - 1 - i);
        }
        Arrays.sort(keys, 0, ranked);
        Arrays.fill(stays, from, from + first, 1);
        Arrays.fill(stays, from + tokens - last, from + tokens, 1);
        for (int i = ranked - (wanted - first - last); i < ranked; i++) {
            stays[from + first + ranked - 1 - (int) keys[i]] = 1;
        }
    }

    private static int ordered(float value) {
        int bits = Float.floatToRawIntBits(value);
        return bits ^ (bits >> 31 & Integer.MAX_VALUE);
    }

    /** What each token is worth, to be written before {@link #choose}. */
    float[] values() {
        return values;
    }

    /** The rows that stay, ascending; the first {@link #count} entries count. */
    int[] rows() {
        return rows;
    }

    /** Of one row for each token of the batch before any left those of the tokens that stayed. */
    public Tensor rowsThatStay(Pass anyPass, Tensor rowsOfAll) {
        return anyPass.takeRows(rowsOfAll, rows, count);
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
