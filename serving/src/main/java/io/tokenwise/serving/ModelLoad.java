package io.tokenwise.serving;

/** A model as the scheduler sees it: what it costs, and how much of it waits. Guarded by the scheduler. */
final class ModelLoad {
    final CostCurve costs;

    /** At the least budgets, uncorrected. */
    private double pinnedMicros;

    private double floatingMicros;
    private int waiting;

    ModelLoad(CostCurve costs) {
        this.costs = costs;
    }

    /** What waits of a class at the least budgets, as predicted now. */
    double micros(boolean pinned) {
        return costs.scale() * (pinned ? pinnedMicros : floatingMicros);
    }

    void add(Entry entry) {
        waiting++;
        change(entry, entry.leastPlainMicros());
    }

    void remove(Entry entry) {
        waiting--;
        change(entry, -entry.leastPlainMicros());
    }

    /** Whether nothing of it waits. */
    boolean isEmpty() {
        return waiting == 0;
    }

    /** Rounding must not leave less than nothing. */
    private void change(Entry entry, double micros) {
        if (entry.pinned) {
            pinnedMicros = Math.max(0, pinnedMicros + micros);
        } else {
            floatingMicros = Math.max(0, floatingMicros + micros);
        }
    }
}
