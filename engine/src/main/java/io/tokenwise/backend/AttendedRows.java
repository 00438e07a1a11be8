package io.tokenwise.backend;

import io.tokenwise.tensor.Tensor;

/**
 * Which rows attend to which: those of each sequence of the queries to those of the same sequence of the keys, which may have another length.
 *
 * @param queryOffsets cut the queries' rows into sequences
 * @param keyOffsets cut the rows of keys and values into as many
 * @param keyColumn where keys begin; values follow after them. Queries begin with the first column
 * @param causal whether a query sees only keys up to its own place
 */
public record AttendedRows(
        int[] queryOffsets, int[] keyOffsets, int sequences, int keyColumn, int heads, boolean causal) {
    /** Where each sequence's probabilities begin, {@code [heads, queries, keys]}; after the last one how many there are. */
    public long[] probabilityOffsets() {
        var offsets = new long[sequences + 1];
        for (int i = 0; i < sequences; i++) {
            long queries = queryOffsets[i + 1] - queryOffsets[i];
            long keys = keyOffsets[i + 1] - keyOffsets[i];
            offsets[i + 1] = offsets[i] + heads * queries * keys;
        }
        return offsets;
    }

    /** Probabilities in all. */
    public int probabilities() {
        return Math.toIntExact(probabilityOffsets()[sequences]);
    }

    public void check(String operation, Tensor queries, Tensor keysValues, Tensor contexts, Tensor probabilities) {
        Shapes.offsets(operation, queryOffsets, sequences, queries.rows());
        Shapes.offsets(operation, keyOffsets, sequences, keysValues.rows());
        int hidden = contexts.columns();
        Shapes.require(operation, contexts, queries.rows(), hidden);
        if (hidden % heads != 0 || queries.columns() < hidden || keysValues.columns() < keyColumn + 2 * hidden) {
            throw new IllegalArgumentException(operation + ": queries " + queries.shape() + " and keys and values "
                    + keysValues.shape() + " from column " + keyColumn + " on do not give contexts " + contexts.shape()
                    + " of " + heads + " heads");
        }
        for (int i = 0; causal && i < sequences; i++) {
            if (queryOffsets[i + 1] - queryOffsets[i] != keyOffsets[i + 1] - keyOffsets[i]) {
                throw new IllegalArgumentException(
                        operation + ": sequence " + i + " has other queries than keys, so it cannot be causal");
            }
        }
        Shapes.require(operation, probabilities, 1, probabilities());
    }
}
