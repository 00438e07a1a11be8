package io.tokenwise.server;

import io.tokenwise.api.Budget;
import io.tokenwise.serving.BudgetRange;
import io.tokenwise.serving.Served;

/**
 * What requests get that say nothing of budgets.
 *
 * @param budget of a single text, image or segment
 * @param least to which load may bring down what floats, 0 to 1
 */
record BudgetDefaults(AskedBudget budget, double least) {
    static BudgetDefaults of(ServerOptions.Budgets budgets) {
        AskedBudget usual = budgets.loadMayDecide() ? AskedBudget.parse("budget", budgets.usual()) : AskedBudget.FULL;
        return new BudgetDefaults(usual, budgets.least());
    }

    /** What budgets of a model an ask stands for. */
    BudgetRange range(AskedBudget asked, Served<?> model) {
        return switch (asked) {
            case AskedBudget.Share share -> BudgetRange.pinned(model.budget(share.share()));
            case AskedBudget.Auto ignored -> BudgetRange.floating(model.budget(least), Budget.FULL);
        };
    }

    /** Of several texts that nobody calls queries: mostly documents for an index, whose vectors must not depend on load. */
    AskedBudget forIndex() {
        return budget instanceof AskedBudget.Auto ? AskedBudget.FULL : budget;
    }
}
