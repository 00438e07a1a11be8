package io.tokenwise.serving;

import io.tokenwise.Spent;
import io.tokenwise.api.Budget;
import java.util.ArrayList;
import java.util.List;

/** Requests of which a token takes a millisecond at full budget, and half of one at the least. */
final class Entries {
    static final long MILLI = 1_000_000;

    private Entries() {}

    static ModelLoad model() {
        return new ModelLoad(new CostCurve(0, 10, List.of(new CostCurve.Point(1, 1000))));
    }

    static Choices.Choice choice(double share, int tokens) {
        return new Choices.Choice(Budget.of(share), new Spent(share, share), 1000 * share * tokens);
    }

    static Entry floating(ModelLoad model, int tokens, long arrivalMillis, long dueMillis) {
        var byStep = new ArrayList<Choices.Choice>();
        for (int step = 0; step <= Dial.STEPS; step++) {
            byStep.add(choice(1 - 0.5 * step / Dial.STEPS, tokens));
        }
        var timing = new Entry.Timing(arrivalMillis * MILLI, Entry.NEVER, dueMillis * MILLI);
        return new Entry(model, new Choices(byStep), false, tokens, timing);
    }

    /** @param deadlineMillis less than 0 if there is none */
    static Entry pinned(ModelLoad model, int tokens, long deadlineMillis) {
        long deadline = deadlineMillis < 0 ? Entry.NEVER : deadlineMillis * MILLI;
        return new Entry(
                model, new Choices(List.of(choice(1, tokens))), true, tokens, new Entry.Timing(0, deadline, deadline));
    }
}
