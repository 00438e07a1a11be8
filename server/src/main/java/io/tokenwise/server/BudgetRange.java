package io.tokenwise.server;

import io.tokenwise.api.Budget;

/** The budgets that a request allows: one, or a range in which load decides. */
record BudgetRange(Budget least, Budget most) {
    static BudgetRange pinned(Budget budget) {
        return new BudgetRange(budget, budget);
    }

    static BudgetRange floating(Budget least, Budget most) {
        return new BudgetRange(least, most);
    }
}
