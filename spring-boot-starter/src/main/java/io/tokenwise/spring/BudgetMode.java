package io.tokenwise.spring;

import io.tokenwise.api.Budget;

/** What a budget in the properties is a share of. */
public enum BudgetMode {
    /** Of the dense model's time on this machine: needs a model whose tokens leave. */
    TIME,
    /** Of its multiply-adds, on average. */
    FLOPS,
    /** Of its multiply-adds, which no single text exceeds. */
    HARD;

    Budget of(double share) {
        return switch (this) {
            case TIME -> Budget.of(share);
            case FLOPS -> Budget.flops(share);
            case HARD -> Budget.hard(share);
        };
    }
}
