package io.tokenwise.acm.leave;

import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The plans of a model's inputs by their length and by hundredths of a budget of one kind of cost. How many layers are narrow is the budget's matter alone, so that
 * vectors of short and of long texts come from the same layers; how many tokens stay is what the budget then allows. Plans of an input cost the more the larger the budget.
 * Thread-safe; once it has been asked for a length it allocates nothing for it.
 */
final class PlanTable {
    private static final int FULL = 100;

    /** Rounding of a share's product with 100. */
    private static final double ROUNDING = 1e-9;

    /** That a length's loss is not to be had at all, in the unit of losses. */
    private static final double OUT_OF_REACH = 1;

    private final ShortPlans plans;
    private final ForwardCost cost;
    private final double shortTolerance;
    private final int[] narrow = new int[FULL];
    /** Atomic, so that what one thread has filled in another sees whole. */
    private final AtomicReferenceArray<ShortPlan[]> byLength;

    /**
     * @param plans whose losses decide
     * @param shortTolerance short inputs may cost so many times what a budget allows: few rows cannot be divided finely
     */
    PlanTable(ShortPlans plans, ForwardCost cost, double shortTolerance, int maxTokens) {
        this.plans = plans;
        this.cost = cost;
        this.shortTolerance = shortTolerance;
        byLength = new AtomicReferenceArray<>(maxTokens + 1);
        int fewest = 0;
        for (int hundredths = FULL - 1; hundredths >= 0; hundredths--) {
            fewest = Math.max(fewest, bestNarrow(hundredths));
            narrow[hundredths] = fewest;
        }
    }

    /** What an input of so many tokens gets of a share of what the dense model costs. */
    ShortPlan plan(int tokens, double share) {
        ShortPlan[] ofLength = byLength.get(tokens);
        if (ofLength == null) {
            ofLength = ofLength(tokens);
            byLength.set(tokens, ofLength);
        }
        return ofLength[(int) (FULL * share + ROUNDING)];
    }

    private double allowed(int tokens, int hundredths) {
        double tolerance = tokens <= StayGate.TABLE_TOKENS ? shortTolerance : 1;
        return tolerance * hundredths / FULL * cost.dense(tokens);
    }

    /** The number of narrow layers that loses least, on average over the lengths of which losses are known. */
    private int bestNarrow(int hundredths) {
        List<Integer> counts = plans.losses().narrow();
        int best = counts.getLast();
        double bestLoss = Double.POSITIVE_INFINITY;
        for (int place = counts.size() - 1; place >= 0; place--) {
            double loss = 0;
            for (int measured : plans.losses().tokens()) {
                int tokens = Math.min(measured, byLength.length() - 1);
                int rows = mostRows(tokens, counts.get(place), allowed(tokens, hundredths));
                loss += rows == 0 ? OUT_OF_REACH : plans.losses().of(measured, (double) rows / tokens, place);
            }
            if (loss < bestLoss) {
                best = counts.get(place);
                bestLoss = loss;
            }
        }
        return best;
    }

    private ShortPlan[] ofLength(int tokens) {
        var row = new ShortPlan[FULL + 1];
        double dense = cost.dense(tokens);
        ShortPlan best = plans.of(plans.least(tokens), plans.losses().narrow().getLast());
        double bestCost = plans.cost(cost, tokens, best);
        row[FULL] = plans.of(tokens, 0);
        for (int hundredths = 0; hundredths < FULL; hundredths++) {
            int rows = mostRows(tokens, narrow[hundredths], allowed(tokens, hundredths));
            if (rows > 0) {
                ShortPlan plan = plans.of(rows, narrow[hundredths]);
                double planCost = plans.cost(cost, tokens, plan);
                if (planCost >= bestCost) {
                    best = plan;
                    bestCost = planCost;
                }
            }
            row[hundredths] = bestCost < dense ? best : row[FULL];
        }
        return row;
    }

    /** 0 if not even the least is allowed. */
    private int mostRows(int tokens, int narrowLayers, double allowed) {
        if (plans.cost(cost, tokens, plans.of(tokens, narrowLayers)) <= allowed) {
            return tokens;
        }
        int low = plans.least(tokens) - 1;
        int high = tokens - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (plans.cost(cost, tokens, plans.of(middle, narrowLayers)) <= allowed) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low < plans.least(tokens) ? 0 : low;
    }
}
