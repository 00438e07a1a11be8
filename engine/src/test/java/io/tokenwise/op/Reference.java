package io.tokenwise.op;

import io.tokenwise.autograd.Matrix;
import io.tokenwise.nn.TokenBatch;
import java.util.function.ToDoubleFunction;
import java.util.function.UnaryOperator;

/** The engine's operations written down once more, plainly and in double: what the engine is checked against. */
public final class Reference {
    private static final double STEP = 1e-5;

    private Reference() {}

    /** Central differences of a value by each value of a matrix. */
    public static Matrix slopes(ToDoubleFunction<Matrix> value, Matrix at) {
        return Matrix.fill(at.rows(), at.columns(), i -> {
            var there = new double[2];
            for (int side = 0; side < 2; side++) {
                Matrix moved = at.plus(0, at);
                moved.values()[i] += side == 0 ? -STEP : STEP;
                there[side] = value.applyAsDouble(moved);
            }
            return (there[1] - there[0]) / (2 * STEP);
        });
    }

    /** The same of {@code sum(y * dy)}, where a row of y comes of that row of the matrix alone: a column's values move at once. */
    static Matrix slopesOfRows(UnaryOperator<Matrix> y, Matrix dy, Matrix at) {
        Matrix slopes = Matrix.zeros(at.rows(), at.columns());
        for (int column = 0; column < at.columns(); column++) {
            Matrix below = at.plus(0, at);
            Matrix above = at.plus(0, at);
            for (int row = 0; row < at.rows(); row++) {
                below.set(row, column, at.get(row, column) - STEP);
                above.set(row, column, at.get(row, column) + STEP);
            }
            Matrix difference = y.apply(above).plus(-1, y.apply(below));
            for (int row = 0; row < at.rows(); row++) {
                double sum = 0;
                for (int i = 0; i < dy.columns(); i++) {
                    sum += difference.get(row, i) * dy.get(row, i);
                }
                slopes.set(row, column, sum / (2 * STEP));
            }
        }
        return slopes;
    }

    /** {@code x W + bias}; bias may be null. */
    public static Matrix linear(Matrix x, Matrix w, Matrix bias) {
        Matrix y = Matrix.zeros(x.rows(), w.columns());
        for (int row = 0; row < y.rows(); row++) {
            for (int column = 0; column < y.columns(); column++) {
                double sum = bias == null ? 0 : bias.get(0, column);
                for (int i = 0; i < x.columns(); i++) {
                    sum += x.get(row, i) * w.get(i, column);
                }
                y.set(row, column, sum);
            }
        }
        return y;
    }

    public static Matrix gelu(Matrix x) {
        return Matrix.fill(x.rows(), x.columns(), i -> {
            double value = x.values()[i];
            return value * (1 + erf(value / Math.sqrt(2))) / 2;
        });
    }

    /** Abramowitz and Stegun 7.1.6: all terms have one sign, so nothing cancels. */
    public static double erf(double x) {
        if (Math.abs(x) > 6) {
            return Math.signum(x);
        }
        double term = x;
        double sum = x;
        for (int n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }

    public static Matrix layerNorm(Matrix x, Matrix gamma, Matrix beta, double epsilon) {
        Matrix y = Matrix.zeros(x.rows(), x.columns());
        for (int row = 0; row < x.rows(); row++) {
            double mean = 0;
            for (int i = 0; i < x.columns(); i++) {
                mean += x.get(row, i) / x.columns();
            }
            double variance = 0;
            for (int i = 0; i < x.columns(); i++) {
                variance += (x.get(row, i) - mean) * (x.get(row, i) - mean) / x.columns();
            }
            for (int i = 0; i < x.columns(); i++) {
                double normal = (x.get(row, i) - mean) / Math.sqrt(variance + epsilon);
                y.set(row, i, normal * gamma.get(0, i) + beta.get(0, i));
            }
        }
        return y;
    }

    public static Matrix softmax(Matrix x) {
        Matrix y = Matrix.zeros(x.rows(), x.columns());
        for (int row = 0; row < x.rows(); row++) {
            double largest = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < x.columns(); i++) {
                largest = Math.max(largest, x.get(row, i));
            }
            double sum = 0;
            for (int i = 0; i < x.columns(); i++) {
                sum += Math.exp(x.get(row, i) - largest);
            }
            for (int i = 0; i < x.columns(); i++) {
                y.set(row, i, Math.exp(x.get(row, i) - largest) / sum);
            }
        }
        return y;
    }

    public static Matrix attention(Matrix qkv, TokenBatch batch, int heads) {
        int hidden = qkv.columns() / 3;
        int size = hidden / heads;
        Matrix y = Matrix.zeros(qkv.rows(), hidden);
        for (int s = 0; s < batch.sequences(); s++) {
            int start = batch.offsets()[s];
            int length = batch.length(s);
            for (int head = 0; head < heads; head++) {
                int q = head * size;
                Matrix scores = Matrix.zeros(length, length);
                for (int i = 0; i < length; i++) {
                    for (int j = 0; j < length; j++) {
                        double sum = 0;
                        for (int d = 0; d < size; d++) {
                            sum += qkv.get(start + i, q + d) * qkv.get(start + j, hidden + q + d);
                        }
                        scores.set(i, j, sum / Math.sqrt(size));
                    }
                }
                Matrix shares = softmax(scores);
                for (int i = 0; i < length; i++) {
                    for (int d = 0; d < size; d++) {
                        double sum = 0;
                        for (int j = 0; j < length; j++) {
                            sum += shares.get(i, j) * qkv.get(start + j, 2 * hidden + q + d);
                        }
                        y.set(start + i, q + d, sum);
                    }
                }
            }
        }
        return y;
    }

