package io.tokenwise.spark;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import java.io.Serializable;

/**
 * What a {@link ModelColumn} sends to executors.
 *
 * @param model a name or a folder
 * @param share the budget where no column says another one
 * @param unit of budgets
 * @param routing who chooses tokens
 * @param backend of each executor
 * @param precision of its products
 * @param nullIfBad whether an input that cannot be read becomes null, rather than the job's end
 */
record Settings(
        String model,
        double share,
        Budget.Unit unit,
        Budget.Routing routing,
        BackendChoice.Kind backend,
        Precision precision,
        boolean nullIfBad)
        implements Serializable {
    static Settings of(String model, Budget.Unit unit) {
        return new Settings(
                model,
                1,
                unit,
                Budget.Routing.LEARNED,
                BackendChoice.AUTO.kind(),
                BackendChoice.AUTO.precision(),
                false);
    }

    Settings withShare(double newShare) {
        return new Settings(model, newShare, unit, routing, backend, precision, nullIfBad);
    }

    Settings withBudgets(Budget.Unit newUnit, Budget.Routing newRouting) {
        return new Settings(model, share, newUnit, newRouting, backend, precision, nullIfBad);
    }

    Settings withBackend(BackendChoice choice) {
        return new Settings(model, share, unit, routing, choice.kind(), choice.precision(), nullIfBad);
    }

    Settings withNullIfBad() {
        return new Settings(model, share, unit, routing, backend, precision, true);
    }

    Budget budget() {
        return budget(share);
    }

    /** @throws IllegalArgumentException if the share is outside 0..1 */
    Budget budget(double ofInput) {
        return Budget.of(ofInput, unit, routing, 0);
    }

    BackendChoice choice() {
        return new BackendChoice(backend, precision);
    }
}
