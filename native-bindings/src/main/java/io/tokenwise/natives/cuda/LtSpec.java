package io.tokenwise.natives.cuda;

/**
 * A product {@code y[rows, n] = x[rows, k] w[k, n]}, of any number of rows; all matrices are row-major.
 *
 * @param type of x and w; y is float32
 * @param transposedX whether x lies as {@code [k, rows]}
 * @param transposedW whether w lies as {@code [n, k]}
 * @param bias whether a float32 {@code [n]} is added to each row
 * @param xStride values from a row of x to the next, as it lies; 0 if they are dense, as they must be if x is transposed
 * @param wStride the same of w as it lies
 * @param yStride the same of y
 */
public record LtSpec(
        int k,
        int n,
        LtType type,
        boolean transposedX,
        boolean transposedW,
        boolean bias,
        int xStride,
        int wStride,
        int yStride) {
    /** @throws IllegalArgumentException if k or n is less than 1, or a stride less than a row */
    public LtSpec {
        if (k < 1 || n < 1) {
            throw new IllegalArgumentException("product: k = " + k + ", n = " + n + "; 1 is the least");
        }
        check("x", xStride, transposedX ? Integer.MAX_VALUE : k);
        check("w", wStride, transposedW ? k : n);
        check("y", yStride, n);
    }

    /** Of dense matrices. */
    public LtSpec(int k, int n, LtType type, boolean transposedX, boolean transposedW, boolean bias) {
        this(k, n, type, transposedX, transposedW, bias, 0, 0, 0);
    }

    private static void check(String name, int stride, int least) {
        if (stride != 0 && stride < least) {
            throw new IllegalArgumentException("product: a stride of " + stride + " for " + name
                    + (least == Integer.MAX_VALUE ? ", which is transposed" : ", whose rows have " + least));
        }
    }

    long xBytes(long rows) {
        return (xStride == 0 ? rows * k : (rows - 1) * xStride + k) * type.bytes;
    }

    long wBytes() {
        int lines = transposedW ? n : k;
        int each = transposedW ? k : n;
        return ((lines - 1L) * (wStride == 0 ? each : wStride) + each) * type.bytes;
    }

    long yBytes(long rows) {
        return ((rows - 1) * (yStride == 0 ? n : yStride) + n) * Float.BYTES;
    }

    long biasBytes() {
        return (long) n * Float.BYTES;
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
