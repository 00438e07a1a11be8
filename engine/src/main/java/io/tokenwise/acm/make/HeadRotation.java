package io.tokenwise.acm.make;

import io.tokenwise.tensor.Cholesky;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Two factors of a product, such as Q and K of one head, of which the product {@code a b^T} is what matters: they may be multiplied by
 * {@link #left} and {@link #right} without changing it, since {@code left right^T = I}. This is done so that their columns come apart: column i
 * of both then has the second moment {@link #strengths}, different columns of each are uncorrelated, and the strongest come first. Leaving out
 * the last columns then changes the product least, on the text from which the moments are (a singular value decomposition in the
 * metric of the inputs).
 *
 * @param left {@code [size, size]}, for the columns of a
 * @param right {@code [size, size]}, for the columns of b
 * @param strengths descending, but where positions are rotary
 */
record HeadRotation(double[][] left, double[][] right, double[] strengths) {
    private static final int SWEEPS = 60;

    /** Of the mean of a moment's diagonal, added to it, so that columns that never move do no harm. */
    private static final double RIDGE = 1e-4;

    /** Weakest columns are scaled as if they had this share of the strongest's strength: the factors' sizes stay alike. */
    private static final double LEAST_STRENGTH = 1e-3;

    /**
     * @param a second moments {@code a^T a} of the first factor, {@code [size, size]}
     * @param b those of the second
     */
    static HeadRotation of(double[][] a, double[][] b) {
        int size = a.length;
        Cholesky cholesky = Cholesky.of(ridged(a));
        double[][] root = cholesky.root();
        // The eigenvectors of root^T b root are the left singular vectors of root^T (root of b).
        double[][] inner = multiply(multiply(transposed(root), ridged(b)), root);
        double[][] vectors = identity(size);
        diagonalize(inner, vectors);
        int[] order = descending(inner);
        var left = new double[size][size];
        var right = new double[size][size];
        var strengths = new double[size];
        double strongest = Math.sqrt(Math.max(0, inner[order[0]][order[0]]));
        for (int i = 0; i < size; i++) {
            strengths[i] = Math.sqrt(Math.max(0, inner[order[i]][order[i]]));
            double scale = Math.sqrt(Math.max(strengths[i], LEAST_STRENGTH * strongest));
            double[] vector = column(vectors, order[i]);
            double[] solved = cholesky.solveTransposed(vector);
            for (int row = 0; row < size; row++) {
                left[row][i] = solved[row] * scale;
                double sum = 0;
                for (int j = 0; j <= row; j++) {
                    sum += root[row][j] * vector[j];
                }
                right[row][i] = sum / scale;
            }
        }
        return new HeadRotation(left, right, strengths);
    }

    /**
     * The same for Q and K whose first columns a position turns in pairs, which therefore stay as they are: at any distance a pair's score has on
     * average half of the product of its two squared lengths, which its two columns share.
     *
     * @param rotated columns that are turned
     */
    static HeadRotation ofRotary(double[][] a, double[][] b, int rotated) {
        int size = a.length;
        var left = identity(size);
        var right = identity(size);
        var strengths = new double[size];
        for (int i = 0; i < rotated; i++) {
            int other = i ^ 1;
            strengths[i] = Math.sqrt((a[i][i] + a[other][other]) * (b[i][i] + b[other][other])) / 2;
        }
        if (rotated < size) {
            HeadRotation plain = of(from(rotated, a), from(rotated, b));
            for (int i = rotated; i < size; i++) {
                System.arraycopy(plain.left[i - rotated], 0, left[i], rotated, size - rotated);
                System.arraycopy(plain.right[i - rotated], 0, right[i], rotated, size - rotated);
                strengths[i] = plain.strengths[i - rotated];
            }
        }
        return new HeadRotation(left, right, strengths);
    }

    /** Rows and columns from there on. */
    private static double[][] from(int first, double[][] m) {
        return Arrays.stream(m, first, m.length)
                .map(row -> Arrays.copyOfRange(row, first, row.length))
                .toArray(double[][]::new);
    }

    private static double[][] ridged(double[][] moments) {
        double trace = 0;
        for (int i = 0; i < moments.length; i++) {
            trace += moments[i][i];
        }
        var sum = new double[moments.length][];
        for (int i = 0; i < moments.length; i++) {
            sum[i] = moments[i].clone();
            sum[i][i] += RIDGE * trace / moments.length + Double.MIN_NORMAL;
        }
        return sum;
    }

    /** Jacobi's rotations: m becomes diagonal, the columns of {@code vectors} its eigenvectors. */
    private static void diagonalize(double[][] m, double[][] vectors) {
        int size = m.length;
        for (int sweep = 0; sweep < SWEEPS; sweep++) {
            double off = 0;
            double on = 0;
            for (int i = 0; i < size; i++) {
                on += m[i][i] * m[i][i];
                for (int j = 0; j < i; j++) {
                    off += m[i][j] * m[i][j];
                }
            }
            if (off <= 1e-30 * on) {
                return;
            }
            for (int p = 0; p < size; p++) {
                for (int q = p + 1; q < size; q++) {
                    rotate(m, vectors, p, q);
                }
            }
        }
    }

    private static void rotate(double[][] m, double[][] vectors, int p, int q) {
        if (m[p][q] == 0) {
            return;
        }
        double theta = (m[q][q] - m[p][p]) / (2 * m[p][q]);
        double t = Math.copySign(1, theta) / (Math.abs(theta) + Math.hypot(theta, 1));
        double cosine = 1 / Math.hypot(t, 1);
        double sine = t * cosine;
        for (int k = 0; k < m.length; k++) {
            double kp = m[k][p];
            double kq = m[k][q];
            m[k][p] = cosine * kp - sine * kq;
            m[k][q] = sine * kp + cosine * kq;
        }
        for (int k = 0; k < m.length; k++) {
            double pk = m[p][k];
            double qk = m[q][k];
            m[p][k] = cosine * pk - sine * qk;
            m[q][k] = sine * pk + cosine * qk;
            double vp = vectors[k][p];
            double vq = vectors[k][q];
            vectors[k][p] = cosine * vp - sine * vq;
            vectors[k][q] = sine * vp + cosine * vq;
        }
    }

    private static int[] descending(double[][] diagonal) {
        return IntStream.range(0, diagonal.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -diagonal[i][i]))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    private static double[] column(double[][] m, int column) {
        var values = new double[m.length];
        for (int row = 0; row < m.length; row++) {
            values[row] = m[row][column];
        }
        return values;
    }

    private static double[][] identity(int size) {
        var m = new double[size][size];
        for (int i = 0; i < size; i++) {
            m[i][i] = 1;
        }
        return m;
    }

    private static double[][] transposed(double[][] m) {
        var t = new double[m.length][m.length];
        for (int i = 0; i < m.length; i++) {
            for (int j = 0; j < m.length; j++) {
                t[j][i] = m[i][j];
            }
        }
        return t;
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
}
