package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;
import static io.tokenwise.kernels.VectorTiles.DEPTH;
import static io.tokenwise.kernels.VectorTiles.PANEL;
import static io.tokenwise.kernels.VectorTiles.TALL;
import static jdk.incubator.vector.VectorOperators.GT;

import io.tokenwise.kernels.SequenceOps.AttentionCall;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;

/**
 * Attention of one head of one sequence from {@link VectorTiles}: keys and values are packed once into panels, then a tile of queries makes its
 * scores, softmax and context without leaving the first-level cache.
 */
final class VectorAttention {
    private VectorAttention() {}

    static void forward(AttentionCall call, int sequence, int head, Scratch scratch) {
        int first = call.offsets[sequence];
        int length = call.offsets[sequence + 1] - first;
        int size = call.headSize;
        assert size <= DEPTH && call.scale > 0;
        int width = call.heads * size;
        int stride = 3 * width;
        long query = (long) first * stride + (long) head * size;
        MemorySegment packed = scratch.nativeFloats(panelFloats(size, length) + panelFloats(length, size));
        packTransposed(call.qkv, query + width, stride, size, length, packed, 0);
        long values = panelFloats(size, length) * Float.BYTES;
        packRows(call.qkv, query + 2L * width, stride, length, size, packed, values);

        int weights = TALL * DEPTH;
        int context = weights + blocks(length) * TALL * DEPTH;
        float[] work = scratch.floats(context + TALL * PANEL);
        for (int i = 0; i < length; i += TALL) {
            int rows = Math.min(TALL, length - i);
            copyRows(call.qkv, query + (long) i * stride, stride, rows, size, work);
            multiplyPanels(rows, work, packed, size, length, work, weights);
            long to = (long) (first + i) * width + (long) head * size;
            int inverses = 0;
            for (int r = 0; r < rows; r++) {
                float inverse = 1 / softmax(work, weights + r * DEPTH, length, call.scale);
                if (call.probabilities != null) {
                    long row = call.probabilityOffsets[sequence] + ((long) head * length + i + r) * length;
                    storeScaled(work, weights + r * DEPTH, length, inverse, call.probabilities, row);
                }
                // The queries are used up: their place keeps the sums.
                work[inverses + r] = inverse;
            }
            for (int c = 0; c < size; c += PANEL) {
                sumOverTokens(
                        rows, work, weights, packed, values + (long) c * length * Float.BYTES, length, work, context);
                for (int r = 0; r < rows; r++) {
                    int count = Math.min(PANEL, size - c);
                    storeScaled(work, context + r * PANEL, count, work[r], call.context, to + (long) r * width + c);
                }
            }
        }
    }

    static int blocks(int length) {
        return (length + DEPTH - 1) / DEPTH;
    }

    static long panelFloats(int k, int n) {
        return (long) (n + PANEL - 1) / PANEL * PANEL * k;
    }

    /** Packs the transpose of {@code [columns, k]}, read at {@code at} with the given stride. */
    static void packTransposed(Floats x, long at, int stride, int k, int columns, MemorySegment packed, long to) {
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
    static void packRows(Floats x, long at, int stride, int k, int columns, MemorySegment packed, long to) {
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
    static void copyRows(Floats x, long at, int stride, int rows, int size, float[] work) {
        for (int r = 0; r < rows; r++) {
            MemorySegment.copy(
                    x.segment(), ValueLayout.JAVA_FLOAT, x.at(at + (long) r * stride), work, r * DEPTH, size);
        }
    }

    /** Rows at the front of {@code a}, {@code [rows, size]}, times packed {@code [size, length]}; the result is laid out as A of the next product. */
    static void multiplyPanels(int rows, float[] a, MemorySegment packed, int size, int length, float[] out, int to) {
        for (int j = 0; j < length; j += PANEL) {
            int at = to + j / DEPTH * TALL * DEPTH + j % DEPTH;
            VectorTiles.tile(rows, a, 0, packed, (long) j * size * Float.BYTES, size, out, at, DEPTH, false);
        }
    }

    /** A tile of {@code a}, {@code [rows, length]}, times one panel {@code [length, PANEL]}. */
    static void sumOverTokens(
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

    /** Replaces a row of scores by {@code exp(scale * (score - largest))} and returns their sum. Pads the row to whole vectors with zeros. */
    private static float softmax(float[] scores, int row, int length, float scale) {
        int last = length - 1;
        int end = row + last / DEPTH * TALL * DEPTH + last % DEPTH + 1;
        for (int pad = end; pad % LANES != row % LANES; pad++) {
            scores[pad] = Float.NEGATIVE_INFINITY;
        }
        FloatVector largest = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        for (int p = 0, base = row; p < length; p += DEPTH, base += TALL * DEPTH) {
            int stop = Math.min(DEPTH, length - p);
            for (int j = 0; j < stop; j += LANES) {
                FloatVector value = FloatVector.fromArray(F, scores, base + j);
                largest = largest.blend(value, value.compare(GT, largest));
            }
        }
        float most = VectorMath.largestLane(largest);
        FloatVector sums = FloatVector.zero(F);
        for (int p = 0, base = row; p < length; p += DEPTH, base += TALL * DEPTH) {
            int stop = Math.min(DEPTH, length - p);
            for (int j = 0; j < stop; j += LANES) {
                FloatVector value = FloatVector.fromArray(F, scores, base + j);
                value = VectorMath.exp(value.sub(most).mul(scale));
                value.intoArray(scores, base + j);
                sums = sums.add(value);
            }
        }
        return Species.sum(sums);
    }

    /** Writes a row of a tile, times a factor, to native memory. */
    private static void storeScaled(float[] row, int at, int count, float factor, Floats y, long to) {
        MemorySegment yMemory = y.segment();
        long yBase = y.offset();
        for (int p = 0; p < count; p += DEPTH, at += TALL * DEPTH) {
            int depth = Math.min(DEPTH, count - p);
            int whole = F.loopBound(depth);
            for (int j = 0; j < whole; j += LANES) {
                FloatVector.fromArray(F, row, at + j)
                        .mul(factor)
                        .intoMemorySegment(yMemory, yBase + (to + p) * Float.BYTES + (long) j * Float.BYTES, ORDER);
            }
            for (int j = whole; j < depth; j++) {
                y.set(to + p + j, row[at + j] * factor);
            }
        }
    }
}
