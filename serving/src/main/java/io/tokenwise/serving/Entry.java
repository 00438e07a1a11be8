package io.tokenwise.serving;

/** A request as the scheduler sees it, which guards it. */
class Entry {
    /** That there is no deadline: far away, and still not near the largest number, so that sums do not overflow. */
    static final long NEVER = Long.MAX_VALUE / 4;

    /** Of the target: a deadline that was the target when it was sent still has so much of it when it comes. */
    private static final double LEAST_OF_TARGET = 0.8;

    final ModelLoad model;
    final Choices choices;
    final boolean pinned;
    final int tokens;
    final long arrivalNanos;

    /** When it is no longer wanted. */
    final long deadlineNanos;

    /** When it should be answered; budgets are chosen by it. It may be after the deadline: a client in a hurry does not take budget from the others. */
    final long dueNanos;

    /** Whether it came with more than a batch holds, itself included; known as soon as it is offered. */
    boolean bulk;

    /** At each step of the dial, uncorrected, with its part of what a full batch takes. Here, where it is near: for each batch all that waits is looked at. */
    private final double[] plainMicros;

    /** @param timing when it arrived, and when it is to be answered */
    Entry(ModelLoad model, Choices choices, boolean pinned, int tokens, Timing timing) {
        this.model = model;
        this.choices = choices;
        this.pinned = pinned;
        this.tokens = tokens;
        arrivalNanos = timing.arrivalNanos;
        deadlineNanos = timing.deadlineNanos;
        dueNanos = timing.dueNanos;
        double batchMicros = model.costs.batchMicrosPerToken() * tokens;
        plainMicros = choices.byStep().stream()
                .mapToDouble(choice -> choice.micros() + batchMicros)
                .toArray();
    }

    /** See the fields of {@link Entry}. */
    record Timing(long arrivalNanos, long deadlineNanos, long dueNanos) {}

    /** When it should be answered to be of use: requests are refused by it. */
    final long wantedNanos() {
        return Math.min(dueNanos, deadlineNanos);
    }

    /** Whether its client waits about as long as an answer may take, as where its deadline is the target. That others do not says nothing of whether the target is held. */
    final boolean waitsUntilDue() {
        return deadlineNanos - arrivalNanos >= LEAST_OF_TARGET * (dueNanos - arrivalNanos);
    }

    /** How much of the room for waiting tokens it needs. */
    int room() {
        return tokens;
    }

    /**
     * Whether its deadline has passed, or will have even if it runs now at its least budget. If it would have been late whenever it ran that is not believed: what is known of costs may
     * be wrong, and only running shows it.
     */
    final boolean isExpired(long nowNanos) {
        double leastNanos = 1000 * leastMicros();
        boolean isBelieved = arrivalNanos + leastNanos <= deadlineNanos;
        return nowNanos >= deadlineNanos || isBelieved && nowNanos + leastNanos > deadlineNanos;
    }

    /** What it takes at a step of the dial, as predicted now. */
    final double micros(int step) {
        return model.costs.scale() * plainMicros[Math.min(step, plainMicros.length - 1)];
    }

    /** What it takes at its least budget, as predicted now. */
    final double leastMicros() {
        return model.costs.scale() * leastPlainMicros();
    }

    /** The same, uncorrected. */
    final double leastPlainMicros() {
        return plainMicros[plainMicros.length - 1];
    }
}
