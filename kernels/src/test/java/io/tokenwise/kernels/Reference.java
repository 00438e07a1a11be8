package io.tokenwise.kernels;

import java.util.Arrays;

/** Forward operations in double, written as the formulas read. */
final class Reference {
    private Reference() {}

    /** erf by the series {@code 2 / sqrt(pi) e^(-x^2) sum 2^n x^(2n+1) / (2n+1)!!}, whose terms have one sign. */
    static double erf(double x) {
        if (Math.abs(x) > 6.5) {
            return Math.signum(x);
        }
        double term = x;
        double sum = x;
        for (int n = 1; Math.abs(term) > Math.abs(sum) * 1e-18; n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }

    static double gelu(double x) {
        return x * (1 + erf(x / Math.sqrt(2))) / 2;
    }

    static double[] layerNorm(double[] x, double[] gamma, double[] beta, double epsilon) {
        int columns = gamma.length;
        double[] y = new double[x.length];
        for (int row = 0; row < x.length; row += columns) {
            double mean = 0;
            double variance = 0;
            for (int j = 0; j < columns; j++) {
                mean += x[row + j] / columns;
            }
            for (int j = 0; j < columns; j++) {
                variance += (x[row + j] - mean) * (x[row + j] - mean) / columns;
            }
            for (int j = 0; j < columns; j++) {
                y[row + j] = (x[row + j] - mean) / Math.sqrt(variance + epsilon) * gamma[j] + beta[j];
            }
        }
        return y;
    }

    static double[] softmax(double[] x, int columns) {
        double[] y = new double[x.length];
        for (int row = 0; row < x.length; row += columns) {
            double largest = Arrays.stream(x, row, row + columns).max().orElseThrow();
            double sum = 0;
            for (int j = 0; j < columns; j++) {
                y[row + j] = Math.exp(x[row + j] - largest);
                sum += y[row + j];
            }
            for (int j = 0; j < columns; j++) {
                y[row + j] /= sum;
            }
        }
        return y;
    }

    static double[] l2Normalize(double[] x, int columns) {
        double[] y = new double[x.length];
        for (int row = 0; row < x.length; row += columns) {
            double squares = 0;
            for (int j = 0; j < columns; j++) {
                squares += x[row + j] * x[row + j];
            }
            for (int j = 0; j < columns; j++) {
                y[row + j] = x[row + j] / Math.max(Math.sqrt(squares), 1e-12);
            }
        }
        return y;
    }

    static double[] scaleBlocks(double[] x, double[] scale, int width) {
        double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = x[i] * scale[i / width];
        }
        return y;
    }

    static double[] meanPool(double[] x, int[] offsets, int columns) {
        double[] y = new double[(offsets.length - 1) * columns];
        for (int i = 0; i < offsets.length - 1; i++) {
            for (int t = offsets[i]; t < offsets[i + 1]; t++) {
                for (int j = 0; j < columns; j++) {
                    y[i * columns + j] += x[t * columns + j] / (offsets[i + 1] - offsets[i]);
                }
            }
        }
        return y;
    }

    /** All heads of all sequences. */
    static double[] attention(double[] qkv, int[] offsets, int heads, int headSize, double scale) {
        int width = heads * headSize;
        double[] context = new double[qkv.length / 3];
        for (int s = 0; s < offsets.length - 1; s++) {
            for (int head = 0; head < heads; head++) {
                for (int i = offsets[s]; i < offsets[s + 1]; i++) {
                    double[] weights = new double[offsets[s + 1] - offsets[s]];
                    for (int j = 0; j < weights.length; j++) {
                        for (int c = head * headSize; c < (head + 1) * headSize; c++) {
                            weights[j] +=
                                    scale * qkv[i * 3 * width + c] * qkv[(offsets[s] + j) * 3 * width + width + c];
                        }
                    }
                    weights = softmax(weights, weights.length);
                    for (int j = 0; j < weights.length; j++) {
                        for (int c = head * headSize; c < (head + 1) * headSize; c++) {
                            context[i * width + c] += weights[j] * qkv[(offsets[s] + j) * 3 * width + 2 * width + c];
                        }
                    }
                }
            }
        }
        return context;
    }
}
