package io.tokenwise.server;

import java.util.Optional;

/** Finds out what a request says of budgets, which it may in three places. */
final class BudgetAsk {
    static final String HEADER = "x-tokenwise-budget";

    private BudgetAsk() {}

    /**
     * The body's field {@code budget} and the model's suffix are one word and must agree; the header, which clients set for all their requests,
     * gives way to them.
     *
     * @param suffix what stands behind the model's name
     * @return empty if it says nothing
     * @throws ApiError 400 if the places contradict each other or one is no budget
     */
    static Optional<AskedBudget> of(Exchange exchange, Fields fields, Optional<AskedBudget> suffix) {
        Optional<AskedBudget> field = fields.any("budget").map(node -> AskedBudget.of("budget", node));
        Optional<AskedBudget> header = exchange.ownHeader(HEADER).map(text -> AskedBudget.parse(HEADER, text));
        if (field.isPresent() && suffix.isPresent() && !field.equals(suffix)) {
            throw ApiError.field(
                    "budget",
                    "budget is " + field.get() + ", and the model's name asks for " + suffix.get()
                            + ": give one of them");
        }
        return field.or(() -> suffix).or(() -> header);
    }
}
