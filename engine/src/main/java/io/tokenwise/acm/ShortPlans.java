package io.tokenwise.acm;

import io.tokenwise.nn.Budget;
import java.util.Locale;

/**
 * The best plan that a budget allows: how many tokens stay and how wide the MLPs are. It looks at the input's own length alone, so that a result does not depend on
 * what else is in a call. Thread-safe, and allocates nothing.
 */
public final class ShortPlans {
    private final ForwardCost flops;
    private final ForwardCost time;
    private final PlanLosses losses;
    private final int first;
    private final int last;
    private final ShortPlan[][] known;

    /**
     * @param flops multiply-adds of the layers' products and of the gate
     * @param time on this machine, in the backend's precision, of one input alone on one thread
     * @param losses what plans lose
     * @param first how many tokens at an input's beginning always stay
     * @param last how many at its end always stay
     * @param maxTokens of an input
     */
    public ShortPlans(ForwardCost flops, ForwardCost time, PlanLosses losses, int first, int last, int maxTokens) {
        this.flops = flops;
        this.time = time;
        this.losses = losses;
        this.first = first;
        this.last = last;
        known = new ShortPlan[Width.ALL.size()][maxTokens + 1];
        for (int rows = 0; rows <= maxTokens; rows++) {
            for (Width width : Width.ALL) {
                known[width.ordinal()][rows] = new ShortPlan(rows, width);
            }
        }
    }

    /** The same with what plans were measured to lose. */
    public ShortPlans with(PlanLosses newLosses) {
        return new ShortPlans(flops, time, newLosses, first, last, known[0].length - 1);
    }

    public PlanLosses losses() {
        return losses;
    }

    /** How many tokens at an input's beginning always stay. */
    public int first() {
        return first;
    }

    /** How many at its end. */
    public int last() {
        return last;
    }

    /**
     * The plan of the least loss that costs no more than the budget. A soft budget that does not reach for any gets the cheapest one. At full budget, and where
     * nothing that the short path could leave out would make it cheaper, the dense model runs.
     *
     * @throws IllegalArgumentException if a hard budget does not reach for the cheapest plan
     */
    public ShortPlan plan(int tokens, Budget budget) {
        ForwardCost cost = budget.unit() == Budget.Unit.TIME ? time : flops;
        int least = least(tokens);
        double cheapest = cost.shortened(tokens, least, Width.ALL.getLast().mlpShare());
        double allowed = budget.share() * cost.dense(tokens);
        if (budget.share() == 1 || cheapest >= cost.dense(tokens)) {
            return of(tokens, Width.DENSE);
        }
        if (cheapest > allowed) {
            if (budget.routing() == Budget.Routing.HARD) {
                throw new IllegalArgumentException(String.format(
                        Locale.ROOT,
                        "a hard budget of %s does not reach for %d of %d tokens in the narrowest layers, the least there is: it must be %.3f or more for an input of this length",
                        budget.share(),
                        least,
                        tokens,
                        cheapest / cost.dense(tokens)));
            }
            return of(least, Width.ALL.getLast());
        }
        return best(cost, tokens, least, allowed);
    }

    private ShortPlan best(ForwardCost cost, int tokens, int least, double allowed) {
        ShortPlan best = null;
        double bestLoss = Double.POSITIVE_INFINITY;
        for (int i = 0; i < known.length; i++) {
            Width width = Width.ALL.get(i);
            if (cost.shortened(tokens, least, width.mlpShare()) <= allowed) {
                int rows = mostRows(cost, tokens, least, width, allowed);
                double loss = losses.of(tokens, (double) rows / tokens, width);
                if (loss < bestLoss) {
                    best = of(rows, width);
                    bestLoss = loss;
                }
            }
        }
        return best;
    }

    private static int mostRows(ForwardCost cost, int tokens, int least, Width width, double allowed) {
        if (cost.shortened(tokens, tokens, width.mlpShare()) <= allowed) {
            return tokens;
        }
        int low = least;
        int high = tokens - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (cost.shortened(tokens, middle, width.mlpShare()) <= allowed) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    /** The fewest tokens that can stay. */
    public int least(int tokens) {
        return Math.min(tokens, first + last + 1);
    }

    /** The plan of so many tokens and that width. */
    public ShortPlan of(int rows, Width width) {
        return known[width.ordinal()][rows];
    }

    /** The share of the dense model's time that a plan takes, as predicted. */
    public double timeShare(int tokens, ShortPlan plan) {
        return share(time, tokens, plan);
    }

    /** What a plan takes on one thread, in microseconds, as predicted. */
    public double micros(int tokens, ShortPlan plan) {
        return timeShare(tokens, plan) * time.dense(tokens);
    }

    /** The share of the dense model's FLOPs that a plan costs. */
    public double flopsShare(int tokens, ShortPlan plan) {
        return share(flops, tokens, plan);
    }

    private static double share(ForwardCost cost, int tokens, ShortPlan plan) {
        return cost.shortened(tokens, plan.rows(), plan.width().mlpShare()) / cost.dense(tokens);
    }
}
