package io.tokenwise.acm.leave;

import io.tokenwise.api.Budget;
import java.util.Locale;

/**
 * The best plan that a budget allows: how many tokens stay and how many layers are narrow. It looks at the input's own length alone, so that a result does not depend on
 * what else is in a call. Thread-safe; once warm it allocates nothing.
 */
public final class ShortPlans {
    /** Of few tokens not any share can stay: the mean of short texts may pass a budget in time by so much, less than a short call's time varies. */
    static final double SHORT_TOLERANCE = 1.05;

    private final ForwardCost flops;
    private final ForwardCost time;
    private final PlanLosses losses;
    private final int first;
    private final int last;
    private final int layers;
    private final LeastWorth leastWorth;
    private final ShortPlan[][] known;
    private final PlanTable byTime;
    private final PlanTable byFlops;

    /**
     * @param flops multiply-adds of the layers' products and of the gate
     * @param time on this machine, in the backend's precision, of one input alone on one thread
     * @param losses what plans lose
     * @param first how many tokens at an input's beginning always stay
     * @param last how many at its end always stay
     * @param layers of the model
     * @param leastWorth which tokens of short texts stay, whose values are looked up, without the gate
     * @param maxTokens of an input
     */
    public ShortPlans(
            ForwardCost flops,
            ForwardCost time,
            PlanLosses losses,
            int first,
            int last,
            int layers,
            LeastWorth leastWorth,
            int maxTokens) {
        this.flops = flops;
        this.time = time;
        this.losses = losses;
        this.first = first;
        this.last = last;
        this.layers = layers;
        this.leastWorth = leastWorth;
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
        byTime = new PlanTable(this, time, SHORT_TOLERANCE, maxTokens);
        byFlops = new PlanTable(this, flops, 1, maxTokens);
    }

    /** The same with what plans were measured to lose. */
    public ShortPlans with(PlanLosses newLosses) {
        return new ShortPlans(flops, time, newLosses, first, last, layers, leastWorth, known[0].length - 1);
    }

    /** The same where such tokens of short texts stay. */
    public ShortPlans with(LeastWorth newLeastWorth) {
        return new ShortPlans(flops, time, losses, first, last, layers, newLeastWorth, known[0].length - 1);
    }

    /** See {@link #ShortPlans}. */
    public LeastWorth leastWorth() {
        return leastWorth;
    }

    /** What a plan costs. */
    double cost(ForwardCost cost, int tokens, ShortPlan plan) {
        boolean gated = plan.rows() < tokens && !leastWorth.isShort(tokens);
        return cost.shortened(tokens, plan.rows(), (double) plan.narrowLayers() / layers, gated);
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
     * What an input of so many tokens gets for a budget, which counts in hundredths: the plan of least loss of those that cost no more. Of short texts it is a
     * mean, by {@link #SHORT_TOLERANCE}: which of their tokens stay, and so how many, their words say ({@link LeastWorth}). A soft budget that does not reach for any gets the cheapest one. At full budget, and where nothing that the short path could leave out
     * would make it cheaper, the dense model runs.
     *
     * @throws BudgetReachException if a hard budget does not reach for the cheapest plan
     */
    public ShortPlan plan(int tokens, Budget budget) {
        boolean inTime = budget.unit() == Budget.Unit.TIME;
        if (budget.routing() == Budget.Routing.HARD) {
            checkReach(inTime ? time : flops, tokens, budget);
        }
        return (inTime ? byTime : byFlops).plan(tokens, budget.share(), budget.routing() == Budget.Routing.HARD);
    }

    /** What a token of a short text must be worth to count as one that stays; NaN if as many stay as {@link #plan} says: of longer texts, and for hard budgets. */
    double leastWorth(int tokens, Budget budget) {
        if (budget.routing() == Budget.Routing.HARD) {
            return Double.NaN;
        }
        boolean inTime = budget.unit() == Budget.Unit.TIME;
        return (inTime ? byTime : byFlops).leastWorth(tokens, budget.share());
    }

    /** How many tokens a share below 1 is, and some more: all only of the shortest inputs. */
    int rows(int tokens, double share, int more) {
        if (share == 1) {
            return tokens;
        }
        int least = least(tokens);
        return Math.clamp(Math.round(share * tokens) + more, least, Math.max(least, tokens - 1));
    }

    private void checkReach(ForwardCost cost, int tokens, Budget budget) {
        ShortPlan cheapest = of(least(tokens), losses.narrow().getLast());
        double share = share(cost, tokens, cheapest);
        if (share < 1 && share > budget.share()) {
            throw new BudgetReachException(String.format(
                    Locale.ROOT,
                    "a hard budget of %s does not reach for %d of %d tokens in narrow layers, the least there is: it must be %.3f or more for an input of this length",
                    budget.share(),
                    cheapest.rows(),
                    tokens,
                    share));
        }
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
        return cost(cost, tokens, plan) / cost.dense(tokens);
    }
}
