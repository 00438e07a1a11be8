package io.tokenwise.bench;

import io.tokenwise.backend.Backend;
import io.tokenwise.backend.VectorBackend;
import java.util.List;
import java.util.function.IntFunction;

/**
 * A backend and precision of our own engine.
 *
 * @param open a backend with so many threads
 */
record OwnEngine(String backend, String precision, IntFunction<Backend> open) {
    /** All that race. */
    static final List<OwnEngine> ALL = List.of(new OwnEngine("vector", "f32", VectorBackend::open));

    /** {@code vector-f32}, as names of contenders have it. */
    String name() {
        return backend + "-" + precision;
    }

    /** @throws IllegalArgumentException if none has the name */
    static OwnEngine named(String name) {
        return ALL.stream()
                .filter(engine -> engine.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no engine is called " + name + "; there are "
                        + String.join(", ", ALL.stream().map(OwnEngine::name).toList())));
    }

    boolean isFloat32() {
        return precision.equals("f32");
    }
}
