package io.tokenwise.kernels;

/**
 * Equal parts of each row that are rows of their own to an operation, such as the heads of a projection: part p of row i begins at value {@code i * stride +
 * first + p * columns}.
 */
public record RowParts(int stride, int first, int parts, int columns) {
    /** The whole rows. */
    public static RowParts whole(int columns) {
        return new RowParts(columns, 0, 1, columns);
    }

    long at(int row, int part) {
        return (long) row * stride + first + (long) part * columns;
    }
}
