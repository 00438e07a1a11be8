package io.tokenwise.backend;

import io.tokenwise.kernels.Elementwise.AdamWStep;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.List;

/**
 * The operations of a backend, one method each; the caller gives the tensors that receive results. Shapes are checked here, with
 * errors that name the operation and both shapes.
 *
 * <p>One caller at a time. Several streams of one backend may work at once.
 */
public interface Stream {
    // ---- matrix products

    /** Packs {@code source}, or its transpose, into {@code target}. */
    void pack(Tensor source, boolean transposed, PackedMatrix target);

    /** Packs the slices, in order, into which {@code source} is cut along its columns or its rows. */
    void packSlices(Tensor source, List<PackedMatrix> slices);

    /** {@code y = act(x W + bias) + residual}; act is erf-GELU or nothing, bias {@code [1, outputs]} and residual may be null. */
    void linear(Tensor x, PackedMatrix weight, Tensor bias, boolean gelu, Tensor residual, Tensor y);

    /**
     * An MLP of which not every row uses every slice: {@code y[r] = slice_0(x[r]) + .. + residual[r]}, where slice n is used by the first
     * {@code sliceRows[n]} entries of rows, or, if rows is null, by the first rows themselves. No row may be named twice. A row that
     * uses no slice is left alone.
     *
     * @param sliceRows descending, one number for each slice
     * @param residual like y, may be y, or null
     * @param units {@code [sliceRows[0], units of the widest slice]}, working memory
     */
    void mlp(Tensor x, int[] rows, int[] sliceRows, MlpSlices slices, Tensor residual, Tensor units, Tensor y);

    /**
     * A product of which not every row uses every slice of the outputs: slice n's columns of {@code y[r]} are {@code x[r] weight_n + bias_n} for the
     * first {@code sliceRows[n]} entries of rows. All other columns of the first {@code count} entries are those of rest; rows that are not among
     * them are left alone.
     *
     * @param rows none of them twice, or null for the rows in their own order
     * @param sliceRows descending, one number for each slice, at most count
     * @param rest like a row of y
     * @param y as many rows as x, and at least the columns of all slices
     */
    void linearSlices(Tensor x, int[] rows, int count, int[] sliceRows, OutputSlices slices, Tensor rest, Tensor y);

    /**
     * A product of which not every row uses every slice of the inputs: {@code y[r] = x_0[r] weight_0 + bias_0 + .. + residual[r]}, where x_n are slice
     * n's columns of x, and slice n is used by the first {@code sliceRows[n]} entries of rows, or, if rows is null, by the first rows
     * themselves. No row may be named twice. A row that uses no slice is left alone.
     *
     * @param x at least the columns of all slices
     * @param sliceRows descending, one number for each slice
     * @param residual like y, may be y, or null
     */
    void sumSlices(Tensor x, int[] rows, int[] sliceRows, InputSlices slices, Tensor residual, Tensor y);

    /**
     * {@code y = x weight^T + bias} for few outputs, such as a gate's logits, without packing.
     *
     * @param weight {@code [outputs rounded up to a multiple of RowOps.DOTS_GROUP, inputs]}, the rows beyond outputs zero
     */
    void dots(Tensor x, Tensor weight, Tensor bias, Tensor y);

    /** {@code dWeight += x^T dy}; working memory is taken from the workspace and given back. */
    void weightGradient(Tensor x, Tensor dy, Workspace workspace, Tensor dWeight);

    // ---- values

    void gelu(Tensor x, Tensor y);

    /** {@code dx = dy * gelu'(x)}. */
    void geluBackward(Tensor x, Tensor dy, Tensor dx);

    void add(Tensor a, Tensor b, Tensor y);

    /** {@code y += factor * x}. */
    void addScaled(Tensor x, float factor, Tensor y);

    void copy(Tensor x, Tensor y);

    void fill(Tensor x, float value);

    double sumOfSquares(Tensor x);

    /** {@code y[rows[i]] = x[rows[i]] + bias} for the entries {@code from} (inclusive) to {@code to} (exclusive) of rows. */
    void addBias(Tensor x, int[] rows, int from, int to, Tensor bias, Tensor y);

    // ---- rows

