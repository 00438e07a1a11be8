package io.tokenwise.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Numbers to places along a line, with ticks at round numbers. */
public record Axis(double low, double high, double start, double end, boolean isLogarithmic, double step) {
    private static final double MARGIN = 0.08;

    public static Axis linear(double[] values, double start, double end) {
        double low = Arrays.stream(values).min().orElseThrow();
        double high = Arrays.stream(values).max().orElseThrow();
        double range = Math.max(high - low, 1e-3);
        double step = Math.pow(10, Math.floor(Math.log10(range / 3)));
        while (range / step > 8) {
            step *= range / step > 16 ? 5 : 2;
        }
        return new Axis(low - MARGIN * range, high + MARGIN * range, start, end, false, step);
    }

    public static Axis logarithmic(double[] values, double start, double end) {
        double low = Arrays.stream(values).min().orElseThrow();
        double high = Arrays.stream(values).max().orElseThrow();
        // At least a factor of four, so that ticks fit.
        double margin = Math.max(Math.pow(high / low, MARGIN), 2 / Math.sqrt(high / low));
        return new Axis(low / margin, high * margin, start, end, true, 0);
    }

    public double at(double value) {
        double share = isLogarithmic ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
        return start + share * (end - start);
    }

    public List<Double> ticks() {
        var ticks = new ArrayList<Double>();
        if (isLogarithmic) {
            for (double decade = Math.pow(10, Math.floor(Math.log10(low))); decade <= high; decade *= 10) {
                for (double tick : new double[] {decade, 2 * decade, 5 * decade}) {
                    if (tick >= low && tick <= high) {
                        ticks.add(tick);
                    }
                }
            }
        } else {
            for (long i = (long) Math.ceil(low / step); i * step <= high; i++) {
                ticks.add(i * step);
            }
        }
        return ticks;
    }

    public String label(double tick) {
        if (isLogarithmic) {
            int digits = (int) Math.max(0, Math.ceil(-Math.log10(tick)));
            return String.format(Locale.ROOT, "%." + digits + "f", tick);
        }
        int digits = (int) Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
        return String.format(Locale.ROOT, "%." + digits + "f", tick);
    }
}
