package io.tokenwise.kernels;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RowOpsTest extends KernelTest {
    private static final int ROWS = 5;
    private static final float EPSILON = 1e-5f;

    @ParameterizedTest
    @MethodSource("sizes")
    void forwardOperationsMeetTheReference(int columns) {
        int count = ROWS * columns;
        double[] x = normal(count);
        double[] gamma = normal(columns);
        double[] beta = normal(columns);
        double[] scale = normal(ROWS);
        for (Kernels set : both()) {
            RowOps rows = set.rows();
            Floats y = zeros(count);
            rows.layerNorm(floats(x), floats(gamma), floats(beta), EPSILON, y, null, columns, 0, ROWS);
            // A row whose values differ little is magnified, and its rounding with it.
            double magnified = 1 / Math.sqrt(smallestVariance(x, columns) + EPSILON);
            assertClose(
                    set.name() + " layerNorm", y, Reference.layerNorm(x, gamma, beta, EPSILON), columns, 4 * magnified);
            rows.softmax(floats(x), y, columns, 0, ROWS);
            assertClose(set.name() + " softmax", y, Reference.softmax(x, columns), columns, 0);
            rows.l2Normalize(floats(x), y, null, columns, 0, ROWS);
            assertClose(set.name() + " l2Normalize", y, Reference.l2Normalize(x, columns), columns, 0);
            rows.scaleBlocks(floats(x), floats(scale), y, 1, columns, 0, ROWS);
            assertClose(set.name() + " scaleBlocks", y, Reference.scaleBlocks(x, scale, columns), 1, 0);
        }
    }

    private static double smallestVariance(double[] x, int columns) {
        double smallest = Double.MAX_VALUE;
        for (int row = 0; row < x.length; row += columns) {
            double mean = 0;
            double squares = 0;
            for (int j = 0; j < columns; j++) {
                mean += x[row + j] / columns;
                squares += x[row + j] * x[row + j] / columns;
            }
            smallest = Math.min(smallest, Math.max(0, squares - mean * mean));
        }
        return smallest;
    }

    @Test
    void gradientsMeetFiniteDifferences() {
        for (int columns : new int[] {2, 5, 16, 19, 37}) {
            int count = ROWS * columns;
            double[] x = normal(count);
            double[] gamma = normal(columns);
            double[] beta = normal(columns);
            double[] dy = normal(count);
            for (Kernels set : both()) {
                RowOps rows = set.rows();
                Floats dx = zeros(count);
                Floats y = zeros(count);
                Floats statistics = zeros(2 * ROWS);
                rows.layerNorm(floats(x), floats(gamma), floats(beta), EPSILON, y, statistics, columns, 0, ROWS);
                rows.layerNormBackward(floats(x), floats(gamma), statistics, floats(dy), dx, columns, 0, ROWS);
                double[] expected = numericGradient(v -> Reference.layerNorm(v, gamma, beta, EPSILON), x, dy);
                double magnified = 1 / (smallestVariance(x, columns) + EPSILON);
                assertClose(set.name() + " layerNormBackward", dx, expected, columns, 8 * magnified);

                Floats dGamma = zeros(columns);
                Floats dBeta = zeros(columns);
                rows.layerNormParameterGradient(
                        floats(x), statistics, floats(dy), dGamma, dBeta, ROWS, columns, 0, columns);
                expected = numericGradient(v -> Reference.layerNorm(x, v, beta, EPSILON), gamma, dy);
                assertClose(set.name() + " dGamma", dGamma, expected, columns, 8 * Math.sqrt(magnified));
                expected = numericGradient(v -> Reference.layerNorm(x, gamma, v, EPSILON), beta, dy);
                assertClose(set.name() + " dBeta", dBeta, expected, ROWS, 4);

                rows.softmax(floats(x), y, columns, 0, ROWS);
                rows.softmaxBackward(y, floats(dy), dx, columns, 0, ROWS);
                expected = numericGradient(v -> Reference.softmax(v, columns), x, dy);
                assertClose(set.name() + " softmaxBackward", dx, expected, columns, 1);

                Floats norms = zeros(ROWS);
                rows.l2Normalize(floats(x), y, norms, columns, 0, ROWS);
                rows.l2NormalizeBackward(y, norms, floats(dy), dx, columns, 0, ROWS);
                expected = numericGradient(v -> Reference.l2Normalize(v, columns), x, dy);
                assertClose(set.name() + " l2NormalizeBackward", dx, expected, columns, 4);
            }
        }
    }

    @Test
    void gradientsOfScaleBlocksMeetFiniteDifferences() {
        int blocks = 3;
        int width = 19;
        double[] x = normal(ROWS * blocks * width);
        double[] scale = normal(ROWS * blocks);
        double[] dy = normal(x.length);
        for (Kernels set : both()) {
            Floats dx = floats(dy);
            Floats dScale = zeros(scale.length);
            set.rows().scaleBlocksBackward(floats(x), floats(scale), dx, dx, dScale, blocks, width, 0, ROWS);
            assertClose("dx", dx, numericGradient(v -> Reference.scaleBlocks(v, scale, width), x, dy), 1, 1);
            assertClose(
                    "dScale", dScale, numericGradient(v -> Reference.scaleBlocks(x, v, width), scale, dy), width, 4);
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void everyOperationAgreesWithItsScalarTwinAndWithItselfInPieces(int columns) {
        double[] x = normal(ROWS * columns);
        double[] dy = normal(ROWS * columns);
        double[] gamma = normal(columns);
        double magnified = 1 / (smallestVariance(x, columns) + EPSILON);
        Floats[] whole = results(tested.rows(), x, dy, gamma, ROWS, columns);
        Floats[] pieces = results(tested.rows(), x, dy, gamma, 2, 1 + columns / 3);
        Floats[] scalar = results(Kernels.scalar().rows(), x, dy, gamma, ROWS, columns);
        for (int i = 0; i < whole.length; i++) {
            int count = (int) (whole[i].segment().byteSize() / Float.BYTES);
            assertSameBits("result " + i + " in pieces", pieces[i], whole[i], count);
            assertClose("result " + i, whole[i], doubles(scalar[i], count), columns, 8 * magnified);
        }
    }

    /** Results of all operations, computed in pieces of some rows, or of some columns where sums run over the rows. */
    private static Floats[] results(RowOps ops, double[] x, double[] dy, double[] gamma, int rowStep, int columnStep) {
        int columns = gamma.length;
        Floats input = floats(x);
        Floats gradient = floats(dy);
        Floats weights = floats(gamma);
        Floats norm = zeros(x.length);
        Floats statistics = zeros(2 * ROWS);
        Floats normDx = floats(dy);
        Floats softmax = floats(x);
        Floats softmaxDx = zeros(x.length);
        Floats unit = zeros(x.length);
        Floats lengths = zeros(ROWS);
        Floats unitDx = floats(dy);
        Floats scaled = zeros(x.length);
        Floats scaledDx = zeros(x.length);
        Floats dScale = zeros(ROWS);
        for (int i = 0; i < ROWS; i += rowStep) {
            int end = Math.min(ROWS, i + rowStep);
            ops.layerNorm(input, weights, weights, EPSILON, norm, statistics, columns, i, end);
            ops.layerNormBackward(input, weights, statistics, normDx, normDx, columns, i, end);
            ops.softmax(softmax, softmax, columns, i, end);
            ops.softmaxBackward(softmax, gradient, softmaxDx, columns, i, end);
            ops.l2Normalize(input, unit, lengths, columns, i, end);
            ops.l2NormalizeBackward(unit, lengths, unitDx, unitDx, columns, i, end);
            ops.scaleBlocks(input, lengths, scaled, 1, columns, i, end);
            ops.scaleBlocksBackward(input, lengths, gradient, scaledDx, dScale, 1, columns, i, end);
        }
        Floats dGamma = floats(gamma);
        Floats dBeta = floats(gamma);
        Floats sums = floats(gamma);
        for (int j = 0; j < columns; j += columnStep) {
            int end = Math.min(columns, j + columnStep);
            ops.layerNormParameterGradient(input, statistics, gradient, dGamma, dBeta, ROWS, columns, j, end);
            ops.addColumnSums(input, sums, ROWS, columns, j, end);
        }
        return new Floats[] {
            norm,
            statistics,
            normDx,
            softmax,
            softmaxDx,
            unit,
            lengths,
            unitDx,
            scaled,
            scaledDx,
            dScale,
            dGamma,
            dBeta,
            sums
        };
    }

    @Test
    void aZeroRowStaysZeroWhenNormalized() {
        for (Kernels set : both()) {
            Floats y = filled(19, 1);
            set.rows().l2Normalize(zeros(19), y, null, 19, 0, 1);
            assertSameBits(set.name(), y, zeros(19), 19);
        }
    }

    @Test
    void softmaxOfLargeValuesNeitherOverflowsNorLosesItsSum() {
        double[] x = new double[33];
        for (int j = 0; j < 33; j++) {
            x[j] = 1000 + j;
        }
        double[] shifted = new double[33];
        for (int j = 0; j < 33; j++) {
            shifted[j] = j;
        }
        for (Kernels set : both()) {
            Floats y = zeros(33);
            set.rows().softmax(floats(x), y, 33, 0, 1);
            assertClose(set.name(), y, Reference.softmax(shifted, 33), 33, 0);
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void dotsAreProductsWithARowsBitsIndependentOfTheOthers(int columns) {
        int rows = 7;
        for (int outputs : new int[] {1, 2, 4, 5, 9}) {
            double[] x = normal(rows * columns);
            double[] w = normal((outputs + 1) / 2 * 2 * columns);
            double[] bias = normal(outputs);
            double[] expected = new double[rows * outputs];
            for (int i = 0; i < expected.length; i++) {
                expected[i] = bias[i % outputs];
                for (int k = 0; k < columns; k++) {
                    expected[i] += x[i / outputs * columns + k] * w[i % outputs * columns + k];
                }
            }
            for (Kernels set : both()) {
                Floats y = zeros(expected.length);
                set.rows().dots(floats(x), floats(w), floats(bias), outputs, y, columns, 0, rows, new Scratch());
                assertClose(set.name(), y, expected, columns, Math.sqrt(columns));
                Floats cut = zeros(expected.length);
                set.rows().dots(floats(x), floats(w), floats(bias), outputs, cut, columns, 0, 2, new Scratch());
                set.rows().dots(floats(x), floats(w), floats(bias), outputs, cut, columns, 2, 3, new Scratch());
                set.rows().dots(floats(x), floats(w), floats(bias), outputs, cut, columns, 3, rows, new Scratch());
                assertSameBits(set.name(), cut, y, expected.length);
            }
        }
    }

    /** Units from everywhere in a row, in pieces of its rows; those without a start stay as they were. */
    @Test
    void unitsAreGatheredFromWhereTheyBegin() {
        int[] starts = {9, -1, 0, 3, 9};
        for (int width : new int[] {1, 3, 4, 8, 12}) {
            int columns = 9 + width;
            double[] x = normal(ROWS * columns);
            double[] expected = new double[ROWS * starts.length * width];
            for (int i = 0; i < expected.length; i++) {
                int start = starts[i / width % starts.length];
                expected[i] = start < 0 ? 7 : x[i / (width * starts.length) * columns + start + i % width];
            }
            for (Kernels set : both()) {
                Floats y = filled(expected.length, 7);
                set.rows().gatherUnits(floats(x), columns, starts, width, y, 0, 2);
                set.rows().gatherUnits(floats(x), columns, starts, width, y, 2, ROWS);
                assertSameBits(set.name() + ", " + width, y, floats(expected), expected.length);
            }
        }
    }
}
