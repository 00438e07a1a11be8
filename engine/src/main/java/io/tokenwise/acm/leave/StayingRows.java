package io.tokenwise.acm.leave;

import io.tokenwise.backend.Staying;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.TakenRows;
import io.tokenwise.tensor.Tensor;
import java.util.Arrays;

/**
 * What a pass through a short path remembers: each input's plan, which of its tokens stay and where they lie afterwards. Once large enough it allocates nothing. Not
 * thread-safe.
 */
public final class StayingRows {
    private final TokenBatch batch = new TokenBatch();
    private ShortPlan[] plans = new ShortPlan[0];
    private int inputs;

    /** Of the stream of the pass, which stays the same. */
    private Staying staying;

    private int gated;

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

    /** Starts over for the tokens of the pass's batch, of whose inputs as many stay as their plans say. */
    Staying begin(Pass pass, int first, int last, float[] less) {
        if (staying == null) {
            staying = pass.stream().staying();
        }
        staying.begin(pass.batch().tokens(), first, last, less);
        batch.clear();
        for (int input = 0; input < inputs; input++) {
            batch.addStaying(plans[input].rows(), staying);
        }
        return staying;
    }

    /** For how many tokens the gate was asked. */
    void gated(int tokens) {
        gated = tokens;
    }

    int gated() {
        return gated;
    }

    /** Which tokens stay. */
    Staying staying() {
        return staying;
    }

    /** Of one row for each token of the batch before any left those of the tokens that stayed, on the same stream. */
    public Tensor rowsThatStay(Pass anyPass, Tensor rowsOfAll) {
        return TakenRows.of(anyPass, rowsOfAll, staying);
    }

    /** The tokens that stay, of each input of the batch. */
    TokenBatch batch() {
        return batch;
    }
}
