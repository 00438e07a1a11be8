package io.tokenwise.session;

import io.tokenwise.backend.Backend;

/** Where models run: a backend, and the sessions that they share there. */
record Place(Backend backend, SessionPool sessions) implements AutoCloseable {
    static Place of(Backend backend, int calls) {
        return new Place(backend, new SessionPool(backend, calls));
    }

    @Override
    public void close() {
        sessions.close();
        backend.close();
    }
}
