package io.tokenwise.acm.choose;

import java.util.List;

/**
 * A {@link Calibration} for each of some lengths of texts: gates spend another share on short texts, of which every second token may be a mark of
 * beginning or end, than on long ones. Between two lengths what to tell is interpolated by the logarithm of the length, in steps of a
 * quarter of an octave, so that texts of like length are told the same.
 *
 * @param tokens lengths of the texts that were measured, ascending
 * @param curves one for each of these lengths
 */
public record LengthCalibration(List<Integer> tokens, List<Calibration> curves) {
    /** Tells the gates exactly what was asked for. */
    public static final LengthCalibration NONE = new LengthCalibration(List.of(1), List.of(Calibration.NONE));

    private static final double STEPS_PER_OCTAVE = 4;

    public LengthCalibration {
        tokens = List.copyOf(tokens);
        curves = List.copyOf(curves);
        if (tokens.isEmpty() || tokens.size() != curves.size()) {
            throw new IllegalArgumentException("calibration: " + tokens.size() + " lengths and " + curves.size()
                    + " curves; there is one for each, and at least one");
        }
        for (int i = 0; i < tokens.size(); i++) {
            if (tokens.get(i) < 1 || i > 0 && tokens.get(i) <= tokens.get(i - 1)) {
                throw new IllegalArgumentException("calibration: lengths must be positive and ascend, are " + tokens);
            }
        }
    }

    /** Texts of lengths with the same step are told the same. */
    public static int step(int length) {
        return (int) Math.round(STEPS_PER_OCTAVE * log2(length));
    }

    private static double log2(double value) {
        return Math.log(value) / Math.log(2);
    }

    /** The budget to tell the gates for a wanted share of a text of {@code length} tokens. */
    public double toTell(double share, int length) {
        double wanted = step(length) / STEPS_PER_OCTAVE;
        int last = tokens.size() - 1;
        if (wanted <= log2(tokens.getFirst())) {
            return curves.getFirst().toTell(share);
        }
        for (int i = 1; i <= last; i++) {
            double from = log2(tokens.get(i - 1));
            double to = log2(tokens.get(i));
            if (wanted <= to) {
                double before = curves.get(i - 1).toTell(share);
                return before + (wanted - from) / (to - from) * (curves.get(i).toTell(share) - before);
            }
        }
        return curves.getLast().toTell(share);
    }

    /** What gates spend on some length that are told the lowest budget; less cannot be had from them everywhere. */
    public double leastSpent() {
        return curves.stream().mapToDouble(Calibration::leastSpent).max().orElseThrow();
    }
}
