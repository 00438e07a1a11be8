package io.tokenwise.backend;

import io.tokenwise.tensor.Tensor;
import java.util.List;

/**
 * An MLP cut into slices of its hidden units, such as an adaptive module's learners; a dense MLP is one slice. Slice n gives
 * {@code gelu(x ups[n] + upBiases[n]) downs[n] + downBiases[n]}, {@code [rows, outputs]}.
 *
 * @param ups {@code [inputs, units of the slice]} each: all slices of one matrix, in order
 * @param downs {@code [units of the slice, outputs]} each, likewise
 */
public record MlpSlices(
        List<PackedMatrix> ups, List<Tensor> upBiases, List<PackedMatrix> downs, List<Tensor> downBiases) {
    public MlpSlices {
        ups = List.copyOf(ups);
        upBiases = List.copyOf(upBiases);
        downs = List.copyOf(downs);
        downBiases = List.copyOf(downBiases);
        if (ups.isEmpty()
                || upBiases.size() != ups.size()
                || downs.size() != ups.size()
                || downBiases.size() != ups.size()) {
            throw new IllegalArgumentException(
                    "mlp: " + ups.size() + ", " + upBiases.size() + ", " + downs.size() + " and " + downBiases.size()
                            + " parts, but each slice has one of each, and there is at least one slice");
        }
        for (int n = 0; n < ups.size(); n++) {
            Shapes.vector("mlp up bias", upBiases.get(n), ups.get(n).outputs());
            Shapes.vector("mlp down bias", downBiases.get(n), downs.get(n).outputs());
            if (downs.get(n).inputs() != ups.get(n).outputs()
                    || ups.get(n).inputs() != ups.getFirst().inputs()
                    || downs.get(n).outputs() != downs.getFirst().outputs()) {
                throw new IllegalArgumentException("mlp: slice " + n + " of "
                        + ups.get(n).shape() + " and " + downs.get(n).shape() + " does not fit "
                        + ups.getFirst().shape());
            }
        }
    }

    public int count() {
        return ups.size();
    }

    int inputs() {
        return ups.getFirst().inputs();
    }

    int outputs() {
        return downs.getFirst().outputs();
    }

    /** Hidden units of all slices. */
    int units() {
        int units = 0;
        for (int n = 0; n < ups.size(); n++) {
            units += ups.get(n).outputs();
        }
        return units;
    }

    /** Hidden units of the widest slice. */
    int widest() {
        int widest = 0;
        for (int n = 0; n < ups.size(); n++) {
            widest = Math.max(widest, ups.get(n).outputs());
        }
        return widest;
    }
}