    public static Matrix embeddingSum(TokenBatch batch, Matrix words, Matrix positions, Matrix types) {
        Matrix y = Matrix.zeros(batch.tokens(), words.columns());
        for (int s = 0; s < batch.sequences(); s++) {
            for (int i = 0; i < batch.length(s); i++) {
                int token = batch.offsets()[s] + i;
                for (int column = 0; column < y.columns(); column++) {
                    y.set(
                            token,
                            column,
                            words.get(batch.inputs()[token], column) + positions.get(i, column) + types.get(0, column));
                }
            }
        }
        return y;
    }

    public static Matrix meanPool(Matrix x, TokenBatch batch) {
        Matrix y = Matrix.zeros(batch.sequences(), x.columns());
        for (int s = 0; s < batch.sequences(); s++) {
            for (int token = batch.offsets()[s]; token < batch.offsets()[s + 1]; token++) {
                for (int column = 0; column < x.columns(); column++) {
                    y.set(s, column, y.get(s, column) + x.get(token, column) / batch.length(s));
                }
            }
        }
        return y;
    }

    public static Matrix withFirst(Matrix x, Matrix first, Matrix positions) {
        int tokens = positions.rows();
        Matrix y = Matrix.zeros(x.rows() / (tokens - 1) * tokens, x.columns());
        for (int row = 0; row < y.rows(); row++) {
            int token = row % tokens;
            for (int column = 0; column < y.columns(); column++) {
                double value =
                        token == 0 ? first.get(0, column) : x.get(row / tokens * (tokens - 1) + token - 1, column);
                y.set(row, column, value + positions.get(token, column));
            }
        }
        return y;
    }

    public static Matrix takeRows(Matrix x, int[] rows) {
        Matrix y = Matrix.zeros(rows.length, x.columns());
        for (int row = 0; row < rows.length; row++) {
            for (int column = 0; column < x.columns(); column++) {
                y.set(row, column, x.get(rows[row], column));
            }
        }
        return y;
    }

    public static Matrix firstPool(Matrix x, TokenBatch batch) {
        Matrix y = Matrix.zeros(batch.sequences(), x.columns());
        for (int s = 0; s < batch.sequences(); s++) {
            for (int column = 0; column < x.columns(); column++) {
                y.set(s, column, x.get(batch.offsets()[s], column));
            }
        }
        return y;
    }

    public static Matrix l2Normalize(Matrix x) {
        Matrix y = Matrix.zeros(x.rows(), x.columns());
        for (int row = 0; row < x.rows(); row++) {
            double squares = 0;
            for (int i = 0; i < x.columns(); i++) {
                squares += x.get(row, i) * x.get(row, i);
            }
            for (int i = 0; i < x.columns(); i++) {
                y.set(row, i, x.get(row, i) / Math.sqrt(squares));
            }
        }
        return y;
    }

    public static Matrix scaleBlocks(Matrix x, Matrix scale) {
        int width = x.columns() / scale.columns();
        Matrix y = Matrix.zeros(x.rows(), x.columns());
        for (int row = 0; row < x.rows(); row++) {
            for (int i = 0; i < x.columns(); i++) {
                y.set(row, i, x.get(row, i) * scale.get(row, i / width));
            }
        }
        return y;
    }

    public static Matrix scaleUnits(Matrix x, Matrix scale, int[] places) {
        int width = x.columns() / places.length;
        Matrix y = Matrix.zeros(x.rows(), x.columns());
        for (int row = 0; row < x.rows(); row++) {
            for (int i = 0; i < x.columns(); i++) {
                int place = places[i / width];
                y.set(row, i, x.get(row, i) * (place < 0 ? 1 : scale.get(row, place)));
            }
        }
        return y;
    }

    /** The hard choice: which learners run. */
    public static Matrix choose(Matrix logits, Matrix noise) {
        Matrix y = Matrix.zeros(logits.rows(), logits.columns() - 1);
        for (int row = 0; row < y.rows(); row++) {
            int count = 0;
            for (int i = 1; i < logits.columns(); i++) {
                if (logits.get(row, i) + noise.get(row, i) > logits.get(row, count) + noise.get(row, count)) {
                    count = i;
                }
            }
            for (int n = 0; n < count; n++) {
                y.set(row, n, 1);
            }
        }
        return y;
    }

    /** The soft choice, whose gradient the hard one borrows: learner n + 1 runs with the probability of a count above n. */
    public static Matrix softChoice(Matrix logits, Matrix noise, double temperature) {
        Matrix soft = softmax(logits.plus(1, noise).plus(1 / temperature - 1, logits.plus(1, noise)));
        Matrix y = Matrix.zeros(logits.rows(), logits.columns() - 1);
        for (int row = 0; row < y.rows(); row++) {
            for (int n = 0; n < y.columns(); n++) {
                for (int count = n + 1; count < soft.columns(); count++) {
                    y.set(row, n, y.get(row, n) + soft.get(row, count));
                }
            }
        }
        return y;
    }
}
