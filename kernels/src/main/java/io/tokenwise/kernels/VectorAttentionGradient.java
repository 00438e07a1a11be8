package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;
import static io.tokenwise.kernels.VectorTiles.DEPTH;
import static io.tokenwise.kernels.VectorTiles.PANEL;
import static io.tokenwise.kernels.VectorTiles.TALL;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tokenwise.kernels.SequenceOps.AttentionCall;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Gradient of {@link VectorAttention}, with P the probabilities and S the scaled scores: {@code dP = dC V^T},
 * {@code dS = P * (dP - rowsum(P * dP))}, {@code dQ = scale dS K}, {@code dK = scale dS^T Q}, {@code dV = P^T dC}.
 *
 * <p>In the last two the keys are rows of the product and the columns of dS and P, which {@link VectorAttentionTiles} reads as they lie: panels of columns
 * on the heap. Nothing is transposed but the values.
 */
final class VectorAttentionGradient {
    private VectorAttentionGradient() {}

    static void backward(AttentionCall call, int sequence, int head, Scratch scratch) {
        int first = call.offsets[sequence];
        int length = call.offsets[sequence + 1] - first;
        int size = call.headSize;
        assert size <= AttentionCall.MOST_HEAD_SIZE;
        int width = call.heads * size;
        int stride = 3 * width;
        long query = (long) first * stride + (long) head * size;
        long context = (long) first * width + (long) head * size;
        long probabilities = call.probabilityOffsets[sequence] + (long) head * length * length;

        long keys = panelFloats(size, length) * Float.BYTES;
        long rows = keys + panelFloats(length, size) * Float.BYTES;
        long spare = rows + panelFloats(length, size) * Float.BYTES;
        MemorySegment packed = scratch.nativeFloats(spare / Float.BYTES + TALL * PANEL);
        packTransposed(call.query.values, query + 2L * width, stride, size, length, packed, 0);
        packRows(call.query.values, query + width, stride, length, size, packed, keys);

        int tile = TALL * DEPTH;
        int sums = tile + blocks(length) * tile;
        int ones = sums + TALL * PANEL;
        int panels = ones + TALL;
        float[] work = scratch.floats(Math.toIntExact(panels + panelFloats(length, length)));
        Arrays.fill(work, ones, panels, 1);
        for (int i = 0; i < length; i += TALL) {
            int count = Math.min(TALL, length - i);
            copyRows(call.dContext, context + (long) i * width, width, count, size, work);
            multiplyPanels(count, work, packed, size, length, work, tile);
            for (int r = 0; r < count; r++) {
                scoreGradients(call, probabilities + (long) (i + r) * length, length, work, tile + r * DEPTH);
                toPanels(work, tile + r * DEPTH, length, work, panels + (i + r) * PANEL);
            }
            for (int c = 0; c < size; c += PANEL) {
                long panel = keys + (long) c * length * Float.BYTES;
                sumOverTokens(count, work, tile, packed, panel, length, work, sums);
                storeRows(
                        work, sums, count, Math.min(PANEL, size - c), call.dQkv, query + (long) i * stride + c, stride);
            }
        }
        packRows(call.query.values, query, stride, length, size, packed, rows);
        transposedProduct(work, panels, ones, packed, rows, spare, length, size, call.dQkv, query + width, stride);
        if (call.positions != null) {
            VectorPositionScores.addGradients(call, head, first, length, work, panels);
        }
        probabilitiesToPanels(call.probabilities, probabilities, length, work, panels);
        packRows(call.dContext, context, width, length, size, packed, rows);
        transposedProduct(work, panels, ones, packed, rows, spare, length, size, call.dQkv, query + 2L * width, stride);
    }

    private static int blocks(int length) {
        return (length + DEPTH - 1) / DEPTH;
    }

    private static long panelFloats(int k, int n) {
        return (long) (n + PANEL - 1) / PANEL * PANEL * k;
    }

    /** Packs the transpose of {@code [columns, k]}, read at {@code at} with the given stride. */
    private static void packTransposed(
            Floats x, long at, int stride, int k, int columns, MemorySegment packed, long to) {
        for (int j = 0; j < columns; j += PANEL) {
            VectorPacking.panelOfColumns(
                    x.segment(),
                    x.at(at + (long) j * stride),
                    stride,
                    k,
                    Math.min(PANEL, columns - j),
                    packed,
                    to + (long) j * k * Float.BYTES);
        }
    }

    /** Packs {@code [k, columns]}, read at {@code at} with the given stride. */
    private static void packRows(Floats x, long at, int stride, int k, int columns, MemorySegment packed, long to) {
        for (int j = 0; j < columns; j += PANEL) {
            VectorPacking.panelOfRows(
                    x.segment(),
                    x.at(at + j),
                    stride,
                    k,
                    Math.min(PANEL, columns - j),
                    packed,
                    to + (long) j * k * Float.BYTES);
        }
    }

    /** A tile of rows of {@code size} values, to the front of {@code work} with the stride of tiles. */
    private static void copyRows(Floats x, long at, int stride, int rows, int size, float[] work) {
        for (int r = 0; r < rows; r++) {
            MemorySegment.copy(x.segment(), JAVA_FLOAT, x.at(at + (long) r * stride), work, r * DEPTH, size);
        }
    }

    /** Rows at the front of {@code a}, {@code [rows, size]}, times packed {@code [size, length]}; the result is laid out as A of the next product. */
    private static void multiplyPanels(
            int rows, float[] a, MemorySegment packed, int size, int length, float[] out, int to) {
        for (int j = 0; j < length; j += PANEL) {
            int at = to + j / DEPTH * TALL * DEPTH + j % DEPTH;
            VectorTiles.tile(rows, a, 0, packed, (long) j * size * Float.BYTES, size, out, at, DEPTH, false);
        }
    }

