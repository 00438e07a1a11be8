package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;
import static io.tokenwise.kernels.VectorTiles.DEPTH;
import static io.tokenwise.kernels.VectorTiles.PANEL;
import static io.tokenwise.kernels.VectorTiles.TALL;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Matrix products from {@link VectorTiles}. B lies in panels {@code [ceil(n / PANEL)][k][PANEL]}, the last one padded with zeros. A block of
 * rows of A is gathered into the heap once and then meets every panel.
 */
final class VectorGemm implements Gemm {
    /** Floats of A that one block of rows takes: half of a 1 MB second-level cache, which panels of B share. */
    private static final int BLOCK_FLOATS = 128 * 1024;

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
            int column = panel * PANEL;
            int columns = Math.min(PANEL, n - column);
            long to = packed.at((long) column * k);
            if (transposed) {
                VectorPacking.panelOfColumns(
                        b.segment(), b.at((long) column * bStride), bStride, k, columns, packed.segment(), to);
            } else {
                VectorPacking.panelOfRows(b.segment(), b.at(column), bStride, k, columns, packed.segment(), to);
            }
        }
    }

    @Override
    public void multiply(GemmCall call, int rowFrom, int rowTo, int columnFrom, int columnTo, Scratch scratch) {
        assert rowFrom >= 0 && rowTo <= call.m && columnFrom % PANEL == 0 && columnTo <= call.n;
        assert columnTo % PANEL == 0 || columnTo == call.n;
        int blocks = (call.k + DEPTH - 1) / DEPTH;
        int blockRows = Math.max(TALL, BLOCK_FLOATS / (blocks * DEPTH) / TALL * TALL);
        int rowStep = Math.min(blockRows, (rowTo - rowFrom + TALL - 1) / TALL * TALL);
        int sums = rowStep * DEPTH * blocks;
        float[] a = scratch.floats(sums + TALL * PANEL);
        for (int row = rowFrom; row < rowTo; row += rowStep) {
            int rows = Math.min(rowStep, rowTo - row);
            if (call.aTransposed) {
                VectorPacking.transposedRows(call, row, rows, a, rowStep);
            } else {
                VectorPacking.rows(call, row, rows, a, rowStep);
            }
            for (int column = columnFrom; column < columnTo; column += PANEL) {
                for (int i = 0; i < rows; i += TALL) {
                    int count = Math.min(TALL, rows - i);
                    sum(call, a, i, rowStep, count, column, sums);
                    finish(call, a, sums, row + i, count, column);
                }
            }
        }
    }

    private static void sum(GemmCall call, float[] a, int row, int rowStep, int count, int column, int sums) {
        MemorySegment b = call.packedB.segment();
        long panel = call.packedB.at((long) column * call.k);
        for (int p = 0, base = row * DEPTH; p < call.k; p += DEPTH, base += rowStep * DEPTH) {
            int depth = Math.min(DEPTH, call.k - p);
            VectorTiles.tile(count, a, base, b, panel + (long) p * PANEL * Float.BYTES, depth, a, sums, PANEL, p > 0);
        }
    }

    /**
     * Applies the epilogue to a tile of sums, {@code [rows, PANEL]}, and writes it to C. Each step is one straight loop over the tile, which lies
     * in the first-level cache: a vector that lived across a branch on the call's operands would become an object whenever
     * C2 cannot follow it.
     */
    private static void finish(GemmCall call, float[] sums, int at, int row, int rows, int column) {
        int columns = Math.min(PANEL, call.n - column);
        int whole = F.loopBound(columns);
        if (whole < columns) {
            finishTail(call, sums, at, row, rows, column, whole, columns);
        }
        if (call.bias != null) {
            addBias(call.bias.segment(), call.bias.at(column), sums, at, rows, whole);
        }
        if (call.gelu) {
            gelu(sums, at, at + rows * PANEL);
        }
        Floats plus = call.accumulate ? call.c : call.residual;
        if (plus != null) {
            addRows(plus, call, sums, at, row, rows, column, whole);
        }
        storeRows(call, sums, at, row, rows, column, whole);
    }

    private static void finishTail(
            GemmCall call, float[] sums, int at, int row, int rows, int column, int from, int columns) {
        for (int i = 0; i < rows; i++) {
            long to = target(call, row + i, column);
            for (int j = from; j < columns; j++) {
                ScalarGemm.finish(call, sums[at + i * PANEL + j], column + j, to + j);
            }
        }
    }

    /** Index in C (and in the residual) of a row's value in the given column. */
    private static long target(GemmCall call, int row, int column) {
        int target = call.scatter == null ? row : call.scatter[row];
        return (long) target * call.cStride + column;
    }

    private static void addBias(MemorySegment bias, long biasAt, float[] sums, int at, int rows, int columns) {
        for (int j = 0; j < columns; j += LANES) {
            FloatVector value = FloatVector.fromMemorySegment(F, bias, biasAt + (long) j * Float.BYTES, ORDER);
            for (int i = 0, k = at + j; i < rows; i++, k += PANEL) {
                FloatVector.fromArray(F, sums, k).add(value).intoArray(sums, k);
            }
        }
    }

    /** Over whole rows: what lies beyond the matrix's last column is padding that nobody reads. */
    private static void gelu(float[] sums, int from, int to) {
        for (int i = from; i < to; i += LANES) {
            VectorMath.gelu(FloatVector.fromArray(F, sums, i)).intoArray(sums, i);
        }
    }

    private static void addRows(
            Floats plus, GemmCall call, float[] sums, int at, int row, int rows, int column, int columns) {
        MemorySegment memory = plus.segment();
        for (int i = 0; i < rows; i++, at += PANEL) {
            long from = plus.at(target(call, row + i, column));
            for (int j = 0; j < columns; j += LANES) {
                FloatVector.fromArray(F, sums, at + j)
                        .add(FloatVector.fromMemorySegment(F, memory, from + (long) j * Float.BYTES, ORDER))
                        .intoArray(sums, at + j);
            }
        }
    }

    private static void storeRows(GemmCall call, float[] sums, int at, int row, int rows, int column, int columns) {
        MemorySegment memory = call.c.segment();
        for (int i = 0; i < rows; i++, at += PANEL) {
            long to = call.c.at(target(call, row + i, column));
            for (int j = 0; j < columns; j += LANES) {
                FloatVector.fromArray(F, sums, at + j).intoMemorySegment(memory, to + (long) j * Float.BYTES, ORDER);
            }
        }
    }
}
