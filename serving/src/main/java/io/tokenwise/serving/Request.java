package io.tokenwise.serving;

import io.tokenwise.api.Deadline;
import java.util.Objects;

/**
 * What a {@link Lane} is asked.
 *
 * @param input as the model reads it, such as token ids; not changed, and not to be changed until it is answered
 * @param deadline after which it is no longer computed
 * @param budget what it may cost
 */
public record Request(int[] input, Deadline deadline, BudgetRange budget) {
    /** Checks that nothing is null. */
    public Request {
        Objects.requireNonNull(input, "input");
        Objects.requireNonNull(deadline, "deadline");
        Objects.requireNonNull(budget, "budget");
    }
}
