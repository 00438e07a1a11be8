package io.tokenwise.bench;

import java.util.Arrays;

/**
 * The line of least squares through points.
 *
 * @param fit the share of the variance that it explains, R^2
 */
record StraightLine(double start, double slope, double fit) {
    static StraightLine through(double[] x, double[] y) {
        double meanX = Arrays.stream(x).average().orElseThrow();
        double meanY = Arrays.stream(y).average().orElseThrow();
        double squares = 0;
        double products = 0;
        double variance = 0;
        for (int i = 0; i < x.length; i++) {
            squares += (x[i] - meanX) * (x[i] - meanX);
            products += (x[i] - meanX) * (y[i] - meanY);
            variance += (y[i] - meanY) * (y[i] - meanY);
        }
        double slope = products / squares;
        return new StraightLine(meanY - slope * meanX, slope, slope * products / variance);
    }

    double at(double x) {
        return start + slope * x;
    }
}
