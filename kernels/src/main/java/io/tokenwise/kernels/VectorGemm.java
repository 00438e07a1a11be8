package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;
import static io.tokenwise.kernels.VectorTiles.DEPTH;
import static io.tokenwise.kernels.VectorTiles.PANEL;
import static io.tokenwise.kernels.VectorTiles.TALL;
import static io.tokenwise.kernels.VectorTiles.WIDE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Matrix products from {@link VectorTiles}. B lies in panels {@code [ceil(n / PANEL)][k][PANEL]}, the last one padded with zeros. A block of
 * rows of A, or some steps of k of it, is gathered into the heap and then meets every panel.
 */
final class VectorGemm implements Gemm {
    /**
     * Floats of A that one block of rows takes: half of the second-level cache, which panels of B share. CPUs with AVX-512 have 1 MB or more of it,
     * others 512 KB.
     */
    private static final int BLOCK_FLOATS = LANES == 16 ? 128 * 1024 : 64 * 1024;

    /**
     * Floats of sums that wait for the next steps of k, where {@link #passDepth} cuts it: of as many columns as A's rows are gathered for once.
     * Measured on Zen 3, gradients of 384 x 1,536 over 2,048 tokens: 67 GFLOP/s with 64 K, 80 with 256 K.
     */
    private static final int WAITING_FLOATS = 256 * 1024;

