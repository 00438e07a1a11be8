package io.tokenwise.bench.soak;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import java.util.List;

/**
 * What callers ask: inputs with numbers, each of which has one answer at each budget, whatever it is asked together with. Thread-safe.
 *
 * @param key doors of the same key must give the same answers
 * @param inputs how many there are
 * @param budgets that the model can keep
 * @param mappedBytes of weights that are pages of the system's own, at least
 */
record Door(String key, int inputs, List<Budget> budgets, long mappedBytes, Ask ask, AutoCloseable end) {
    /** Asks for some inputs, and gives the bits of each one's answer. */
    @FunctionalInterface
    interface Ask {
        List<byte[]> of(List<Integer> inputs, Budget budget, Deadline deadline) throws Exception;
    }

    void close() {
        try {
            end.close();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(key + " cannot be closed", e);
        }
    }
}
