package io.tokenwise.serving;

import java.util.List;

/**
 * Requests of one model that run together.
 *
 * @param step of the dial that says which budgets they have
 * @param startNanos when it began
 * @param plainMicros what it takes by the cost curve, uncorrected
 * @param endNanos when it ends, as predicted
 */
record Batch<E extends Entry>(List<E> entries, int step, long startNanos, double plainMicros, long endNanos) {
    ModelLoad model() {
        return entries.getFirst().model;
    }

    int tokens() {
        return entries.stream().mapToInt(entry -> entry.tokens).sum();
    }
}
