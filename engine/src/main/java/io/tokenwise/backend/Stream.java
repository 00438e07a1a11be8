package io.tokenwise.backend;

import io.tokenwise.kernels.Elementwise.AdamWStep;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.List;

/**
 * What one caller has of a backend: memory that the host sees, matrix products, and the few other operations that gradients and optimizers need; all else is in package op, a
 * class each, by {@link #device}. The caller gives the tensors that receive results. Shapes are checked here, with errors that name the operation and both shapes.
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
     * An MLP: {@code y = slice_0(x) + .. + residual}; all rows use all slices. Of one slice, y may be x.
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

    void add(Tensor a, Tensor b, Tensor y);

    /** {@code y += factor * x}. */
    void addScaled(Tensor x, float factor, Tensor y);

    void copy(Tensor x, Tensor y);

    void fill(Tensor x, float value);

    /** Of each tensor; on a device they are waited for once. */
    double[] sumsOfSquares(List<Tensor> tensors);

    // ---- training

    void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step);
}
