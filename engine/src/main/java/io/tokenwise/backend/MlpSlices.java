package io.tokenwise.backend;

import io.tokenwise.tensor.Tensor;
import java.util.List;

/**
 * An MLP cut into slices of its hidden units, such as an adaptive module's learners; a dense MLP is one slice. Slice n gives
 * {@code gelu(x up_n + upBias_n) down_n + downBias_n}, {@code [rows, outputs]}.
 *
 * @param ups the slices of units
 * @param downs what each of them becomes
 */
public record MlpSlices(OutputSlices ups, InputSlices downs) {
    public MlpSlices {
        if (ups.count() != downs.count()) {
            throw new IllegalArgumentException("mlp: " + ups.count() + " slices of units, but " + downs.count()
                    + " matrices for what becomes of them");
        }
        for (int n = 0; n < ups.count(); n++) {
            PackedMatrix up = ups.weights().get(n);
            PackedMatrix down = downs.weights().get(n);
            if (down.inputs() != up.outputs()) {
                throw new IllegalArgumentException("mlp: slice " + n + " of " + up.shape() + " and " + down.shape()
                        + " does not fit: the outputs of one are the inputs of the other");
            }
        }
    }

    /** From {@link OutputSlices} and {@link InputSlices} of these. */
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
        return ups.columns();
    }

    /** Hidden units of the widest slice. */
    public int widest() {
        return ups.widest();
    }
}
