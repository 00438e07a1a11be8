package io.tokenwise.kernels;

/** Matrix products with a packed right-hand side. */
public interface Gemm {
    /** Floats that a packed {@code [k, n]} matrix takes; its memory must be 64-byte aligned. */
    long packedFloats(int k, int n);

    /** Columns that make one packed panel: the unit in which column ranges are cut. */
    int panelColumns();

    /**
     * Packs panels {@code panelFrom} (inclusive) to {@code panelTo} (exclusive) of B {@code [k, n]}. Element (p, j) is read from
     * {@code p * bStride + j}; if {@code transposed}, from {@code j * bStride + p}.
     */
    void pack(Floats b, int bStride, boolean transposed, int k, int n, Floats packed, int panelFrom, int panelTo);

    /**
     * Computes rows {@code rowFrom} to {@code rowTo} and columns {@code columnFrom} to {@code columnTo} (ends exclusive) of the
     * product. {@code columnFrom} is a multiple of {@link #panelColumns()}; {@code columnTo} too, or n.
     */
    void multiply(GemmCall call, int rowFrom, int rowTo, int columnFrom, int columnTo, Scratch scratch);
}
