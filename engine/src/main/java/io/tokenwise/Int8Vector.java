package io.tokenwise;

import java.util.Arrays;

/**
 * A vector in signed bytes, symmetric: each value times the scale is the vector's value, off by half a scale at most.
 *
 * @param values {@code [dimensions]}, from -127 to 127
 * @param scale the largest magnitude over 127; 0 for a vector of zeros, no finite number for one that has such a value
 */
public record Int8Vector(byte[] values, float scale) {
    /**
     * {@return the nearest to a vector}
     *
     * @param vector {@code [dimensions]}
     */
    public static Int8Vector of(float[] vector) {
        float most = 0;
        for (float value : vector) {
            most = Math.max(most, Math.abs(value));
        }
        float scale = most / Byte.MAX_VALUE;
        var values = new byte[vector.length];
        for (int i = 0; i < vector.length && scale > 0; i++) {
            values[i] = (byte) Math.clamp(Math.round(vector[i] / scale), -Byte.MAX_VALUE, Byte.MAX_VALUE);
        }
        return new Int8Vector(values, scale);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Int8Vector vector
                && Arrays.equals(values, vector.values)
                && Float.compare(scale, vector.scale) == 0;
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(values) + Float.hashCode(scale);
    }

    @Override
    public String toString() {
        return "Int8Vector[" + values.length + " values, scale " + scale + "]";
    }
}
