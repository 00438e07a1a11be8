package io.tokenwise.nn;

import io.tokenwise.kernels.Activation;

/**
 * What a layer's MLP is, apart from its weights.
 *
 * @param units hidden ones
 * @param activation of the units, or, if it is gated, of their gates
 * @param gated whether each unit is multiplied by a gate (Shazeer 2020)
 * @param upBias whether the first matrix has a bias
 * @param downBias whether the second has
 */
public record MlpForm(int units, Activation activation, boolean gated, boolean upBias, boolean downBias) {
    // Far above every published model, far below what overflows an int.
    private static final int MOST_UNITS = 1 << 18;

    /** @throws IllegalArgumentException if the units are beyond all measure */
    public MlpForm {
        if (units < 1 || units > MOST_UNITS) {
            throw new IllegalArgumentException("an MLP of " + units + " units: must be 1 to " + MOST_UNITS);
        }
    }

    /** With biases and erf-GELU, as BERT has it. */
    public static MlpForm gelu(int units) {
        return new MlpForm(units, Activation.GELU, false, true, true);
    }

    /** The same with so many units. */
    public MlpForm withUnits(int newUnits) {
        return new MlpForm(newUnits, activation, gated, upBias, downBias);
    }
}
