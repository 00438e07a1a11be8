package io.tokenwise.acm.leave;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The plans of a model's inputs by their length and by hundredths of a budget of one kind of cost. How many layers are narrow is the budget's matter alone, so that
 * vectors of short and of long texts come from the same layers, and so is what tokens of short texts must be worth; of longer ones as many stay as the budget then allows. Plans
 * of an input cost the more the larger the budget. Thread-safe; once it has been asked for a length it allocates nothing for it.
 */
final class PlanTable {
    private static final int FULL = 100;

    /** Rounding of a share's product with 100. */
    private static final double ROUNDING = 1e-9;

    /** That a length's loss is not to be had at all, in the unit of losses; more where plans lose more: divergences and errors of scores may. */
    private static final double OUT_OF_REACH = 1;

    /** Of short texts as many more or fewer tokens stay than on average, each number as often: cost has steps. */
    private static final int SPREAD = 2;

    /**
     * Plans of a length by hundredths of the budget.
     *
     * @param worths what tokens must be worth to stay; NaN where those stay that are worth most
     */
    private record Row(ShortPlan[] plans, double[] worths) {}

    private final ShortPlans plans;
    private final ForwardCost cost;
    private final double shortTolerance;
    private final int[] narrow = new int[FULL];

    /** The share of a short text's tokens that stays, on average. */
    private final double[] shortShares = new double[FULL];

    /** {@link #shortCosts(int)} by how many layers are narrow: every hundredth of the budget asks for each. Only the constructor does. */
    private final Map<Integer, double[]> shortCosts = new HashMap<>();

    /** Atomic, so that what one thread has filled in another sees whole. */
    private final AtomicReferenceArray<Row> byLength;

    /** Where no text is treated as a short one. */
    private final AtomicReferenceArray<Row> ranked;

    /**
     * @param plans whose losses decide
     * @param shortTolerance short inputs may cost so many times what a budget allows: few rows cannot be divided finely
     */
    PlanTable(ShortPlans plans, ForwardCost cost, double shortTolerance, int maxTokens) {
        this.plans = plans;
        this.cost = cost;
        this.shortTolerance = shortTolerance;
        byLength = new AtomicReferenceArray<>(maxTokens + 1);
        ranked = new AtomicReferenceArray<>(maxTokens + 1);
        int fewest = 0;
        for (int hundredths = FULL - 1; hundredths >= 0; hundredths--) {
            fewest = Math.max(fewest, bestNarrow(hundredths));
            narrow[hundredths] = fewest;
            shortShares[hundredths] = shortShare(hundredths, fewest);
        }
    }

    /** What an input of so many tokens gets of a share of what the dense model costs; of a short text the mean. */
    ShortPlan plan(int tokens, double share, boolean isRanked) {
        return row(tokens, isRanked).plans[place(share)];
    }

    /** What a token of such a text must be worth to stay; NaN if as many stay as the plan says. */
    double leastWorth(int tokens, double share) {
        return row(tokens, false).worths[place(share)];
    }

    private static int place(double share) {
        return (int) (FULL * share + ROUNDING);
    }

    private Row row(int tokens, boolean isRanked) {
        AtomicReferenceArray<Row> rows = isRanked ? ranked : byLength;
        Row row = rows.get(tokens);
        if (row == null) {
            row = ofLength(tokens, isRanked);
            rows.set(tokens, row);
        }
        return row;
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
        double outOfReach = Math.max(OUT_OF_REACH, plans.losses().most());
        for (int place = counts.size() - 1; place >= 0; place--) {
            double loss = 0;
            for (int measured : plans.losses().tokens()) {
                double share = share(measured, counts.get(place), hundredths);
                loss += share == 0 ? outOfReach : plans.losses().of(measured, share, place);
            }
            if (loss < bestLoss) {
                best = counts.get(place);
                bestLoss = loss;
            }
        }
        return best;
    }

