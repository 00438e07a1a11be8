package io.tokenwise.serving;

/** A request as the scheduler sees it, which guards it. */
class Entry {
    /** Where it is. */
    enum Place {
        NEW,
        WAITING,
        RUNNING,
        GONE
    }

    /** That there is no deadline: far away, and still not near the largest number, so that sums do not overflow. */
    static final long NEVER = Long.MAX_VALUE / 4;

    final ModelLoad model;
    final Choices choices;
    final boolean pinned;
    final int tokens;
    final long arrivalNanos;

    /** When it is no longer wanted. */
    final long deadlineNanos;

    /** When it should be answered; budgets are chosen, and requests refused, by it. */
    final long dueNanos;

    Place place = Place.NEW;

    /** @param timing when it arrived, and when it is to be answered */
    Entry(ModelLoad model, Choices choices, boolean pinned, int tokens, Timing timing) {
        this.model = model;
        this.choices = choices;
        this.pinned = pinned;
        this.tokens = tokens;
        arrivalNanos = timing.arrivalNanos;
        deadlineNanos = timing.deadlineNanos;
        dueNanos = timing.dueNanos;
    }

    /** See the fields of {@link Entry}. */
    record Timing(long arrivalNanos, long deadlineNanos, long dueNanos) {}

    /** How much of the room for waiting tokens it needs. */
    int room() {
        return tokens;
    }

    /** What it takes at a step of the dial, as predicted now. */
    final double micros(int step) {
        return model.costs.scale() * plainMicros(choices.at(step));
    }

    /** What it takes at its least budget, as predicted now. */
    final double leastMicros() {
        return model.costs.scale() * plainMicros(choices.least());
    }

    /** Uncorrected, with its part of what a full batch takes. */
    final double plainMicros(Choices.Choice choice) {
        return choice.micros() + model.costs.batchMicrosPerToken() * tokens;
    }
}
