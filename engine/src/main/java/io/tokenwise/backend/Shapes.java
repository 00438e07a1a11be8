package io.tokenwise.backend;

import io.tokenwise.tensor.Tensor;
import java.util.List;

/** Shape checks that name the operation and both shapes. */
public final class Shapes {
    private Shapes() {}

    public static void same(String operation, Tensor a, Tensor b) {
        if (!a.sameShape(b)) {
            throw new IllegalArgumentException(operation + ": shapes differ: " + a.shape() + " and " + b.shape());
        }
    }

    public static void sameColumns(String operation, Tensor a, Tensor b) {
        if (a.columns() != b.columns()) {
            throw new IllegalArgumentException(operation + ": columns differ: " + a.shape() + " and " + b.shape());
        }
    }

    /** {@code vector} is {@code [1, columns]}. */
    public static void vector(String operation, Tensor vector, int columns) {
        require(operation, vector, 1, columns);
    }

    public static void require(String operation, Tensor tensor, int rows, int columns) {
        if (tensor.rows() != rows || tensor.columns() != columns) {
            throw new IllegalArgumentException(
                    operation + ": expected [" + rows + ", " + columns + "], got " + tensor.shape());
        }
    }

    static void product(String operation, Tensor x, PackedMatrix w, Tensor y) {
        if (x.columns() != w.inputs()) {
            throw new IllegalArgumentException(operation + ": inner dimensions differ: " + x.shape() + " x " + w.shape()
                    + " (" + x.columns() + " != " + w.inputs() + ")");
        }
        if (y.columns() != w.outputs()) {
            throw new IllegalArgumentException(
                    operation + ": " + x.shape() + " x " + w.shape() + " does not fit " + y.shape());
        }
    }

    /** Offsets ascend from 0 to {@code rows}. */
    public static void offsets(String operation, int[] offsets, int sequences, int rows) {
        if (sequences < 0 || offsets.length <= sequences || offsets[0] != 0 || offsets[sequences] != rows) {
            throw new IllegalArgumentException(
                    operation + ": offsets of " + sequences + " sequences do not cover the " + rows + " rows");
        }
        for (int i = 0; i < sequences; i++) {
            if (offsets[i + 1] <= offsets[i]) {
                throw new IllegalArgumentException(operation + ": sequence " + i + " is empty or out of order");
            }
        }
    }

    /** The first {@code count} entries are rows of a matrix with {@code limit} rows. */
    public static void rows(String operation, int[] rows, int count, int limit) {
        if (count > rows.length) {
            throw new IllegalArgumentException(operation + ": " + count + " rows wanted, " + rows.length + " given");
        }
        for (int i = 0; i < count; i++) {
            if (rows[i] < 0 || rows[i] >= limit) {
                throw new IllegalArgumentException(
                        operation + ": row " + rows[i] + " is outside a matrix of " + limit + " rows");
            }
        }
    }

    /** As many biases as weights, each as wide as its weight's outputs. */
    static void slices(String operation, List<PackedMatrix> weights, List<Tensor> biases) {
        if (weights.isEmpty() || biases.size() != weights.size()) {
            throw new IllegalArgumentException(operation + ": " + weights.size() + " weights and " + biases.size()
                    + " biases, but each slice has one of each, and there is at least one slice");
        }
        for (int n = 0; n < weights.size(); n++) {
            vector(operation, biases.get(n), weights.get(n).outputs());
        }
    }

    /** A routing of as many rows as x has; all learners together are one slice, and fewer of them so many at most. */
    static void routed(String operation, Routing routing, int whole, int partly, Tensor x) {
        if (routing.rows() != x.rows()) {
            throw new IllegalArgumentException(
                    operation + ": a routing of " + routing.rows() + " rows does not fit " + x.shape());
        }
        if (whole != 1) {
            throw new IllegalArgumentException(
                    operation + ": " + whole + " slices for rows with all learners; these use one");
        }
        if (partly >= routing.learners()) {
            throw new IllegalArgumentException(operation + ": " + partly + " slices, but rows that do not have all "
                    + routing.learners() + " learners use at most " + (routing.learners() - 1));
        }
    }
}
