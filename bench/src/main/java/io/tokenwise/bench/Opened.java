package io.tokenwise.bench;

import java.util.ArrayDeque;
import java.util.Deque;

/** What a run has opened, to be closed in reverse order. For one thread. */
final class Opened implements AutoCloseable {
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    <T extends AutoCloseable> T add(T one) {
        opened.push(one);
        return one;
    }

    /** @throws IllegalStateException if one cannot be closed */
    @Override
    public void close() {
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (Exception e) {
                throw new IllegalStateException("cannot close an engine: " + e.getMessage(), e);
            }
        }
    }
}
