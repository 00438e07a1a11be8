package io.tokenwise.acm.make;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HeadRotationTest {
    private static final int ROWS = 500;

    /** Moments of factors of which some columns hardly move, and of factors of less than full rank. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 8, 32, 64})
    void factorsComeApartAndTheirProductStays(int size) {
        var random = new Random(size);
        for (int rank : new int[] {size, (size + 1) / 2}) {
            double[][] a = factor(size, rank, random);
            double[][] b = factor(size, size, random);
            HeadRotation rotation = HeadRotation.of(moments(a), moments(b));
            double[][] left = multiply(a, rotation.left());
            double[][] right = multiply(b, rotation.right());
            for (int i = 0; i < 20; i++) {
                double expected = dot(a[i], b[i + 1]);
                assertThat(dot(left[i], right[i + 1])).isCloseTo(expected, offset(1e-7 * norm(a[i]) * norm(b[i + 1])));
            }
            double strongest = rotation.strengths()[0];
            for (int i = 1; i < size; i++) {
                assertThat(rotation.strengths()[i]).isLessThanOrEqualTo(rotation.strengths()[i - 1]);
            }
            if (rank == size) {
                // But for the ridge on the moments' diagonals both sides have the same moments, and different columns
                // none.
                double[][] leftMoments = moments(left);
                double[][] rightMoments = moments(right);
                for (int i = 0; i < size; i++) {
                    for (int j = 0; j < size; j++) {
                        double expected = i == j ? rotation.strengths()[i] : 0;
                        assertThat(leftMoments[i][j]).isCloseTo(expected, offset(0.05 * strongest));
                        assertThat(rightMoments[i][j]).isCloseTo(expected, offset(0.05 * strongest));
                    }
                }
            }
        }
    }

    /** At any two positions the score stays, and a pair is as strong as its part of the scores at a random distance is large. */
    @ParameterizedTest
    @ValueSource(ints = {0, 4, 12})
    void whatAPositionTurnsStaysWhereItIs(int rotated) {
        int size = 12;
        var random = new Random(3);
        double[][] a = factor(size, size, random);
        double[][] b = factor(size, size, random);
        HeadRotation rotation = HeadRotation.ofRotary(moments(a), moments(b), rotated);
        double[][] left = multiply(a, rotation.left());
        double[][] right = multiply(b, rotation.right());
        var squares = new double[rotated / 2];
        int count = 100_000;
        for (int i = 0; i < count; i++) {
            int query = random.nextInt(ROWS);
            int key = random.nextInt(ROWS);
            double[] turned = left[query].clone();
            double[] before = a[query].clone();
            for (int pair = 0; pair < rotated / 2; pair++) {
                double angle = random.nextDouble() * 2 * Math.PI;
                turn(turned, pair, angle);
                turn(before, pair, angle);
                double part = turned[2 * pair] * right[key][2 * pair] + turned[2 * pair + 1] * right[key][2 * pair + 1];
                squares[pair] += part * part / count;
            }
            assertThat(dot(turned, right[key]))
                    .isCloseTo(dot(before, b[key]), offset(1e-7 * norm(before) * norm(b[key])));
        }
        for (int pair = 0; pair < squares.length; pair++) {
            double strength =
                    Math.pow(rotation.strengths()[2 * pair], 2) + Math.pow(rotation.strengths()[2 * pair + 1], 2);
            assertThat(strength).isCloseTo(squares[pair], offset(.05 * squares[pair]));
        }
    }

    private static void turn(double[] row, int pair, double angle) {
        double x = row[2 * pair];
        double y = row[2 * pair + 1];
        row[2 * pair] = x * Math.cos(angle) - y * Math.sin(angle);
        row[2 * pair + 1] = x * Math.sin(angle) + y * Math.cos(angle);
    }

    private static double[][] factor(int size, int rank, Random random) {
        var basis = new double[rank][size];
        for (int r = 0; r < rank; r++) {
            for (int i = 0; i < size; i++) {
                basis[r][i] = random.nextGaussian() * Math.pow(0.9, r);
            }
        }
        var m = new double[ROWS][size];
        for (double[] row : m) {
            for (double[] direction : basis) {
                double amount = random.nextGaussian();
                for (int i = 0; i < size; i++) {
                    row[i] += amount * direction[i];
                }
            }
        }
        return m;
    }

    private static double[][] moments(double[][] m) {
        int size = m[0].length;
        var moments = new double[size][size];
        for (double[] row : m) {
            for (int i = 0; i < size; i++) {
                for (int j = 0; j < size; j++) {
                    moments[i][j] += row[i] * row[j] / m.length;
                }
            }
        }
        return moments;
    }

    private static double[][] multiply(double[][] a, double[][] b) {
        var product = new double[a.length][b.length];
        for (int i = 0; i < a.length; i++) {
            for (int k = 0; k < b.length; k++) {
                for (int j = 0; j < b.length; j++) {
                    product[i][j] += a[i][k] * b[k][j];
                }
            }
        }
        return product;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double norm(double[] a) {
        return Math.sqrt(dot(a, a));
    }
}
