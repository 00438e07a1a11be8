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

    private static void finish(GemmCall call, float[] sums, int at, int row, int rows, int column) {
        int columns = Math.min(PANEL, call.n - column);
        int whole = F.loopBound(columns);
        for (int i = 0; i < rows; i++, at += PANEL) {
            int target = call.scatter == null ? row + i : call.scatter[row + i];
            long to = (long) target * call.cStride + column;
            finishRow(call, sums, at, whole, column, to);
            for (int j = whole; j < columns; j++) {
                ScalarGemm.finish(call, sums[at + j], column + j, to + j);
            }
        }
    }

    private static void finishRow(GemmCall call, float[] sums, int at, int columns, int column, long to) {
        Floats bias = call.bias == null ? call.c : call.bias;
        Floats residual = call.residual == null ? call.c : call.residual;
        MemorySegment cMemory = call.c.segment();
        MemorySegment biasMemory = bias.segment();
        MemorySegment residualMemory = residual.segment();
        long cBase = call.c.at(to);
        long biasBase = bias.at(column);
        long residualBase = residual.at(to);
        boolean accumulate = call.accumulate;
        boolean biased = call.bias != null;
        boolean gelu = call.gelu;
        boolean added = call.residual != null;
        for (int j = 0; j < columns; j += LANES) {
            FloatVector value = FloatVector.fromArray(F, sums, at + j);
            if (accumulate) {
                value = FloatVector.fromMemorySegment(F, cMemory, cBase + (long) j * Float.BYTES, ORDER)
                        .add(value);
            }
            if (biased) {
                value = value.add(
                        FloatVector.fromMemorySegment(F, biasMemory, biasBase + (long) j * Float.BYTES, ORDER));
            }
            if (gelu) {
                value = VectorMath.gelu(value);
            }
            if (added) {
                value = value.add(
                        FloatVector.fromMemorySegment(F, residualMemory, residualBase + (long) j * Float.BYTES, ORDER));
            }
            value.intoMemorySegment(cMemory, cBase + (long) j * Float.BYTES, ORDER);
        }
    }
}
