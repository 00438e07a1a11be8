package io.tokenwise.backend;

import io.tokenwise.kernels.SequenceOps;
import io.tokenwise.tensor.Tensor;
import java.util.Arrays;

/**
 * Where attention's columns lie if not head by head: each head is cut into units of 8 columns, unit i of head h being number {@code h * headSize / 8
 * + i}, and each array holds every unit's first column, a multiple of 8, in one matrix. Not to be changed afterwards.
 *
 * @param query first columns of the units of Q
 * @param key of K
 * @param value of V
 * @param context of the result, in which no unit may lie on another
 */
public record AttentionLayout(int[] query, int[] key, int[] value, int[] context) {
    private static final int UNIT = SequenceOps.UNIT;

    public AttentionLayout {
        query = units("query", query, query.length);
        key = units("key", key, query.length);
        value = units("value", value, query.length);
        context = units("context", context, query.length);
        int[] sorted = context.clone();
        Arrays.sort(sorted);
        for (int i = 1; i < sorted.length; i++) {
            if (sorted[i] == sorted[i - 1]) {
                throw new IllegalArgumentException(
                        "attention layout: two units of the context begin at column " + sorted[i]);
            }
        }
    }

    private static int[] units(String name, int[] columns, int count) {
        if (columns.length != count || count == 0) {
            throw new IllegalArgumentException("attention layout: " + columns.length + " units of " + name + " and "
                    + count + " of query; there are as many of each, and at least one");
        }
        for (int column : columns) {
            if (column < 0 || column % UNIT != 0) {
                throw new IllegalArgumentException("attention layout: a unit of " + name + " at column " + column
                        + ", which must be a multiple of " + UNIT);
            }
        }
        return columns.clone();
    }

    /** Whether each unit begins where the one before it ends. */
    public static boolean areSideBySide(int[] starts) {
        for (int i = 1; i < starts.length; i++) {
            if (starts[i] != starts[i - 1] + UNIT) {
                return false;
            }
        }
        return true;
    }

    /** The columns of all heads together. */
    public int columns() {
        return query.length * UNIT;
    }

    public void check(Tensor q, Tensor k, Tensor v, int heads, Tensor context) {
        if (heads < 1 || query.length % heads != 0) {
            throw new IllegalArgumentException("attention: " + columns() + " columns are not those of " + heads
                    + " heads of a multiple of " + UNIT + " columns");
        }
        check("query", q, q, query);
        check("key", q, k, key);
        check("value", q, v, value);
        check("context", q, context, this.context);
    }

    private static void check(String name, Tensor q, Tensor tensor, int[] columns) {
        if (tensor.rows() != q.rows()) {
            throw new IllegalArgumentException(
                    "attention " + name + ": rows differ: " + q.shape() + " and " + tensor.shape());
        }
        for (int column : columns) {
            if (column > tensor.columns() - UNIT) {
                throw new IllegalArgumentException(
                        "attention " + name + ": a unit at column " + column + " is outside " + tensor.shape());
            }
        }
    }
}