    /** A tile of {@code a}, {@code [rows, length]}, times one panel {@code [length, PANEL]}. */
    private static void sumOverTokens(
            int rows, float[] a, int at, MemorySegment packed, long panel, int length, float[] out, int to) {
        for (int p = 0; p < length; p += DEPTH) {
            int depth = Math.min(DEPTH, length - p);
            VectorTiles.tile(
                    rows,
                    a,
                    at + p * TALL,
                    packed,
                    panel + (long) p * PANEL * Float.BYTES,
                    depth,
                    out,
                    to,
                    PANEL,
                    p > 0);
        }
    }

    /** Turns a row of dP into scale * dS; zeros follow it up to a whole panel. */
    private static void scoreGradients(AttentionCall call, long probabilities, int length, float[] row, int at) {
        MemorySegment probabilitiesMemory = call.probabilities.segment();
        long probabilitiesBase = call.probabilities.offset();
        FloatVector products = FloatVector.zero(F);
        float product = 0;
        for (int p = 0, base = at; p < length; p += DEPTH, base += TALL * DEPTH) {
            int depth = Math.min(DEPTH, length - p);
            int whole = F.loopBound(depth);
            for (int j = 0; j < whole; j += LANES) {
                FloatVector weight = FloatVector.fromMemorySegment(
                        F,
                        probabilitiesMemory,
                        probabilitiesBase + (probabilities + p) * Float.BYTES + (long) j * Float.BYTES,
                        ORDER);
                products = weight.fma(FloatVector.fromArray(F, row, base + j), products);
            }
            for (int j = whole; j < depth; j++) {
                product = Math.fma(call.probabilities.get(probabilities + p + j), row[base + j], product);
            }
        }
        product += Species.sum(products);
        for (int p = 0, base = at; p < length; p += DEPTH, base += TALL * DEPTH) {
            int depth = Math.min(DEPTH, length - p);
            int whole = F.loopBound(depth);
            for (int j = 0; j < whole; j += LANES) {
                FloatVector weight = FloatVector.fromMemorySegment(
                        F,
                        probabilitiesMemory,
                        probabilitiesBase + (probabilities + p) * Float.BYTES + (long) j * Float.BYTES,
                        ORDER);
                weight.mul(FloatVector.fromArray(F, row, base + j).sub(product))
                        .mul(call.scale)
                        .intoArray(row, base + j);
            }
            for (int j = whole; j < depth; j++) {
                row[base + j] = call.probabilities.get(probabilities + p + j) * (row[base + j] - product) * call.scale;
            }
            for (int j = depth; j % PANEL != 0; j++) {
                row[base + j] = 0;
            }
        }
    }

    /** Copies a row of a tile into its place in the panels {@code [length / PANEL][length][PANEL]}. */
    private static void toPanels(float[] row, int at, int length, float[] panels, int to) {
        for (int j = 0; j < length; j += PANEL) {
            System.arraycopy(row, at + j / DEPTH * TALL * DEPTH + j % DEPTH, panels, to + j * length, PANEL);
        }
    }

    /** The same for all rows of P. */
    private static void probabilitiesToPanels(Floats p, long at, int length, float[] panels, int to) {
        for (int j = 0; j < length; j += PANEL) {
            int columns = Math.min(PANEL, length - j);
            for (int i = 0; i < length; i++) {
                long from = p.at(at + (long) i * length + j);
                MemorySegment.copy(p.segment(), JAVA_FLOAT, from, panels, to + j * length + i * PANEL, columns);
            }
        }
    }

    private static void storeRows(float[] sums, int at, int rows, int columns, Floats y, long to, int stride) {
        for (int r = 0; r < rows; r++) {
            MemorySegment.copy(sums, at + r * PANEL, y.segment(), JAVA_FLOAT, y.at(to + (long) r * stride), columns);
        }
    }

    /** {@code y = A^T x} with A {@code [length, length]} in panels on the heap, x {@code [length, size]} packed and y at the given stride. */
    private static void transposedProduct(
            float[] a,
            int panels,
            int ones,
            MemorySegment packed,
            long rows,
            long spare,
            int length,
            int size,
            Floats y,
            long to,
            int stride) {
        long panelStride = (long) PANEL * Float.BYTES;
        for (int j = 0; j < length; j += TALL) {
            int count = Math.min(TALL, length - j);
            int columnsOfA = panels + j / PANEL * PANEL * length + j % PANEL;
            for (int c = 0; c < size; c += PANEL) {
                long x = rows + (long) c * length * Float.BYTES;
                long target = to + (long) j * stride + c;
                int columns = Math.min(PANEL, size - c);
                boolean fits = columns == PANEL && count == VectorAttentionTiles.rowsWritten(count);
                MemorySegment out = fits ? y.segment() : packed;
                long outAt = fits ? y.at(target) : spare;
                long outStride = fits ? (long) stride * Float.BYTES : panelStride;
                VectorAttentionTiles.tile(
                        count, a, columnsOfA, packed, x, panelStride, length, ones, out, outAt, outStride);
                for (int r = 0; !fits && r < count; r++) {
                    long row = y.at(target + (long) r * stride);
                    MemorySegment.copy(packed, spare + r * panelStride, y.segment(), row, columns * Float.BYTES);
                }
            }
        }
    }
}
