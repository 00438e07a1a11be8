package io.tokenwise.server;

/**
 * What requests get that say nothing of budgets.
 *
 * @param budget of a single text, image or segment
 * @param least to which load may bring down what floats, 0 to 1
 */
record BudgetDefaults(AskedBudget budget, double least) {
    static BudgetDefaults of(ServerOptions.Budgets budgets) {
        return new BudgetDefaults(AskedBudget.parse("budget", budgets.usual()), budgets.least());
    }

    /** Of several texts that nobody calls queries: mostly documents for an index, whose vectors must not depend on load. */
    AskedBudget forIndex() {
        return budget instanceof AskedBudget.Auto ? AskedBudget.FULL : budget;
    }
}
