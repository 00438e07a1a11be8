package io.tokenwise.autograd;

import io.tokenwise.backend.Backend;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.util.function.IntToDoubleFunction;
import java.util.random.RandomGenerator;

/** A row-major matrix of doubles: what the references of the tests compute with. */
public record Matrix(int rows, int columns, double[] values) {
    public static Matrix zeros(int rows, int columns) {
        return new Matrix(rows, columns, new double[rows * columns]);
    }

    /** Values of length 0.5 to 1.5 with random signs, exact as floats: no row is near zero, no two values are near each other. */
    public static Matrix random(int rows, int columns, RandomGenerator random) {
        return fill(rows, columns, i -> (float) ((random.nextBoolean() ? 1 : -1) * (0.5 + random.nextDouble())));
    }

    /** Normally distributed values, exact as floats. */
    public static Matrix gaussian(int rows, int columns, double deviation, RandomGenerator random) {
        return fill(rows, columns, i -> (float) (deviation * random.nextGaussian()));
    }

    public static Matrix fill(int rows, int columns, IntToDoubleFunction value) {
        Matrix matrix = zeros(rows, columns);
        for (int i = 0; i < matrix.values.length; i++) {
            matrix.values[i] = value.applyAsDouble(i);
        }
        return matrix;
    }

    /** Of a tensor of any backend. */
    public static Matrix of(Backend backend, Tensor tensor) {
        try (HostTensor values = backend.read(tensor)) {
            return fill(tensor.rows(), tensor.columns(), values::get);
        }
    }

    /** To a tensor of any backend. */
    public void copyTo(Backend backend, Tensor tensor) {
        try (HostTensor target = backend.write(tensor)) {
            for (int i = 0; i < values.length; i++) {
                target.set(i, (float) values[i]);
            }
        }
    }

    public static Matrix of(Tensor tensor) {
        return fill(tensor.rows(), tensor.columns(), i -> tensor.floats().get(i));
    }

    public void copyTo(Tensor tensor) {
        for (int i = 0; i < values.length; i++) {
            tensor.floats().set(i, (float) values[i]);
        }
    }

    public double get(int row, int column) {
        return values[row * columns + column];
    }

    public void set(int row, int column, double value) {
        values[row * columns + column] = value;
    }

    public double dot(Matrix other) {
        double sum = 0;
        for (int i = 0; i < values.length; i++) {
            sum += values[i] * other.values[i];
        }
        return sum;
    }

    /** {@code this + factor * other}, a new matrix. */
    public Matrix plus(double factor, Matrix other) {
        return fill(rows, columns, i -> values[i] + factor * other.values[i]);
    }

    public double largest() {
        double largest = 0;
        for (double value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    /** The largest difference between two elements; infinite if one is NaN. */
    public double distance(Matrix other) {
        double largest = 0;
        for (int i = 0; i < values.length; i++) {
            double difference = Math.abs(values[i] - other.values[i]);
            largest = Math.max(largest, Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference);
        }
        return largest;
    }

    public float[] floats() {
        var floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }
}
