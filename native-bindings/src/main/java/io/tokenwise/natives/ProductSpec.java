package io.tokenwise.natives;

/**
 * What a matrix product C = A B is made for: A is {@code [rows, k]}, B {@code [k, n]}, C {@code [rows, n]}, all row-major unless said otherwise. B is dense;
 * A and C may be columns of wider matrices.
 *
 * @param k inner dimension, at least 1
 * @param n columns of B and C, at least 1
 * @param aStride elements from one row of A to the next, at least k
 * @param cStride elements from one row of C to the next, at least n
 * @param transposedA A lies in memory as {@code [k, rows]}, dense
 * @param plainB B is used as it lies in memory instead of in a packed form
 * @param transposedB a plain B lies in memory as {@code [n, k]}, row-major; else as {@code [k, n]}
 */
public record ProductSpec(
        int k,
        int n,
        DataType a,
        DataType b,
        DataType c,
        int aStride,
        int cStride,
        boolean transposedA,
        boolean plainB,
        boolean transposedB) {

    public ProductSpec {
        if (k < 1 || n < 1) {
            throw new IllegalArgumentException("product: k and n must be at least 1, but B is [" + k + ", " + n + "]");
        }
        if (aStride < k || cStride < n || transposedA && aStride != k) {
            throw new IllegalArgumentException("product: rows of " + k + " and " + n + " elements cannot be " + aStride
                    + " and " + cStride + " apart; strides are at least k and n, and a transposed A is dense");
        }
        if (transposedB && !plainB) {
            throw new IllegalArgumentException("product: only a plain B can lie in memory as its transpose");
        }
        boolean floats = (a == DataType.F32 || a == DataType.BF16) && b == a && (c == DataType.F32 || c == a);
        boolean integers = (a == DataType.U8 || a == DataType.S8) && b == DataType.S8 && c == DataType.S32;
        boolean sevenBits = a == DataType.U7 && b == DataType.S7 && c == DataType.S32;
        if (!floats && !integers && !sevenBits) {
            throw new IllegalArgumentException("product: no " + a + " x " + b + " -> " + c
                    + "; there are F32 x F32 -> F32, BF16 x BF16 -> F32 or BF16, U8 or S8 x S8 -> S32, U7 x S7 -> S32");
        }
    }

    /** C = A B with B packed: what a layer does. */
    public static ProductSpec of(int k, int n, DataType a, DataType b, DataType c) {
        return new ProductSpec(k, n, a, b, c, k, n, false, false, false);
    }

    /** The same product with A and C as columns of matrices whose rows have so many elements. */
    public ProductSpec within(int newAStride, int newCStride) {
        return new ProductSpec(k, n, a, b, c, newAStride, newCStride, transposedA, plainB, transposedB);
    }

    /** C = A' B with both operands as they lie in memory: what a weight's gradient needs. */
    public static ProductSpec gradient(int k, int n, DataType operands) {
        return new ProductSpec(k, n, operands, operands, DataType.F32, k, n, true, true, false);
    }

    /** C = A B, or A B', with B as it lies in memory: what a head of attention needs, whose B is another each time. */
    public static ProductSpec unpacked(int k, int n, DataType operands, boolean transposedB) {
        return new ProductSpec(k, n, operands, operands, DataType.F32, k, n, false, true, transposedB);
    }

    /** Bytes from the first element of A to its last, for a number of rows. */
    public long aBytes(int rows) {
        return ((rows - 1L) * aStride + k) * a.bytes();
    }

    /** Bytes of B as it lies in memory unpacked. */
    public long bBytes() {
        return (long) k * n * b.bytes();
    }

    /** Bytes from the first element of C to its last, for a number of rows. */
    public long cBytes(int rows) {
        return ((rows - 1L) * cStride + n) * c.bytes();
    }

    @Override
    public String toString() {
        return "product " + a + (transposedA ? " [" + k + ", rows]'" : " [rows, " + k + "]") + " x " + b + " [" + k
                + ", " + n + "]" + (transposedB ? "'" : "") + (plainB ? " plain" : "") + " -> " + c;
    }
}
