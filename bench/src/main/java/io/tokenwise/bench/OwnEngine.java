package io.tokenwise.bench;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A backend and precision of our own engine, named as {@code vector-f32} or {@code onednn-s8}. */
public record OwnEngine(BackendChoice.Kind kind, Precision precision) {
    static final OwnEngine VECTOR_F32 = new OwnEngine(BackendChoice.Kind.VECTOR, Precision.F32);

    /** All that race. */
    static final List<OwnEngine> RACING = List.of(
            VECTOR_F32,
            new OwnEngine(BackendChoice.Kind.ONEDNN, Precision.F32),
            new OwnEngine(BackendChoice.Kind.ONEDNN, Precision.BF16),
            new OwnEngine(BackendChoice.Kind.ONEDNN, Precision.S8),
            new OwnEngine(BackendChoice.Kind.ONEDNN, Precision.S7));

    /** Those whose precision may be chosen unasked. */
    static List<OwnEngine> unasked() {
        return RACING.stream()
                .filter(engine -> engine.precision != Precision.S7)
                .toList();
    }

    public String name() {
        return kind.label() + "-" + precision.label();
    }

    /** For people: {@code onednn s8}. */
    String label() {
        return kind.label() + " " + precision.label();
    }

    /** Whether this machine can run them or not. */
    public static List<OwnEngine> all() {
        var all = new ArrayList<OwnEngine>(List.of(VECTOR_F32));
        for (Precision precision : Precision.values()) {
            all.add(new OwnEngine(BackendChoice.Kind.ONEDNN, precision));
        }
        return all;
    }

    /** @throws IllegalArgumentException if none has the name */
    static OwnEngine named(String name) {
        return all().stream()
                .filter(engine -> engine.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no engine is called " + name + "; there are "
                        + String.join(", ", all().stream().map(OwnEngine::name).toList())));
    }

    /** What an engine's options say of it. */
    public EngineOptions options() {
        return EngineOptions.defaults().withBackend(new BackendChoice(kind, precision));
    }

    /** @throws IllegalArgumentException if this machine cannot run it */
    Backend open(int threads) {
        return Backends.open(new BackendChoice(kind, precision), threads);
    }

    /** Why this machine cannot run it; empty if it can. */
    public Optional<String> refusal() {
        try (Backend _ = open(1)) {
            return Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.of(e.getMessage());
        }
    }

    boolean isFloat32() {
        return precision == Precision.F32;
    }
}