    /** {@code statistics [rows, 2]} may be null; it is what {@link #layerNormBackward} needs. */
    void layerNorm(Tensor x, Tensor gamma, Tensor beta, float epsilon, Tensor y, Tensor statistics);

    void layerNormBackward(Tensor x, Tensor gamma, Tensor statistics, Tensor dy, Tensor dx);

    /** Adds to dGamma and dBeta. */
    void layerNormParameterGradient(Tensor x, Tensor statistics, Tensor dy, Tensor dGamma, Tensor dBeta);

    /** {@code sums += } the sum of x over rows; sums is {@code [1, columns]}. */
    void addColumnSums(Tensor x, Tensor sums);

    void softmax(Tensor x, Tensor y);

    void softmaxBackward(Tensor y, Tensor dy, Tensor dx);

    /** {@code norms [1, rows]} may be null. */
    void l2Normalize(Tensor x, Tensor y, Tensor norms);

    void l2NormalizeBackward(Tensor y, Tensor norms, Tensor dy, Tensor dx);

    /** {@code y = x * scale}, scale {@code [rows, blocks]} covering blocks of x's columns. */
    void scaleBlocks(Tensor x, Tensor scale, Tensor y);

    void scaleBlocksBackward(Tensor x, Tensor scale, Tensor dy, Tensor dx, Tensor dScale);

    /**
     * {@code y = x * scale}, unit by unit: the columns are cut into {@code places.length} units of equal width, and unit u has the
     * factor of column {@code places[u]} of {@code scale [rows, factors]}, or 1 if that is negative.
     */
    void scaleUnits(Tensor x, Tensor scale, int[] places, Tensor y);

    /**
     * Puts units of columns together: {@code y[r, u * width + j] = x[r, starts[u] + j]} for each unit u whose start is not negative; other columns of y stay
     * as they are.
     */
    void gatherUnits(Tensor x, int[] starts, int width, Tensor y);

    void scaleUnitsBackward(Tensor x, Tensor scale, int[] places, Tensor dy, Tensor dx, Tensor dScale);

    /**
     * The straight-through choice of learner counts (Gumbel-softmax, Jang et al. 2017): {@code soft = softmax((logits + noise) /
     * temperature)} over counts 0..learners, {@code running[i, n] = 1} if the largest of row i is a count above n, else 0.
     *
     * @param logits {@code [rows, learners + 1]}, like noise and soft
     * @param running {@code [rows, learners]}
     */
    void choose(Tensor logits, Tensor noise, float temperature, Tensor soft, Tensor running);

    /** Gradient of {@link #choose} as if the soft choice had been used: {@code dLogits = softmax'(cumulated dRunning) / temperature}. */
    void chooseBackward(Tensor soft, float temperature, Tensor dRunning, Tensor dLogits);

    /**
     * {@code choice[at + i] =} the place of the largest of 0 and row i's values, 0 being that of the 0; the first if several are
     * equal.
     */
    void argmaxAfterZero(Tensor x, int at, int[] choice);

    // ---- sequences: offsets[0..sequences] cut the rows into sequences

    void embeddingSum(int[] ids, int[] offsets, int sequences, Tensor words, Tensor positions, Tensor types, Tensor y);

    /** Adds to the tables' gradients; dTypes may be null. */
    void embeddingSumBackward(
            int[] ids, int[] offsets, int sequences, Tensor dy, Tensor dWords, Tensor dPositions, Tensor dTypes);

    /** {@code y [images * patches, values]}: pixels as {@code 0xRRGGBB}, image by image, become normalised values, patch by patch. */
    void patches(int[] pixels, int images, ImagePatches patches, Tensor y);

    /**
     * {@code y = [first; x] + positions} for sequences of equal length: x {@code [sequences * (tokens - 1), columns]}, first {@code [1, columns]},
     * positions {@code [tokens, columns]}, y {@code [sequences * tokens, columns]}.
     */
    void withFirst(Tensor x, Tensor first, Tensor positions, Tensor y);

    /** Writes dx, which may be null, and adds to dFirst and dPositions. */
    void withFirstBackward(Tensor dy, Tensor dx, Tensor dFirst, Tensor dPositions);

    /** {@code y[i] = x[rows[i]]} for all rows of y; none of x is taken twice. */
    void takeRows(Tensor x, int[] rows, Tensor y);

