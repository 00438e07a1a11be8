package io.tokenwise.kernels;

/**
 * Matrix products without vectors: tiles of 4 rows by 4 columns. It sums in the order of {@link VectorTiles} and so gives the same bits.
 */
final class ScalarGemm implements Gemm {
    private static final int PANEL = 4;
    private static final int ROWS = 4;

    /** Steps of k that one block sums, as in VectorTiles, which cannot be named here: it needs the vector module. */
    private static final int DEPTH = 384;

    @Override
    public long packedFloats(int k, int n) {
        return (long) panels(n) * PANEL * k;
    }

    @Override
    public int panelColumns() {
        return PANEL;
    }

    private static int panels(int n) {
        return (n + PANEL - 1) / PANEL;
    }

    @Override
    public void pack(
            Floats b, int bStride, boolean transposed, int k, int n, Floats packed, int panelFrom, int panelTo) {
        assert panelFrom >= 0 && panelTo <= panels(n);
        for (int panel = panelFrom; panel < panelTo; panel++) {
            for (int p = 0; p < k; p++) {
                for (int j = 0; j < PANEL; j++) {
                    int column = panel * PANEL + j;
                    long from = transposed ? (long) column * bStride + p : (long) p * bStride + column;
                    packed.set(((long) panel * k + p) * PANEL + j, column < n ? b.get(from) : 0);
                }
            }
        }
    }

    @Override
    public void multiply(GemmCall call, int rowFrom, int rowTo, int columnFrom, int columnTo, Scratch scratch) {
        assert rowFrom >= 0 && rowTo <= call.m && columnFrom % PANEL == 0 && columnTo <= call.n;
        assert columnTo % PANEL == 0 || columnTo == call.n;
        float[] work = scratch.floats(ROWS * call.k + ROWS * PANEL);
        for (int row = rowFrom; row < rowTo; row += ROWS) {
            int rows = Math.min(ROWS, rowTo - row);
            copyRows(call, row, rows, work);
            for (int column = columnFrom; column < columnTo; column += PANEL) {
                for (int p = 0; p < call.k; p += DEPTH) {
                    tile(call, work, column, p, Math.min(call.k, p + DEPTH));
                }
                finish(call, work, row, rows, column);
            }
        }
    }

    private static void copyRows(GemmCall call, int row, int rows, float[] work) {
        for (int i = 0; i < rows; i++) {
            int source = call.gather == null ? row + i : call.gather[row + i];
            for (int p = 0; p < call.k; p++) {
                long from = call.aTransposed ? (long) p * call.aStride + source : (long) source * call.aStride + p;
                work[i * call.k + p] = call.a.get(from);
            }
        }
    }

    private static void tile(GemmCall call, float[] work, int column, int from, int to) {
        int k = call.k;
        float s00 = 0, s01 = 0, s02 = 0, s03 = 0;
        float s10 = 0, s11 = 0, s12 = 0, s13 = 0;
        float s20 = 0, s21 = 0, s22 = 0, s23 = 0;
        float s30 = 0, s31 = 0, s32 = 0, s33 = 0;
        for (int p = from; p < to; p++) {
            long at = (long) column * k + (long) p * PANEL;
            float b0 = call.packedB.get(at);
            float b1 = call.packedB.get(at + 1);
            float b2 = call.packedB.get(at + 2);
            float b3 = call.packedB.get(at + 3);
            float a = work[p];
            s00 = Math.fma(a, b0, s00);
            s01 = Math.fma(a, b1, s01);
            s02 = Math.fma(a, b2, s02);
            s03 = Math.fma(a, b3, s03);
            a = work[k + p];
            s10 = Math.fma(a, b0, s10);
            s11 = Math.fma(a, b1, s11);
            s12 = Math.fma(a, b2, s12);
            s13 = Math.fma(a, b3, s13);
            a = work[2 * k + p];
            s20 = Math.fma(a, b0, s20);
            s21 = Math.fma(a, b1, s21);
            s22 = Math.fma(a, b2, s22);
            s23 = Math.fma(a, b3, s23);
            a = work[3 * k + p];
            s30 = Math.fma(a, b0, s30);
            s31 = Math.fma(a, b1, s31);
            s32 = Math.fma(a, b2, s32);
            s33 = Math.fma(a, b3, s33);
        }
        boolean add = from > 0;
        put(work, ROWS * k, add, s00, s01, s02, s03);
        put(work, ROWS * k + PANEL, add, s10, s11, s12, s13);
        put(work, ROWS * k + 2 * PANEL, add, s20, s21, s22, s23);
        put(work, ROWS * k + 3 * PANEL, add, s30, s31, s32, s33);
    }

    private static void put(float[] work, int at, boolean add, float s0, float s1, float s2, float s3) {
        work[at] = add ? work[at] + s0 : s0;
        work[at + 1] = add ? work[at + 1] + s1 : s1;
        work[at + 2] = add ? work[at + 2] + s2 : s2;
        work[at + 3] = add ? work[at + 3] + s3 : s3;
    }

    private static void finish(GemmCall call, float[] work, int row, int rows, int column) {
        for (int i = 0; i < rows; i++) {
            int target = call.scatter == null ? row + i : call.scatter[row + i];
            long to = (long) target * call.cStride + column;
            int sums = ROWS * call.k + i * PANEL;
            for (int j = 0; j < Math.min(PANEL, call.n - column); j++) {
                finish(call, work[sums + j], column + j, to + j);
            }
        }
    }

    /** Applies the epilogue to one sum and writes it to C at {@code to}. */
    static void finish(GemmCall call, float value, int column, long to) {
        if (call.accumulate) {
            value = call.c.get(to) + value;
        }
        if (call.bias != null) {
            value += call.bias.get(column);
        }
        if (call.gelu) {
            value = ScalarMath.gelu(value);
        }
        if (call.residual != null) {
            value += call.residual.get(to);
        }
        call.c.set(to, value);
    }
}
