package io.tokenwise.acm;

import io.tokenwise.nn.Budget;
import java.util.Locale;

/**
 * The best plan that a budget allows: how many tokens stay and how many layers are narrow. It looks at the input's own length alone, so that a result does not depend on
 * what else is in a call. Thread-safe, and allocates nothing.
 */
public final class ShortPlans {
    private final ForwardCost flops;
    private final ForwardCost time;
    private final PlanLosses losses;
    private final int first;
    private final int last;
    private final int layers;
    private final int tableTokens;
    private final ShortPlan[][] known;

    /**
     * @param flops multiply-adds of the layers' products and of the gate
     * @param time on this machine, in the backend's precision, of one input alone on one thread
     * @param losses what plans lose
     * @param first how many tokens at an input's beginning always stay
     * @param last how many at its end always stay
     * @param layers of the model
     * @param tableTokens inputs of so many tokens or fewer look their tokens' values up, without the gate
     * @param maxTokens of an input
     */
    public ShortPlans(
            ForwardCost flops,
            ForwardCost time,
            PlanLosses losses,
            int first,
            int last,
            int layers,
            int tableTokens,
            int maxTokens) {
        this.flops = flops;
        this.time = time;
        this.losses = losses;
        this.first = first;
        this.last = last;
        this.layers = layers;
        this.tableTokens = tableTokens;
        if (losses.narrow().getLast() > layers) {
            throw new IllegalArgumentException(
                    "acm.shortPath.losses: " + losses.narrow().getLast() + " narrow layers, the model has " + layers);
        }
        known = new ShortPlan[layers + 1][maxTokens + 1];
        for (int narrow = 0; narrow <= layers; narrow++) {
            for (int rows = 0; rows <= maxTokens; rows++) {
                known[narrow][rows] = new ShortPlan(rows, narrow);
            }
        }
    }

    /** The same with what plans were measured to lose. */
    public ShortPlans with(PlanLosses newLosses) {
        return new ShortPlans(flops, time, newLosses, first, last, layers, tableTokens, known[0].length - 1);
    }

    /** The same where inputs of so many tokens or fewer look values up. */
    public ShortPlans withTableTokens(int newTableTokens) {
        return new ShortPlans(flops, time, losses, first, last, layers, newTableTokens, known[0].length - 1);
    }

    /** See {@link #ShortPlans}. */
    public int tableTokens() {
        return tableTokens;
    }

    private double shortened(ForwardCost cost, int tokens, int rows, double narrowShare) {
        return cost.shortened(tokens, rows, narrowShare, rows < tokens && tokens > tableTokens);
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
        int narrowest = losses.narrow().getLast();
        double cheapest = shortened(cost, tokens, least, share(narrowest));
        double allowed = budget.share() * cost.dense(tokens);
        if (budget.share() == 1 || cheapest >= cost.dense(tokens)) {
            return of(tokens, 0);
        }
        if (cheapest > allowed) {
            if (budget.routing() == Budget.Routing.HARD) {
                throw new IllegalArgumentException(String.format(
                        Locale.ROOT,
                        "a hard budget of %s does not reach for %d of %d tokens in narrow layers, the least there is: it must be %.3f or more for an input of this length",
                        budget.share(),
                        least,
                        tokens,
                        cheapest / cost.dense(tokens)));
            }
            return of(least, narrowest);
        }
        return best(cost, tokens, least, allowed);
    }

    private ShortPlan best(ForwardCost cost, int tokens, int least, double allowed) {
        ShortPlan best = null;
        double bestLoss = Double.POSITIVE_INFINITY;
        for (int place = 0; place < losses.narrow().size(); place++) {
            int narrow = losses.narrow().get(place);
            if (shortened(cost, tokens, least, share(narrow)) <= allowed) {
                int rows = mostRows(cost, tokens, least, share(narrow), allowed);
                double loss = losses.of(tokens, (double) rows / tokens, place);
                if (loss < bestLoss) {
                    best = of(rows, narrow);
                    bestLoss = loss;
                }
            }
        }
        return best;
    }

    private double share(int narrowLayers) {
        return (double) narrowLayers / layers;
    }

    private int mostRows(ForwardCost cost, int tokens, int least, double narrowShare, double allowed) {
        if (shortened(cost, tokens, tokens, narrowShare) <= allowed) {
            return tokens;
        }
        int low = least;
        int high = tokens - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (shortened(cost, tokens, middle, narrowShare) <= allowed) {
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

    /** The plan of so many tokens and narrow layers. */
    public ShortPlan of(int rows, int narrowLayers) {
        return known[narrowLayers][rows];
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

    private double share(ForwardCost cost, int tokens, ShortPlan plan) {
        return shortened(cost, tokens, plan.rows(), share(plan.narrowLayers())) / cost.dense(tokens);
    }
}