    /** Gradient of {@link #takeRows}: {@code dx[rows[i]] = dy[i]}, and 0 in the rows that were not taken. */
    void takeRowsBackward(Tensor dy, int[] rows, Tensor dx);

    void meanPool(Tensor x, int[] offsets, int sequences, Tensor y);

    void meanPoolBackward(Tensor dy, int[] offsets, int sequences, Tensor dx);

    void firstPool(Tensor x, int[] offsets, int sequences, Tensor y);

    void firstPoolBackward(Tensor dy, int[] offsets, int sequences, Tensor dx);

    /** {@code qkv [tokens, 3 * heads * headSize]} to context {@code [tokens, heads * headSize]}; probabilities may be null. */
    void attention(Tensor qkv, int[] offsets, int sequences, int heads, Tensor context, Tensor probabilities);

    /**
     * The same, in inference, with the columns of each head in units of 8 that lie wherever {@code layout} says, so that the head size is a multiple
     * of 8. The result has the same bits as that of the other form; other columns of the context are left alone.
     *
     * @param q {@code [tokens, any]}, like k and v, which may be the same tensor
     * @param context {@code [tokens, any]}, another tensor
     */
    void attention(
            Tensor q,
            Tensor k,
            Tensor v,
            AttentionLayout layout,
            int[] offsets,
            int sequences,
            int heads,
            Tensor context);

    void attentionBackward(
            Tensor qkv, int[] offsets, int sequences, int heads, Tensor probabilities, Tensor dContext, Tensor dQkv);

    // ---- speech

    /** {@code y[i, 0]} is the float whose bits are {@code values[i]}. */
    void samples(int[] values, Tensor y);

    /**
     * What a convolution multiplies: for each sequence of the rows of x the windows of {@code width} rows, one every {@code step} rows, each as a row of y.
     *
     * @param yOffsets those of y's rows
     */
    void windows(Tensor x, int[] offsets, int sequences, int width, int step, int[] yOffsets, Tensor y);

    void tanh(Tensor x, Tensor y);

    /** All values of a sequence brought to mean 0 and variance 1, then {@code * gamma + beta} by columns. y may be x. */
    void groupNorm(Tensor x, int[] offsets, int sequences, Tensor gamma, Tensor beta, float epsilon, Tensor y);

    /**
     * Turns the first {@code heads} heads of each row, in place.
     *
     * @param position of each sequence's first row
     */
    void rotate(Tensor x, int[] offsets, int sequences, int position, RotaryPositions positions, int heads);

    /** {@code y = x_1 * silu(x_2)} for each block {@code [x_1, x_2]} of {@code 2 * units} columns of x; y has half of x's columns. */
    void gatedSilu(Tensor x, int units, Tensor y);

    void gatedSiluBackward(Tensor x, int units, Tensor dy, Tensor dx);

    /** {@code cache[c, at + r] = x[r, column + c]} for all rows of x and of the cache. */
    void toColumns(Tensor x, int column, Tensor cache, int at);

    /**
     * Attention of one query over the first {@code length} columns of a cache {@code [2 * hidden, tokens]} of keys, then values; what follows these
     * columns must be finite.
     *
     * @param query {@code [1, hidden]}, like context
     */
    void attendOne(Tensor query, Tensor cache, int length, int heads, Tensor context);

    /**
     * Attention of queries over keys and values of other rows, as in training: probabilities {@code [1, rows.probabilities()]} are kept.
     *
     * @param queries {@code [queries, any]}; may be the tensor of the keys
     * @param keysValues {@code [keys, any]}
     * @param contexts {@code [queries, hidden]}
     */
    void attend(Tensor queries, Tensor keysValues, AttendedRows rows, Tensor contexts, Tensor probabilities);

    /** Gradient of {@link #attend}: writes the columns of queries, keys and values of dQueries and dKeysValues, which may be the same tensor. */
    void attendBackward(
            Tensor queries,
            Tensor keysValues,
            AttendedRows rows,
            Tensor probabilities,
            Tensor dContexts,
            Tensor dQueries,
            Tensor dKeysValues);

    /** The place of a row's largest value, the first if several are equal. */
    int argmax(Tensor x, int row);

    // ---- training

    void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step);
}
