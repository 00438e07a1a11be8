package io.tokenwise.natives.cuda;

/**
 * A convolution over the rows of a matrix: {@code y[rows', outputs]} of {@code x[rows, channels]}, where each row of y is the product of
 * {@code w[outputs, kernel, channels]} with {@code kernel} rows of x, which begin {@code stride} rows after those of the row before. All is dense,
 * row-major float32.
 *
 * @param padding how many rows of zeros are thought before the first and after the last
 */
public record ConvolutionSpec(int rows, int channels, int outputs, int kernel, int stride, int padding) {
    /** @throws IllegalArgumentException if a number is less than 1 (padding: 0), or y would have no row */
    public ConvolutionSpec {
        if (rows < 1 || channels < 1 || outputs < 1 || kernel < 1 || stride < 1 || padding < 0) {
            throw new IllegalArgumentException(
                    "convolution: rows %d, channels %d, outputs %d, kernel %d, stride %d, padding %d"
                            .formatted(rows, channels, outputs, kernel, stride, padding));
        }
        if (rows + 2L * padding < kernel) {
            throw new IllegalArgumentException(
                    "convolution: %d rows and twice %d of padding are less than the kernel's %d"
                            .formatted(rows, padding, kernel));
        }
    }

    /** How many rows y has. */
    public int outputRows() {
        return (int) ((rows + 2L * padding - kernel) / stride + 1);
    }

    long xBytes() {
        return (long) rows * channels * Float.BYTES;
    }

    long wBytes() {
        return (long) outputs * kernel * channels * Float.BYTES;
    }

    long yBytes() {
        return (long) outputRows() * outputs * Float.BYTES;
    }

    @Override
    public String toString() {
        return "convolution x[%d, %d] w[%d, %d, %d], stride %d, padding %d"
                .formatted(rows, channels, outputs, kernel, channels, stride, padding);
    }
}
