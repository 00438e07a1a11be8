package io.tokenwise.bench;

import io.tokenwise.tensor.Cholesky;

/**
 * {@code y = x W + b}. Immutable if its arrays are not changed.
 *
 * @param weights {@code [inputs][outputs]}
 * @param bias {@code [outputs]}
 */
record LinearMap(float[][] weights, float[] bias) {
    /**
     * Ridge regression (Hoerl and Kennard 1970) in closed form: the least sum of squared errors plus {@code ridge} times the mean variance of an input, times the number of rows, times
     * the sum of squared weights. The bias is free.
     *
     * @param x {@code [rows][inputs]}, of which the first count
     * @param y {@code [rows][outputs]}
     * @param rows how many count
     */
    static LinearMap fit(float[][] x, float[][] y, int rows, double ridge) {
        double[] meanX = mean(x, rows);
        double[] meanY = mean(y, rows);
        double[][] moments = products(x, meanX, x, meanX, rows);
        double[][] targets = products(y, meanY, x, meanX, rows);
        double trace = 0;
        for (int i = 0; i < moments.length; i++) {
            trace += moments[i][i];
        }
        for (int i = 0; i < moments.length; i++) {
            moments[i][i] += ridge * trace / moments.length;
        }
        Cholesky root = Cholesky.of(moments);
        var weights = new float[meanX.length][meanY.length];
        var bias = new float[meanY.length];
        for (int out = 0; out < bias.length; out++) {
            double[] column = root.solve(targets[out]);
            double constant = meanY[out];
            for (int in = 0; in < column.length; in++) {
                weights[in][out] = (float) column[in];
                constant -= column[in] * meanX[in];
            }
            bias[out] = (float) constant;
        }
        return new LinearMap(weights, bias);
    }

    private static double[] mean(float[][] vectors, int rows) {
        var mean = new double[vectors[0].length];
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < mean.length; i++) {
                mean[i] += vectors[row][i] / (double) rows;
            }
        }
        return mean;
    }

    /** {@code sum (a - meanA) (b - meanB)^T} over the rows. */
    private static double[][] products(float[][] a, double[] meanA, float[][] b, double[] meanB, int rows) {
        var sums = new double[meanA.length][meanB.length];
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < meanA.length; i++) {
                double factor = a[row][i] - meanA[i];
                for (int j = 0; j < meanB.length; j++) {
                    sums[i][j] += factor * (b[row][j] - meanB[j]);
                }
            }
        }
        return sums;
    }

    /** Row by row of the weights, which the compiler makes vector instructions of: the map's time is part of a rival's. */
    float[] apply(float[] x) {
        float[] y = bias.clone();
        for (int in = 0; in < x.length; in++) {
            float factor = x[in];
            float[] row = weights[in];
            for (int out = 0; out < y.length; out++) {
                y[out] += factor * row[out];
            }
        }
        return y;
    }
}
