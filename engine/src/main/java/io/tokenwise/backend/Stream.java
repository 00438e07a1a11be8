package io.tokenwise.backend;

import io.tokenwise.kernels.Elementwise.AdamWStep;
import io.tokenwise.tensor.HostTensor;
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
    /** With which the operations of package op compute; checks nothing. */
    Device device();

    // ---- what the host sees

    /** A tensor's values to read, once this stream has done what it was told; to be closed. */
    HostTensor read(Tensor x);

    /** A tensor's values to read and to write, otherwise as {@link #read}; what this stream is told after they are closed finds what was written. */
    HostTensor write(Tensor x);

    // ---- matrix products

    /** Packs {@code source}, or its transpose, into {@code target}. */
    void pack(Tensor source, boolean transposed, PackedMatrix target);

    /** Packs the slices, in order, into which {@code source} is cut along its columns or its rows. */
    void packSlices(Tensor source, List<PackedMatrix> slices);

    /** {@code y = act(x W + bias) + residual}; act is erf-GELU or nothing, bias {@code [1, outputs]} and residual may be null. */
    void linear(Tensor x, PackedMatrix weight, Tensor bias, boolean gelu, Tensor residual, Tensor y);

    /**
     * An MLP: {@code y = slice_0(x) + .. + residual}; all rows use all slices.
     *
     * @param residual like y, may be y, or null
     * @param workspace for what is needed in between; given back
     */
    void mlp(Tensor x, MlpSlices slices, Tensor residual, Workspace workspace, Tensor y);

    /**
     * An MLP of which not every row uses all: {@code y[r] = mlp(x[r]) + residual[r]}, where mlp is {@code whole} for rows that have all learners, the first slices
     * of {@code partly}, as many as they have learners, for others, and {@code none} for those without learners.
     *
     * @param whole of one slice
     * @param partly of fewer slices than there are learners; rows that have more learners than slices use all of them
     * @param none like a row of y
     * @param residual like y, may be y, or null
     * @param workspace for what is needed in between; given back
     */
    void mlp(
            Tensor x,
            Routing routing,
            MlpSlices whole,
            MlpSlices partly,
            Tensor none,
            Tensor residual,
            Workspace workspace,
            Tensor y);

    /**
     * A product of which not every row uses every slice of the outputs: slice n's columns of {@code y[r]} are {@code x[r] weight_n + bias_n} for the
     * rows that use it, where slices are those of {@code whole} for rows that have all learners, and for others the first of {@code partly}, as many as they have
     * learners. All other columns are those of rest.
     *
     * @param whole of one slice
     * @param partly of fewer slices than there are learners, as in {@link #mlp}
     * @param rest like a row of y
     * @param y another tensor than x; as many rows as x, and at least the columns of all slices
     */
    void linearSlices(Tensor x, Routing routing, OutputSlices whole, OutputSlices partly, Tensor rest, Tensor y);

    /**
     * A product of which not every row uses every slice of the inputs: {@code y[r] = x_0[r] weight_0 + bias_0 + .. + residual[r]} over the slices that the row
     * uses, as in {@link #linearSlices}, where x_n are slice n's columns of x; {@code y[r] = none + residual[r]} for rows without learners.
     *
     * @param x at least the columns of all slices
     * @param whole of one slice
     * @param partly of fewer slices than there are learners, as in {@link #mlp}
     * @param none like a row of y
     * @param residual like y, may be y, or null
     */
    void sumSlices(
            Tensor x, Routing routing, InputSlices whole, InputSlices partly, Tensor none, Tensor residual, Tensor y);

    /** A new one, of this stream. */
    Routing routing();

    /** As {@link #routing}. */
    Staying staying();

    /** New ones, of this stream. */
    HardBudgets hardBudgets();

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

    /** Of each tensor; on a device they are waited for once. */
    double[] sumsOfSquares(List<Tensor> tensors);

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

    /** {@code y} is the rows of x that stay, in their order. */
    void takeRows(Tensor x, Staying staying, Tensor y);

    /** Gradient of {@link #takeRows(Tensor, int[], Tensor)}: {@code dx[rows[i]] = dy[i]}, and 0 in the rows that were not taken. */
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

    // ---- losses: each writes its gradient to a tensor of the prediction's shape and returns the loss

    /** Mean over rows of {@code 1 - y . target}, for rows of length 1: the cosine distance. */
    double cosineDistance(Tensor y, Tensor target, Tensor dy);

    /** {@code sum (y - target)^2 / sum target^2}: squared error relative to doing nothing, alike for all layers; the gradient is that of {@code weight} times this. */
    double relativeSquaredError(Tensor y, Tensor target, double weight, Tensor dy);

    /** Mean of {@code (y - target)^2} over the rows, of one column, whose target is a number. */
    double squaredErrorWhereKnown(Tensor y, float[] target, Tensor dy);

    /** Mean over rows of {@code -log softmax(logits)[label]}. */
    double crossEntropy(Tensor logits, int[] labels, Tensor dLogits);

    /**
     * Mean over rows of {@code -sum_c wanted[c] log softmax(logits)[c]}.
     *
     * @param wanted probabilities, row by row, which sum to 1 in each
     */
    double crossEntropy(Tensor logits, double[] wanted, Tensor dLogits);

    /** Mean over rows of the divergence of {@code softmax(logits)} from {@code softmax(target)} (Kullback and Leibler 1951): 0 if they are equal. */
    double divergence(Tensor logits, Tensor target, Tensor dLogits);

    /**
     * CoSENT (Su 2022): {@code log(1 + sum exp((cos_q - cos_p) / temperature))} over all p and q of which p has the higher score. It asks for an order of
     * the cosines, as Spearman's correlation does, whatever scores mean.
     *
     * @param y rows of length 1: the first texts of the pairs, then the second ones, in the same order
     */
    double order(Tensor y, double[] scores, double temperature, Tensor dy);

    // ---- training

    void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step);
}
