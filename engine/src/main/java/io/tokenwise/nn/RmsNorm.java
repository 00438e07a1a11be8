package io.tokenwise.nn;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.kernels.RowParts;
import io.tokenwise.op.RmsNorms;
import io.tokenwise.tensor.Tensor;

/**
 * RMSNorm (Zhang and Sennrich 2019) of rows, or of equal parts of them.
 *
 * @param gain {@code [1, columns of a part]}
 * @param plus what is added to the gain: 1 where files have by how much it is more than that
 */
public record RmsNorm(Parameter gain, float plus, float epsilon, RowParts parts) implements Norm {
    /** Of whole rows. */
    public static RmsNorm of(Parameter gain, boolean plusOne, double epsilon) {
        return new RmsNorm(
                gain,
                plusOne ? 1 : 0,
                (float) epsilon,
                RowParts.whole(gain.value().columns()));
    }

    /** The same of so many parts from a column on of rows that have more. */
    public RmsNorm ofParts(int columns, int first, int count) {
        return new RmsNorm(
                gain,
                plus,
                epsilon,
                new RowParts(columns, first, count, gain.value().columns()));
    }

    @Override
    public void forward(Pass pass, Tensor x, Tensor y) {
        RmsNorms.to(pass, x, parts, gain, plus, epsilon, y);
    }

    /** The same where nobody needs x any more. */
    public Tensor replace(Pass pass, Tensor x) {
        return RmsNorms.of(pass, x, parts, gain, plus, epsilon);
    }
}