    /**
     * Rows from which two go ahead. Measured at K = 384, GFLOP/s with weights in the third-level cache: 64 rows 203 instead of 194, 16 rows 186
     * instead of 204. All matrices of MiniLM in turn, which that cache does not hold: 24 rows 148 instead of 141, 128 rows 209 instead of 196, 16
     * rows the same.
     */
    private static final int LEAD_ROWS = 24;

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
        int depth = passDepth(call, rowTo - rowFrom);
        int blockRows = Math.max(TALL, BLOCK_FLOATS / depth / TALL * TALL);
        int rowStep = Math.min(blockRows, (rowTo - rowFrom + TALL - 1) / TALL * TALL);
        boolean wait = depth < call.k;
        int columnStep = wait ? Math.max(1, WAITING_FLOATS / (rowStep * PANEL)) * PANEL : columnTo - columnFrom;
        int sums = rowStep * depth;
        float[] a = scratch.floats(sums + (wait ? rowStep * columnStep : TALL * PANEL));
        for (int row = rowFrom; row < rowTo; row += rowStep) {
            int rows = Math.min(rowStep, rowTo - row);
            for (int column = columnFrom; column < columnTo; column += columnStep) {
                int end = Math.min(columnTo, column + columnStep);
                for (int p = 0; p < call.k; p += depth) {
                    gather(call, row, rows, p, Math.min(call.k, p + depth), a, rowStep);
                    if (wait) {
                        pass(call, a, row, rows, rowStep, p, column, end, sums);
                    } else {
                        whole(call, a, row, rows, rowStep, column, end, sums);
                    }
                }
            }
        }
    }

    /**
     * Steps of k that a block of A holds, a multiple of DEPTH: all of them where the second-level cache takes whole panels beside A, and of rows that
     * are one tile. Otherwise a panel would come from the third-level cache once for each tile; DEPTH steps of it stay in the first-level cache while
     * all rows meet them. Measured on Zen 3 (peak 100), GFLOP/s of 128 rows, whole panels / cut: k of 384 the same, 1,536 77 / 84, 3,072 73 / 85.
     */
    private static int passDepth(GemmCall call, int rows) {
        return LANES == 16 || rows <= TALL ? (call.k + DEPTH - 1) / DEPTH * DEPTH : DEPTH;
    }

    private static void gather(GemmCall call, int row, int rows, int from, int to, float[] a, int rowStep) {
        if (call.aTransposed) {
            VectorPacking.transposedRows(call, row, rows, from, to, a, rowStep);
        } else {
            VectorPacking.rows(call, row, rows, from, to, a, rowStep);
        }
    }

    /** Products of a block of rows over all of k. */
    private static void whole(
            GemmCall call, float[] a, int row, int rows, int rowStep, int columnFrom, int columnTo, int sums) {
        for (int column = columnFrom; column < columnTo; column += WIDE * PANEL) {
            int end = Math.min(columnTo, column + WIDE * PANEL);
            int done = end - column < WIDE * PANEL ? 0 : lead(call, a, row, rows, rowStep, column, sums);
            for (int panel = column; panel < end; panel += PANEL) {
                for (int i = done, count; i < rows; i += count) {
                    count = VectorTiles.next(rows - i);
                    sum(call, a, i, rowStep, count, panel, sums);
                    finish(call, a, sums, row + i, count, panel);
                }
            }
        }
    }

    /** Adds DEPTH steps from {@code p} to the sums that wait, {@code [panels, rowStep, PANEL]}; the last ones finish them. */
    private static void pass(
            GemmCall call, float[] a, int row, int rows, int rowStep, int p, int columnFrom, int columnTo, int sums) {
        int depth = Math.min(DEPTH, call.k - p);
        MemorySegment b = call.packedB.segment();
        int at = sums;
        for (int panel = columnFrom; panel < columnTo; panel += PANEL, at += rowStep * PANEL) {
            long from = call.packedB.at((long) panel * call.k + (long) p * PANEL);
            for (int i = 0, count; i < rows; i += count) {
                count = VectorTiles.next(rows - i);
                VectorTiles.tile(count, a, i * DEPTH, b, from, depth, a, at + i * PANEL, PANEL, p > 0);
                if (p + depth == call.k) {
                    finish(call, a, at + i * PANEL, row + i, count, panel);
                }
            }
        }
    }

    /**
     * Computes the first rows of a block in the next WIDE panels, if that pays, and returns how many. A tile reads one panel, one stream, and the CPU
     * fetches one stream ahead more slowly than several; rows that read several bring the panels into the second-level cache for all that follow. At
     * larger k the panels would push each other out, except for a row that is alone.
     */
    private static int lead(GemmCall call, float[] a, int row, int rows, int rowStep, int column, int sums) {
        int count = rows == 1 ? 1 : rows >= LEAD_ROWS && call.k <= DEPTH && LANES == 16 ? 2 : 0;
        MemorySegment b = call.packedB.segment();
        long panel = call.packedB.at((long) column * call.k);
        long bytes = (long) call.k * PANEL * Float.BYTES;
        if (count == 2) {
            VectorTiles.pair(a, 0, b, panel, bytes, call.k, a, sums);
        } else if (count == 1) {
            for (int p = 0, base = 0; p < call.k; p += DEPTH, base += rowStep * DEPTH) {
                int depth = Math.min(DEPTH, call.k - p);
                VectorTiles.row(a, base, b, panel + (long) p * PANEL * Float.BYTES, bytes, depth, a, sums, p > 0);
            }
        }
        for (int j = 0; j < WIDE && count > 0; j++) {
            finish(call, a, sums + j * count * PANEL, row, count, column + j * PANEL);
        }
        return count;
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
     * Applies the epilogue to a tile of sums, {@code [rows, PANEL]}, and writes it to C. What the call asks for chooses between straight
     * loops down the rows: a vector that lived across a branch on the call's operands would become an object whenever C2 cannot follow it.
     * Each loop takes both vectors of a row at once, so that a row of C is written in whole pairs of cache lines, which the CPU fetches together:
     * measured, 6 % of a product whose C is not in the second-level cache.
     */
    private static void finish(GemmCall call, float[] sums, int at, int row, int rows, int column) {
        int columns = Math.min(PANEL, call.n - column);
        int whole = F.loopBound(columns);
        if (whole < columns) {
            finishTail(call, sums, at, row, rows, column, whole, columns);
        }
        if (whole == 0) {
            return;
        }
        // Where a panel has one whole vector, each loop takes that vector twice.
        int second = whole - LANES;
        Floats plus = call.accumulate ? call.c : call.residual;
        boolean bias = call.bias != null;
        if (call.gelu) {
            if (bias) {
                addBias(call.bias, sums, at, rows, column, second);
            }
            // Over whole rows: what lies beyond the matrix's last column is padding that nobody reads.
            VectorMath.gelu(sums, at, at + rows * PANEL);
            bias = false;
        }
        if (bias && plus != null) {
            storeBiasPlus(plus, call, sums, at, row, rows, column, second);
        } else if (bias) {
            storeBias(call, sums, at, row, rows, column, second);
        } else if (plus != null) {
            storePlus(plus, call, sums, at, row, rows, column, second);
        } else {
            store(call, sums, at, row, rows, column, second);
        }
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

    private static void addBias(Floats bias, float[] sums, int at, int rows, int column, int second) {
        MemorySegment memory = bias.segment();
        FloatVector b0 = FloatVector.fromMemorySegment(F, memory, bias.at(column), ORDER);
        FloatVector b1 = FloatVector.fromMemorySegment(F, memory, bias.at(column + second), ORDER);
        for (int i = 0; i < rows; i++, at += PANEL) {
            FloatVector v0 = FloatVector.fromArray(F, sums, at).add(b0);
            FloatVector v1 = FloatVector.fromArray(F, sums, at + second).add(b1);
            v0.intoArray(sums, at);
            v1.intoArray(sums, at + second);
        }
    }

    private static void store(GemmCall call, float[] sums, int at, int row, int rows, int column, int second) {
        MemorySegment c = call.c.segment();
        for (int i = 0; i < rows; i++, at += PANEL) {
            long to = call.c.at(target(call, row + i, column));
            FloatVector.fromArray(F, sums, at).intoMemorySegment(c, to, ORDER);
            FloatVector.fromArray(F, sums, at + second).intoMemorySegment(c, to + (long) second * Float.BYTES, ORDER);
        }
    }

    private static void storeBias(GemmCall call, float[] sums, int at, int row, int rows, int column, int second) {
        MemorySegment bias = call.bias.segment();
        FloatVector b0 = FloatVector.fromMemorySegment(F, bias, call.bias.at(column), ORDER);
        FloatVector b1 = FloatVector.fromMemorySegment(F, bias, call.bias.at(column + second), ORDER);
        MemorySegment c = call.c.segment();
        for (int i = 0; i < rows; i++, at += PANEL) {
            long to = call.c.at(target(call, row + i, column));
            FloatVector.fromArray(F, sums, at).add(b0).intoMemorySegment(c, to, ORDER);
            FloatVector.fromArray(F, sums, at + second)
                    .add(b1)
                    .intoMemorySegment(c, to + (long) second * Float.BYTES, ORDER);
        }
    }

    private static void storePlus(
            Floats plus, GemmCall call, float[] sums, int at, int row, int rows, int column, int second) {
        MemorySegment more = plus.segment();
        MemorySegment c = call.c.segment();
        for (int i = 0; i < rows; i++, at += PANEL) {
            long target = target(call, row + i, column);
            FloatVector v0 = FloatVector.fromArray(F, sums, at)
                    .add(FloatVector.fromMemorySegment(F, more, plus.at(target), ORDER));
            FloatVector v1 = FloatVector.fromArray(F, sums, at + second)
                    .add(FloatVector.fromMemorySegment(F, more, plus.at(target + second), ORDER));
            v0.intoMemorySegment(c, call.c.at(target), ORDER);
            v1.intoMemorySegment(c, call.c.at(target + second), ORDER);
        }
    }

    private static void storeBiasPlus(
            Floats plus, GemmCall call, float[] sums, int at, int row, int rows, int column, int second) {
        MemorySegment bias = call.bias.segment();
        FloatVector b0 = FloatVector.fromMemorySegment(F, bias, call.bias.at(column), ORDER);
        FloatVector b1 = FloatVector.fromMemorySegment(F, bias, call.bias.at(column + second), ORDER);
        MemorySegment more = plus.segment();
        MemorySegment c = call.c.segment();
        for (int i = 0; i < rows; i++, at += PANEL) {
            long target = target(call, row + i, column);
            FloatVector v0 = FloatVector.fromArray(F, sums, at)
                    .add(b0)
                    .add(FloatVector.fromMemorySegment(F, more, plus.at(target), ORDER));
            FloatVector v1 = FloatVector.fromArray(F, sums, at + second)
                    .add(b1)
                    .add(FloatVector.fromMemorySegment(F, more, plus.at(target + second), ORDER));
            v0.intoMemorySegment(c, call.c.at(target), ORDER);
            v1.intoMemorySegment(c, call.c.at(target + second), ORDER);
        }
    }
}
