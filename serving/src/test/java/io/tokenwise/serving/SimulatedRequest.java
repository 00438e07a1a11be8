package io.tokenwise.serving;

import io.tokenwise.api.Budget;

/** A request in the simulator, and what became of it. */
final class SimulatedRequest extends Entry {
    Budget budget;
    long latencyNanos;

    SimulatedRequest(ModelLoad model, Choices choices, boolean pinned, int tokens, Timing timing) {
        super(model, choices, pinned, tokens, timing);
    }

    double arrivalSeconds() {
        return arrivalNanos / 1e9;
    }
}
