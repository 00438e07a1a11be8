package io.tokenwise.backend;

import io.tokenwise.kernels.Activation;
import io.tokenwise.tensor.Tensor;
import java.util.List;

/**
 * An MLP cut into slices of its hidden units, such as an adaptive module's learners; a dense MLP is one slice. Slice n gives
 * {@code act(x up_n + upBias_n) down_n + downBias_n}, {@code [rows, outputs]}, or, if it is gated, {@code (u * act(g)) down_n + downBias_n} with
 * {@code [u, g] = x up_n + upBias_n}.
 *
 * @param ups the slices of units; of a gated MLP each has the columns of its u, then as many of its g
 * @param downs what each of them becomes
 */
public record MlpSlices(OutputSlices ups, InputSlices downs, Activation activation, boolean gated) {
    public MlpSlices {
        if (ups.count() != downs.count()) {
            throw new IllegalArgumentException("mlp: " + ups.count() + " slices of units, but " + downs.count()
                    + " matrices for what becomes of them");
        }
        for (int n = 0; n < ups.count(); n++) {
            PackedMatrix up = ups.weights().get(n);
            PackedMatrix down = downs.weights().get(n);
            if (up.outputs() != (gated ? 2 * down.inputs() : down.inputs())) {
                throw new IllegalArgumentException("mlp: slice " + n + " of " + up.shape() + " and " + down.shape()
                        + " does not fit: the outputs of one are the inputs of the other"
                        + (gated ? ", and as many gates" : ""));
            }
        }
    }

    /** With GELU and without gates. */
    public MlpSlices(OutputSlices ups, InputSlices downs) {
        this(ups, downs, Activation.GELU, false);
    }

    /** With GELU and without gates, from {@link OutputSlices} and {@link InputSlices} of these. */
    public MlpSlices(List<PackedMatrix> ups, List<Tensor> upBiases, List<PackedMatrix> downs, List<Tensor> downBiases) {
        this(new OutputSlices(ups, upBiases), new InputSlices(downs, downBiases));
    }

    public int count() {
        return ups.count();
    }

    public int inputs() {
        return ups.inputs();
    }

    public int outputs() {
        return downs.outputs();
    }

    /** Hidden units of all slices. */
    public int units() {
        return downs.columns();
    }

    /** Hidden units of a slice. */
    public int units(int slice) {
        return downs.weights().get(slice).inputs();
    }

    /** Values that a row needs between a slice's two products: of the widest slice what the first one gives and, if it is gated, its units. */
    public int between() {
        int widest = ups.widest();
        return gated ? widest + widest / 2 : widest;
    }
}
