package io.tokenwise.natives.cuda;

/**
 * A product {@code y[rows, n] = x[rows, k] w[k, n]}, of any number of rows; all matrices are dense and row-major.
 *
 * @param type of x and w; y is float32
 * @param transposedX whether x lies as {@code [k, rows]}
 * @param transposedW whether w lies as {@code [n, k]}
 * @param bias whether a float32 {@code [n]} is added to each row
 */
public record LtSpec(int k, int n, LtType type, boolean transposedX, boolean transposedW, boolean bias) {
    /** @throws IllegalArgumentException if k or n is less than 1 */
    public LtSpec {
        if (k < 1 || n < 1) {
            throw new IllegalArgumentException("product: k = " + k + ", n = " + n + "; 1 is the least");
        }
    }

    long xBytes(long rows) {
        return rows * k * type.bytes;
    }

    long wBytes() {
        return (long) k * n * type.bytes;
    }

    long yBytes(long rows) {
        return rows * n * Float.BYTES;
    }

    @Override
    public String toString() {
        return "%s x[rows, %d]%s w[%d, %d]%s%s"
                .formatted(
                        type,
                        k,
                        transposedX ? " (transposed)" : "",
                        k,
                        n,
                        transposedW ? " (transposed)" : "",
                        bias ? " + bias" : "");
    }
}