    /** How many of the tokens stay; 0 if not even the least is allowed. */
    private double share(int measured, int narrowLayers, int hundredths) {
        if (plans.leastWorth().isShort(measured)) {
            return shortShare(hundredths, narrowLayers);
        }
        int tokens = Math.min(measured, byLength.length() - 1);
        return (double) mostRows(tokens, narrowLayers, allowed(tokens, hundredths)) / tokens;
    }

    /** Of short texts: the largest share that the budget allows; 0 if none. */
    private double shortShare(int hundredths, int narrowLayers) {
        LeastWorth worth = plans.leastWorth();
        if (worth.tokens() == 0) {
            return 0;
        }
        double allowed = shortTolerance * hundredths / FULL;
        double[] costs = shortCosts.computeIfAbsent(narrowLayers, this::shortCosts);
        if (costs[FULL] <= allowed) {
            return 1;
        }
        for (int percent = (int) (FULL * worth.most()); percent >= FULL * worth.least(); percent--) {
            if (costs[percent] <= allowed) {
                return (double) percent / FULL;
            }
        }
        return 0;
    }

    /** By hundredths of the tokens that stay, as far as they may be asked for. */
    private double[] shortCosts(int narrowLayers) {
        LeastWorth worth = plans.leastWorth();
        var costs = new double[FULL + 1];
        for (int percent = (int) (FULL * worth.most()); percent >= FULL * worth.least(); percent--) {
            costs[percent] = shortCost(narrowLayers, (double) percent / FULL);
        }
        costs[FULL] = shortCost(narrowLayers, 1);
        return costs;
    }

    /** As a share of the dense model's, of the longest of the short texts or one of half that length, whichever is more. */
    private double shortCost(int narrowLayers, double share) {
        int longest = Math.min(plans.leastWorth().tokens(), byLength.length() - 1);
        double most = 0;
        for (int tokens : new int[] {Math.ceilDiv(longest, 2), longest}) {
            most = Math.max(most, meanCost(tokens, narrowLayers, share) / cost.dense(tokens));
        }
        return most;
    }

    private double meanCost(int tokens, int narrowLayers, double share) {
        if (share == 1) {
            return plans.cost(cost, tokens, plans.of(tokens, narrowLayers));
        }
        double sum = 0;
        for (int more = -SPREAD; more <= SPREAD; more++) {
            sum += plans.cost(cost, tokens, plans.of(plans.rows(tokens, share, more), narrowLayers));
        }
        return sum / (2 * SPREAD + 1);
    }

    private Row ofLength(int tokens, boolean isRanked) {
        boolean isShort = !isRanked && plans.leastWorth().isShort(tokens);
        var row = new Row(new ShortPlan[FULL + 1], new double[FULL + 1]);
        Arrays.fill(row.worths, Double.NaN);
        double dense = cost.dense(tokens);
        ShortPlan best = plans.of(plans.least(tokens), plans.losses().narrow().getLast());
        double bestCost = plans.cost(cost, tokens, best);
        double worth = isShort ? plans.leastWorth().of(0) : Double.NaN;
        row.plans[FULL] = plans.of(tokens, 0);
        for (int hundredths = 0; hundredths < FULL; hundredths++) {
            int rows = isShort ? shortRows(tokens, hundredths) : rankedRows(tokens, hundredths);
            if (rows > 0) {
                ShortPlan plan = plans.of(rows, narrow[hundredths]);
                double planCost = plans.cost(cost, tokens, plan);
                if (planCost >= bestCost) {
                    best = plan;
                    bestCost = planCost;
                    worth = isShort && shortShares[hundredths] < 1
                            ? plans.leastWorth().of(shortShares[hundredths])
                            : Double.NaN;
                }
            }
            boolean pays = bestCost < dense;
            row.plans[hundredths] = pays ? best : row.plans[FULL];
            row.worths[hundredths] = pays ? worth : Double.NaN;
        }
        return row;
    }

    private int shortRows(int tokens, int hundredths) {
        double share = shortShares[hundredths];
        return share == 0 ? 0 : plans.rows(tokens, share, 0);
    }

    private int rankedRows(int tokens, int hundredths) {
        return mostRows(tokens, narrow[hundredths], allowed(tokens, hundredths));
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
