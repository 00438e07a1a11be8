package io.tokenwise.kernels;

/**
 * One set of kernels: each family in the same implementation.
 *
 * <p>Kernels take numbers and give numbers. Shapes are checked by their callers; kernels only {@code assert}. Every kernel is
 * safe to call from several threads at once on ranges that do not overlap, and its result for a range does not depend on
 * how the whole is cut into ranges.
 *
 * @param name {@code scalar}, or {@code vector-512} and the like
 * @param why one line that says why this set was chosen
 */
public record Kernels(
        String name, String why, Gemm gemm, Elementwise elementwise, RowOps rows, SequenceOps sequences) {
}
