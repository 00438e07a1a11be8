package io.tokenwise.serving;

import io.tokenwise.Spent;
import io.tokenwise.api.Budget;
import java.util.List;

/**
 * What a request gets at each step of the dial: at step 0 its largest budget, at the last its least. A single one if there is nothing to choose. Immutable.
 *
 * @param byStep never growing in cost
 */
record Choices(List<Choice> byStep) {
    /**
     * @param spent what it costs, as shares
     * @param micros of one thread, beside what its batch takes, uncorrected
     */
    record Choice(Budget budget, Spent spent, double micros) {}

    Choices {
        byStep = List.copyOf(byStep);
    }

    Choice at(int step) {
        return byStep.get(Math.min(step, byStep.size() - 1));
    }

    Choice least() {
        return byStep.getLast();
    }
}
