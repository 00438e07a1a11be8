package io.tokenwise.nn;

/**
 * What a norm does to a row: {@code y = (x - mean) / sqrt(mean of squares + epsilon) * gain + shift}.
 *
 * @param centred whether the mean is taken off: LayerNorm (Ba et al. 2016); else RMSNorm (Zhang and Sennrich 2019)
 * @param shifted whether it has a shift
 * @param plusOne whether the gain is what the file has and 1 more, as Gemma's is
 * @param epsilon added to the mean of squares
 */
public record NormForm(boolean centred, boolean shifted, boolean plusOne, double epsilon) {
    /** @throws IllegalArgumentException if it is no such number */
    public NormForm {
        if (!(epsilon >= 0) || epsilon > 1) {
            throw new IllegalArgumentException("the epsilon of a norm is " + epsilon + ", must be 0 to 1");
        }
    }

    /** A LayerNorm with gain and shift. */
    public static NormForm layerNorm(double epsilon) {
        return new NormForm(true, true, false, epsilon);
    }

    /** A LayerNorm with gain alone. */
    public static NormForm unshifted(double epsilon) {
        return new NormForm(true, false, false, epsilon);
    }

    /** A RMSNorm. */
    public static NormForm rms(double epsilon) {
        return new NormForm(false, false, false, epsilon);
    }
}
