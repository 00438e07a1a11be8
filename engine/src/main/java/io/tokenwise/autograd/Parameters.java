package io.tokenwise.autograd;

import io.tokenwise.backend.Backend;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * All parameters of one model by name, in the order of their creation, and the native memory they lie in; closing frees it.
 * Changing the set is not thread-safe.
 */
public final class Parameters implements AutoCloseable {
    /** A buffer has less than 2 GiB. */
    private static final long CHECKED_BYTES = 1 << 30;

    private final Backend backend;
    private final Arena arena = Arena.ofShared();
    private final Map<String, Parameter> byName = new LinkedHashMap<>();

    public Parameters(Backend backend) {
        this.backend = backend;
    }

    public Backend backend() {
        return backend;
    }

    /** A new parameter of a layer, {@code [rows, columns]}, zero: its weight, or, of one row, its bias. */
    public Parameter add(String name, int rows, int columns) {
        return add(name, rows, columns, Parameter.Part.LAYER, rows == 1 ? Parameter.Kind.BIAS : Parameter.Kind.WEIGHT);
    }

    /** A new parameter {@code [rows, columns]}, zero. */
    public Parameter add(String name, int rows, int columns, Parameter.Part part, Parameter.Kind kind) {
        Parameter parameter = new Parameter(backend, name, part, kind, constant(rows, columns));
        if (byName.putIfAbsent(name, parameter) != null) {
            throw new IllegalArgumentException("parameter " + name + " exists already");
        }
        return parameter;
    }

    /** A zero tensor in the form of a parameter that is not part of the model: neither stored nor counted nor trained. */
    public Parameter fixed(String name, int rows, int columns) {
        return new Parameter(backend, name, Parameter.Part.LAYER, Parameter.Kind.BIAS, constant(rows, columns));
    }

    /** Takes a parameter out of the set, as when its layer is replaced. Its memory stays until close. */
    public void remove(Parameter parameter) {
        byName.remove(parameter.name());
    }

    public Collection<Parameter> all() {
        return byName.values();
    }

    public boolean contains(Parameter parameter) {
        return byName.get(parameter.name()) == parameter;
    }

    public Parameter get(String name) {
        Parameter parameter = byName.get(name);
        if (parameter == null) {
            throw new IllegalArgumentException("no parameter " + name);
        }
        return parameter;
    }

    /**
     * Makes the parameter trainable.
     *
     * @throws IllegalArgumentException if the backend multiplies in a type that gradients cannot be had in
     */
    public void train(Parameter parameter) {
        if (backend.precision().isOfBytes()) {
            throw new IllegalArgumentException("training: precision "
                    + backend.precision().label() + " is for inference only; train in f32 or bf16");
        }
        if (!parameter.trainable()) {
            Tensor value = parameter.value();
            parameter.gradient(constant(value.rows(), value.columns()));
        }
    }

    /** A {@link #fixed} one of the parameter's shape, named after it. */
    Parameter like(Parameter parameter, String suffix) {
        return fixed(
                parameter.name() + suffix,
                parameter.value().rows(),
                parameter.value().columns());
    }

    /** A zero tensor that is no parameter and lives as long as this set. */
    public Tensor constant(int rows, int columns) {
        return backend.allocate(arena, rows, columns);
    }

    /** Of all values, in their order: another one for other weights. */
    public long checksum() {
        var sum = new CRC32();
        for (Parameter parameter : all()) {
            try (HostTensor values = parameter.read()) {
                MemorySegment all = values.segment();
                for (long from = 0; from < all.byteSize(); from += CHECKED_BYTES) {
                    long length = Math.min(CHECKED_BYTES, all.byteSize() - from);
                    sum.update(all.asSlice(from, length).asByteBuffer());
                }
            }
        }
        return sum.getValue();
    }

    Arena arena() {
        return arena;
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
