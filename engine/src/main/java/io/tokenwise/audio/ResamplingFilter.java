package io.tokenwise.audio;

/**
 * The low-pass filter between two rates: a sinc under a Kaiser window, one row of coefficients for each phase, that is, for each place of
 * an output between two inputs. It passes all up to .9 of the lower rate's half within .1 dB and lets through some 90 dB less from that half
 * on. Immutable and thread-safe.
 */
final class ResamplingFilter {
    private static final double STOPBAND_DB = 90;

    /** Width of the transition, of the lower rate's half. */
    private static final double TRANSITION = .1;

    /** Common rates have at most 640 phases (from 11,025 Hz). */
    private static final int MOST_EXACT_PHASES = 1_024;

    /** Where there would be more phases, rows of this many are interpolated: with 512 that is wrong by 5e-6, or -106 dB. */
    private static final int INTERPOLATED_PHASES = 512;

    /** Independent sums of a dot product: with 8 of them 320 taps take 150 ns on an AVX2 machine, with one they wait for each other. */
    private static final int SUMS = 8;

    private final int phases;
    private final int rows;
    private final int halfTaps;

    /** {@code [rows + 1][taps]}; the last row is the first, one input later. */
    private final float[] coefficients;

    /**
     * @param phases distinct places of outputs between inputs: the output rate divided by the greatest common divisor of both
     */
    ResamplingFilter(int fromHz, int toHz, int phases) {
        this.phases = phases;
        rows = phases <= MOST_EXACT_PHASES ? phases : INTERPOLATED_PHASES;
        double lowerOfFrom = Math.min(1, (double) toHz / fromHz);
        halfTaps = halfTaps(lowerOfFrom);
        double cutoff = lowerOfFrom * (1 - TRANSITION / 2);
        coefficients = new float[(rows + 1) * taps()];
        for (int row = 0; row <= rows; row++) {
            fill(row, cutoff);
        }
    }

    /** Kaiser's formula for the length of a filter, made a whole number of {@link #SUMS} with the other half. */
    private static int halfTaps(double lowerOfFrom) {
        double taps = (STOPBAND_DB - 7.95) / (2.285 * Math.PI * TRANSITION * lowerOfFrom);
        return SUMS / 2 * (int) Math.ceil(taps / SUMS);
    }

    /** How many inputs an output is made of. Its own place is at {@code taps / 2 - 1} or after it, before the next. */
    int taps() {
        return 2 * halfTaps;
    }

    /** Each row sums to 1, so that a constant stays what it is. */
    private void fill(int row, double cutoff) {
        var taps = new double[taps()];
        double sum = 0;
        for (int k = 0; k < taps.length; k++) {
            double distance = k - (halfTaps - 1) - (double) row / rows;
            taps[k] = sinc(cutoff * distance) * kaiser(distance / halfTaps);
            sum += taps[k];
        }
        for (int k = 0; k < taps.length; k++) {
            coefficients[row * taps.length + k] = (float) (taps[k] / sum);
        }
    }

    private static double sinc(double x) {
        return x == 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    }

    /** The window, not scaled, at a place from -1 to 1. */
    private static double kaiser(double x) {
        double beta = .1102 * (STOPBAND_DB - 8.7);
        return bessel(beta * Math.sqrt(Math.max(0, 1 - x * x)));
    }

    /** I0, by its series. */
    private static double bessel(double x) {
        double sum = 1;
        double term = 1;
        for (int k = 1; term > 1e-17 * sum; k++) {
            term *= x / (2 * k) * (x / (2 * k));
            sum += term;
        }
        return sum;
    }

    /**
     * An output.
     *
     * @param first where the inputs begin that it is made of
     * @param phase where it lies between two inputs, in parts of which there are as many as phases
     */
    float output(float[] inputs, int first, int phase) {
        if (rows == phases) {
            return dot(inputs, first, phase);
        }
        double place = (double) phase * rows / phases;
        int row = (int) place;
        float after = (float) (place - row);
        return (1 - after) * dot(inputs, first, row) + after * dot(inputs, first, row + 1);
    }

    private float dot(float[] x, int at, int row) {
        float[] c = coefficients;
        int begin = row * taps();
        int end = begin + taps();
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        float s4 = 0;
        float s5 = 0;
        float s6 = 0;
        float s7 = 0;
        for (int i = begin, j = at; i < end; i += SUMS, j += SUMS) {
            s0 += c[i] * x[j];
            s1 += c[i + 1] * x[j + 1];
            s2 += c[i + 2] * x[j + 2];
            s3 += c[i + 3] * x[j + 3];
            s4 += c[i + 4] * x[j + 4];
            s5 += c[i + 5] * x[j + 5];
            s6 += c[i + 6] * x[j + 6];
            s7 += c[i + 7] * x[j + 7];
        }
        return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
    }
}
