package io.tokenwise.kernels;

/**
 * Operations on whole rows of a row-major {@code [rows, columns]} matrix, over rows {@code from} (inclusive) to {@code to} (exclusive),
 * or, where a gradient is summed over rows, over a range of columns.
 */
public interface RowOps {
    /** Rows shorter than this are divided by it when they are normalized, so that a zero row stays zero. */
    float SMALLEST_NORM = 1e-12f;

    /**
     * {@code y = (x - mean) / sqrt(variance + epsilon) * gamma + beta} for each row. {@code statistics} is null or receives
     * {@code [rows, 2]}: mean and reciprocal standard deviation. y may be x.
     */
    void layerNorm(
            Floats x,
            Floats gamma,
            Floats beta,
            float epsilon,
            Floats y,
            Floats statistics,
            int columns,
            int from,
            int to);

    /** Gradient of {@link #layerNorm} for x; {@code statistics} as written by it. dx may be dy. */
    void layerNormBackward(
            Floats x, Floats gamma, Floats statistics, Floats dy, Floats dx, int columns, int from, int to);

    /** Adds the gradients for gamma and beta over all {@code rows}, for columns {@code from} to {@code to}. */
    void layerNormParameterGradient(
            Floats x,
            Floats statistics,
            Floats dy,
            Floats dGamma,
            Floats dBeta,
            int rows,
            int columns,
            int from,
            int to);

    /**
     * {@code y = x / sqrt(mean(x^2) + epsilon) * (gamma + plus)} for each part of the rows {@code from} to {@code to} (Zhang and Sennrich 2019).
     * {@code inverses} is null or receives {@code [rows, parts]}: the reciprocal roots. y has its parts where x has them; it may be x.
     *
     * @param plus 0, or 1 where gamma says by how much the factor is more than that
     */
    void rmsNorm(
            Floats x,
            RowParts parts,
            Floats gamma,
            float plus,
            float epsilon,
            Floats y,
            Floats inverses,
            int from,
            int to);

    /** Gradient of {@link #rmsNorm} for x; {@code inverses} as written by it. dx may be dy. */
    void rmsNormBackward(
            Floats x,
            RowParts parts,
            Floats gamma,
            float plus,
            Floats inverses,
            Floats dy,
            Floats dx,
            int from,
            int to);

    /** Adds the gradient for gamma over all parts of all {@code rows}, for columns {@code from} to {@code to} of a part. */
    void rmsNormParameterGradient(
            Floats x, RowParts parts, Floats inverses, Floats dy, Floats dGamma, int rows, int from, int to);

    /** Adds to {@code sums[columns]} the sum over {@code rows} of x, for columns {@code from} to {@code to}. */
    void addColumnSums(Floats x, Floats sums, int rows, int columns, int from, int to);

    /** Softmax of each row. y may be x. */
    void softmax(Floats x, Floats y, int columns, int from, int to);

    /** {@code dx = y * (dy - sum(y * dy))}. dx may be dy. */
    void softmaxBackward(Floats y, Floats dy, Floats dx, int columns, int from, int to);

    /** {@code y = x / max(|x|, 1e-12)} for each row. {@code norms} is null or receives {@code [rows]}. y may be x. */
    void l2Normalize(Floats x, Floats y, Floats norms, int columns, int from, int to);

    /** {@code dx = (dy - y * (y . dy)) / max(norm, 1e-12)}. dx may be dy. */
    void l2NormalizeBackward(Floats y, Floats norms, Floats dy, Floats dx, int columns, int from, int to);

    /**
     * Scales blocks of a row: {@code y[i, b * width + j] = x[i, b * width + j] * scale[i, b]}, x and y being {@code [rows, blocks * width]} and
     * scale {@code [rows, blocks]}. y may be x.
     */
    void scaleBlocks(Floats x, Floats scale, Floats y, int blocks, int width, int from, int to);

    /** Gradients of {@link #scaleBlocks}: {@code dx = dy * scale} (dx may be dy), {@code dScale[i, b] = sum_j dy * x}. */
    void scaleBlocksBackward(
            Floats x, Floats scale, Floats dy, Floats dx, Floats dScale, int blocks, int width, int from, int to);

    /**
     * Scales units of {@code width} columns by factors that need not lie in their order: {@code y[i, u * width + j] = x[i, u * width + j] *
     * scale[i, places[u]]}; a negative place is a factor of 1. x and y are {@code [rows,
     * places.length * width]}, scale {@code [rows, factors]}. y may be x.
     */
    void scaleUnits(Floats x, Floats scale, int factors, int[] places, Floats y, int width, int from, int to);

    /**
     * Puts units of {@code width} columns together: {@code y[i, u * width + j] = x[i, starts[u] + j]}; where a start is negative y stays as it is. x is
     * {@code [rows, columns]}, y {@code [rows, starts.length * width]}.
     */
    void gatherUnits(Floats x, int columns, int[] starts, int width, Floats y, int from, int to);

    /**
     * Gradients of {@link #scaleUnits}: {@code dx = dy * scale} (dx may be dy), {@code dScale[i, f]} the sum of {@code dy * x} over the units
     * whose place is f.
     */
    void scaleUnitsBackward(
            Floats x,
            Floats scale,
            int factors,
            int[] places,
            Floats dy,
            Floats dx,
            Floats dScale,
            int width,
            int from,
            int to);

    /** Outputs of {@link #dots} are computed in groups: its weights are padded with zero rows to a multiple of this. */
    int DOTS_GROUP = 2;

    /**
     * {@code y[i, j] = dot(x[i], w[j]) + bias[j]}: a product with few outputs, such as a gate's logits, for which packing rows would cost more
     * than multiplying them. {@code w} is {@code [outputs, columns]}, padded; y is {@code [rows, outputs]}.
     */
    void dots(Floats x, Floats w, Floats bias, int outputs, Floats y, int columns, int from, int to, Scratch scratch);
}
