package io.tokenwise.kernels;

/**
 * The operands of one matrix product {@code C[scatter[i], :] (+)= act(A[gather[i], :] B + bias) + residual}; plain fields, so that one
 * object serves many calls without allocation. {@code A} is {@code [m, k]}, {@code B} is {@code [k, n]} and packed, {@code C} is
 * {@code [m, n]}; all row-major.
 *
 * <p>An element of C is the sum over k in ascending order, in a fixed blocking that depends on k alone: its bits depend
 * neither on m, n, the other rows, nor on how the product is cut into row and column ranges.
 */
public final class GemmCall {
    public int m;
    public int n;
    public int k;

    /** Element (i, p) lies at {@code row(i) * aStride + p}; if {@link #aTransposed}, at {@code p * aStride + i}. */
    public Floats a;

    public int aStride;
    public boolean aTransposed;

    /** Row of A that is read as row i, or null for row i itself. Not with {@link #aTransposed}. */
    public int[] gather;

    /** The matrix B, written by {@link Gemm#pack}. */
    public Floats packedB;

    public Floats c;
    public int cStride;

    /** Row of C (and of {@link #residual}) that row i is written to, or null for row i itself. */
    public int[] scatter;

    /** Adds to what C holds instead of overwriting it. Not with {@link #gelu}, {@link #bias} or {@link #residual}. */
    public boolean accumulate;

    /** Values {@code [n]} added to each row, or null. */
    public Floats bias;

    /** Applies erf-GELU after the bias. */
    public boolean gelu;

    /** Values with C's layout and stride, added last, or null. May be C itself. */
    public Floats residual;

    /** Clears the optional operands. */
    public GemmCall clear() {
        aTransposed = false;
        gather = null;
        scatter = null;
        accumulate = false;
        bias = null;
        gelu = false;
        residual = null;
        return this;
    }
}
