package io.tokenwise.cli;

import io.tokenwise.io.Processor;

/** What this run computes on, in words. */
final class Machine {
    private Machine() {}

    /** CPU, processors and Java. */
    static String describe() {
        return Processor.name() + ", " + Runtime.getRuntime().availableProcessors() + " processor(s), Java "
                + Runtime.version().feature();
    }
}
