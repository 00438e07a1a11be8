package io.tokenwise.serving;

import java.util.HashMap;
import java.util.Map;

/** A model as the scheduler sees it: what it costs, and how much of it waits. Guarded by the scheduler. */
final class ModelLoad {
    final CostCurve costs;

    /** Of each line at the least budgets, uncorrected. */
    private final Map<WaitingLine<?>, Double> plainMicros = new HashMap<>();

    private int waiting;

    ModelLoad(CostCurve costs) {
        this.costs = costs;
    }

    /** What waits in a line at the least budgets, as predicted now. */
    double micros(WaitingLine<?> line) {
        return costs.scale() * plainMicros.getOrDefault(line, 0.0);
    }

    void add(Entry entry, WaitingLine<?> line) {
        waiting++;
        change(line, entry.leastPlainMicros());
    }

    void remove(Entry entry, WaitingLine<?> line) {
        waiting--;
        change(line, -entry.leastPlainMicros());
    }

    /** Whether nothing of it waits. */
    boolean isEmpty() {
        return waiting == 0;
    }

    /** Rounding must not leave less than nothing. */
    private void change(WaitingLine<?> line, double micros) {
        plainMicros.merge(line, micros, (before, more) -> Math.max(0, before + more));
    }
}
