package io.tokenwise.references;

import java.util.Arrays;

/** Values of a tensor, row by row. */
public record Array(float[] values, long... shape) {
    public Array {
        if (Arrays.stream(shape).reduce(1, Math::multiplyExact) != values.length) {
            throw new IllegalArgumentException(values.length + " values for the shape " + Arrays.toString(shape));
        }
    }
}
