package io.tokenwise.serving;

import io.tokenwise.api.Budget;

/**
 * Between which budgets the queue may choose for a request. What goes into an index is pinned: its vectors never change with load. Results that are used once, such as
 * those of queries, may float.
 *
 * @param least the smallest; budgets in between have its unit and routing
 * @param most the largest, which it gets without load
 */
public record BudgetRange(Budget least, Budget most) {
    /**
     * Checks that the budgets are two ends of one range.
     *
     * @throws IllegalArgumentException if the least is above the largest, or they differ in unit or routing
     */
    public BudgetRange {
        if (least.share() > most.share()) {
            throw new IllegalArgumentException(
                    "least budget " + least.share() + " is above the largest, " + most.share());
        }
        if (most.share() < 1 && (least.unit() != most.unit() || least.routing() != most.routing())) {
            throw new IllegalArgumentException("least and largest budget must have the same unit and routing, are "
                    + least.unit() + " " + least.routing() + " and " + most.unit() + " " + most.routing());
        }
    }

    /**
     * {@return always this budget}
     *
     * @param budget that is kept whatever the load is
     */
    public static BudgetRange pinned(Budget budget) {
        return new BudgetRange(budget, budget);
    }

    /**
     * {@return what load leaves}
     *
     * @param least the smallest
     * @param most the largest, which it gets without load
     * @throws IllegalArgumentException if the least is above the largest, or they differ in unit or routing
     */
    public static BudgetRange floating(Budget least, Budget most) {
        return new BudgetRange(least, most);
    }

    /** {@return whether there is nothing to choose} */
    public boolean isPinned() {
        return least.equals(most);
    }

    /** The budget of this share, or the nearest in the range. */
    Budget at(double share) {
        if (share >= most.share()) {
            return most;
        }
        return share <= least.share() ? least : Budget.of(share, least.unit(), least.routing(), least.seed());
    }
}
