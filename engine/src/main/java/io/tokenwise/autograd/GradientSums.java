package io.tokenwise.autograd;

import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * Sums of the gradients of a model's trainable parameters apart from {@link Parameter#gradient}, for a backward pass that runs at the same time as
 * another: which sum a part of a batch goes to is fixed, so the bits do not depend on which thread is faster. One pass at a time.
 */
public final class GradientSums implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final Map<Parameter, Tensor> sums = new IdentityHashMap<>();

    /** Zeros. */
    public GradientSums(Parameters parameters) {
        try {
            for (Parameter parameter : parameters.all()) {
                if (parameter.trainable()) {
                    Tensor value = parameter.value();
                    sums.put(parameter, parameters.backend().allocate(arena, value.rows(), value.columns()));
                }
            }
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    /** Null if the parameter is not trainable. */
    Tensor of(Parameter parameter) {
        return sums.get(parameter);
    }

    /** Adds them to the parameters' own and makes them zero. */
    public void moveToParameters(Stream stream) {
        sums.forEach((parameter, sum) -> {
            stream.add(parameter.gradient(), sum, parameter.gradient());
            stream.fill(sum, 0);
        });
    }

    @Override
    public void close() {
        arena.close();
    }
}
