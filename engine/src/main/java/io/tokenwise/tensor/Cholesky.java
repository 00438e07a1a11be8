package io.tokenwise.tensor;

/**
 * A symmetric positive definite matrix as {@code L L^T}. Immutable if its array is not changed.
 *
 * @param root L, lower triangular; not copied
 */
public record Cholesky(double[][] root) {
    /** Of which the lower triangle is read. What rounding has made no more than 0 on the diagonal counts as the least positive number. */
    public static Cholesky of(double[][] m) {
        int size = m.length;
        var root = new double[size][size];
        for (int i = 0; i < size; i++) {
            for (int j = 0; j <= i; j++) {
                double sum = m[i][j];
                for (int k = 0; k < j; k++) {
                    sum -= root[i][k] * root[j][k];
                }
                root[i][j] = i == j ? Math.sqrt(Math.max(sum, Double.MIN_NORMAL)) : sum / root[j][j];
            }
        }
        return new Cholesky(root);
    }

    /** x with {@code L L^T x = y}. */
    public double[] solve(double[] y) {
        var x = y.clone();
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < i; j++) {
                x[i] -= root[i][j] * x[j];
            }
            x[i] /= root[i][i];
        }
        return solveTransposed(x);
    }

    /** x with {@code L^T x = y}. */
    public double[] solveTransposed(double[] y) {
        var x = y.clone();
        for (int i = x.length - 1; i >= 0; i--) {
            for (int j = i + 1; j < x.length; j++) {
                x[i] -= root[j][i] * x[j];
            }
            x[i] /= root[i][i];
        }
        return x;
    }
}
