package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;
import static io.tokenwise.kernels.VectorTiles.DEPTH;
import static io.tokenwise.kernels.VectorTiles.PANEL;
import static io.tokenwise.kernels.VectorTiles.TALL;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;

import io.tokenwise.kernels.SequenceOps.AttentionCall;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Attention of one head of one sequence, for PANEL queries at a time, which lie in the lanes: their scores are {@code [length, PANEL]}, so softmax
 * runs down the columns, without sums or maxima across lanes, and no key is padding. Every sum runs over ascending keys, as in {@link ScalarAttention},
 * so the results have the same bits.
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
        int panel = VectorTranspose.panelFloats(size);
        int keysPerBlock = DEPTH / size * TALL;
        int keyFloats = (length + keysPerBlock - 1) / keysPerBlock * TALL * DEPTH;

        int weights = keyFloats;
        int sums = weights + (length + TALL) * PANEL;
        float[] work = scratch.floats(sums + PANEL);
        long packed = 3L * panel * Float.BYTES;
        long spare = packed + (long) length * (size + PANEL) * Float.BYTES;
        MemorySegment memory = scratch.nativeFloats(spare / Float.BYTES + TALL * PANEL);
        for (int i = 0, to = 0; i < length; i += keysPerBlock, to += TALL * DEPTH) {
            int keys = Math.min(keysPerBlock, length - i);
            copyKeys(call.qkv, query + width + (long) i * stride, stride, keys, size, work, to);
        }

        MemorySegment values = call.qkv.segment();
        long valuesAt = call.qkv.at(query + 2L * width);
        long valueStride = (long) stride * Float.BYTES;
        long valuePanel = (long) PANEL * Float.BYTES;
        if (size % PANEL != 0) {
            for (int c = 0; c < size; c += PANEL) {
                VectorPacking.panelOfRows(
                        values,
                        valuesAt + (long) c * Float.BYTES,
                        stride,
                        length,
                        Math.min(PANEL, size - c),
                        memory,
                        packed + (long) c * length * Float.BYTES);
            }
            values = memory;
            valuesAt = packed;
            valueStride = (long) PANEL * Float.BYTES;
            valuePanel = (long) PANEL * length * Float.BYTES;
        }

        for (int i = 0; i < length; i += PANEL) {
            int rows = Math.min(PANEL, length - i);
            VectorTranspose.toPanel(call.qkv, query + (long) i * stride, stride, rows, size, memory);
            for (int j = 0; j < length; j += TALL) {
                int count = Math.min(TALL, length - j);
                int keys = j / keysPerBlock * TALL * DEPTH + j % keysPerBlock / TALL * size;
                VectorTiles.tile(count, work, keys, memory, 0, size, work, weights + j * PANEL, PANEL, false);
            }
            softmax(work, weights, length, call.scale, sums);
            if (call.probabilities != null) {
                long row = call.probabilityOffsets[sequence] + ((long) head * length + i) * length;
                storeProbabilities(work, weights, sums, rows, length, call.probabilities, row);
            }
            for (int r = 0; r < rows; r += TALL) {
                int count = Math.min(TALL, rows - r);
                long to = (long) (first + i + r) * width + (long) head * size;
                for (int c = 0; c < size; c += PANEL) {
                    context(
                            count,
                            work,
                            weights + r,
                            values,
                            valuesAt + c / PANEL * valuePanel,
                            valueStride,
                            length,
                            sums + r,
                            call.context,
                            to + c,
                            width,
                            Math.min(PANEL, size - c),
                            memory,
                            spare);
                }
            }
        }
    }

    /** A tile of the result; by way of the scratch memory where the tile is larger than its place. */
    private static void context(
            int rows,
            float[] work,
            int weights,
            MemorySegment values,
            long valuesAt,
            long valueStride,
            int length,
            int factors,
            Floats y,
            long to,
            int width,
            int columns,
            MemorySegment memory,
            long spare) {
        long yStride = (long) width * Float.BYTES;
        if (rows == VectorAttentionTiles.rowsWritten(rows) && columns == PANEL) {
            VectorAttentionTiles.tile(
                    rows,
                    work,
                    weights,
                    values,
                    valuesAt,
                    valueStride,
                    length,
                    factors,
                    y.segment(),
                    y.at(to),
                    yStride);
            return;
        }
        long stride = (long) PANEL * Float.BYTES;
        VectorAttentionTiles.tile(
                rows, work, weights, values, valuesAt, valueStride, length, factors, memory, spare, stride);
        for (int r = 0; r < rows; r++) {
            MemorySegment.copy(
                    memory, spare + r * stride, y.segment(), y.at(to) + r * yStride, (long) columns * Float.BYTES);
        }
    }

    /** Keys as rows of the products' left side: tiles of TALL rows next to each other, as many as DEPTH columns hold. */
    private static void copyKeys(Floats x, long at, int stride, int keys, int size, float[] to, int toAt) {
        MemorySegment from = x.segment();
        int whole = F.loopBound(size);
        for (int c = 0; c < whole; c += LANES) {
            long source = x.at(at + c);
            for (int j = 0; j < keys; j++) {
                FloatVector.fromMemorySegment(F, from, source + (long) j * stride * Float.BYTES, ORDER)
                        .intoArray(to, toAt + j % TALL * DEPTH + j / TALL * size + c);
            }
        }
        for (int c = whole; c < size; c++) {
            for (int j = 0; j < keys; j++) {
                to[toAt + j % TALL * DEPTH + j / TALL * size + c] = x.get(at + (long) j * stride + c);
            }
        }
    }

    /**
     * Replaces scores {@code [length, PANEL]} by {@code 2^(factor * (score - the column's largest))}, and writes {@code 1 / sum} of each column.
     *
     * <p>This is {@link ScalarMath#exp2} written out, because its constants are made before the loop: in static fields they are memory, which C2
     * reads again in each turn of a loop that stores floats (a sixth of this method's time), and made in a method of ours they are objects.
     */
    private static void softmax(float[] scores, int at, int length, float scale, int inverses) {
        int end = at + length * PANEL;
        // As integers, positive floats have the same order and negative ones the opposite: two integer instructions of
        // one
        // cycle, where max() on floats takes five instructions and a compare and blend seven cycles.
        IntVector most0 = IntVector.broadcast(Species.I, Integer.MIN_VALUE);
        IntVector most1 = most0;
        IntVector least0 = IntVector.broadcast(Species.I, Integer.MAX_VALUE);
        IntVector least1 = least0;
        for (int j = at; j < end; j += PANEL) {
            IntVector x0 = FloatVector.fromArray(F, scores, j).reinterpretAsInts();
            IntVector x1 = FloatVector.fromArray(F, scores, j + LANES).reinterpretAsInts();
            most0 = most0.max(x0);
            least0 = least0.min(x0);
            most1 = most1.max(x1);
            least1 = least1.min(x1);
        }
        FloatVector factor = FloatVector.broadcast(F, scale * ScalarMath.LOG2_E);
        FloatVector shift0 = most0.blend(least0, most0.compare(LT, 0))
                .reinterpretAsFloats()
                .mul(factor)
                .neg();
        FloatVector shift1 = most1.blend(least1, most1.compare(LT, 0))
                .reinterpretAsFloats()
                .mul(factor)
                .neg();
        FloatVector zero = FloatVector.zero(F);
        FloatVector one = FloatVector.broadcast(F, 1);
        FloatVector round = FloatVector.broadcast(F, ScalarMath.ROUND);
        FloatVector smallest = FloatVector.broadcast(F, ScalarMath.EXP2_SMALLEST);
        FloatVector c1 = FloatVector.broadcast(F, ScalarMath.EXP2_1);
        FloatVector c2 = FloatVector.broadcast(F, ScalarMath.EXP2_2);
        FloatVector c3 = FloatVector.broadcast(F, ScalarMath.EXP2_3);
        FloatVector c4 = FloatVector.broadcast(F, ScalarMath.EXP2_4);
        FloatVector c5 = FloatVector.broadcast(F, ScalarMath.EXP2_5);
        FloatVector sum0 = zero;
        FloatVector sum1 = zero;
        for (int j = at; j < end; j += PANEL) {
            FloatVector x0 = FloatVector.fromArray(F, scores, j).fma(factor, shift0);
            FloatVector n0 = x0.add(round);
            FloatVector r0 = x0.sub(n0.sub(round));
            FloatVector p0 = c5.fma(r0, c4).fma(r0, c3).fma(r0, c2).fma(r0, c1).fma(r0, one);
            FloatVector y0 = p0.reinterpretAsInts()
                    .add(n0.reinterpretAsInts().lanewise(LSHL, 23))
                    .reinterpretAsFloats()
                    .blend(zero, x0.compare(LT, smallest));
            FloatVector x1 = FloatVector.fromArray(F, scores, j + LANES).fma(factor, shift1);
            FloatVector n1 = x1.add(round);
            FloatVector r1 = x1.sub(n1.sub(round));
            FloatVector p1 = c5.fma(r1, c4).fma(r1, c3).fma(r1, c2).fma(r1, c1).fma(r1, one);
            FloatVector y1 = p1.reinterpretAsInts()
                    .add(n1.reinterpretAsInts().lanewise(LSHL, 23))
                    .reinterpretAsFloats()
                    .blend(zero, x1.compare(LT, smallest));
            y0.intoArray(scores, j);
            y1.intoArray(scores, j + LANES);
            sum0 = sum0.add(y0);
            sum1 = sum1.add(y1);
        }
        one.div(sum0).intoArray(scores, inverses);
        one.div(sum1).intoArray(scores, inverses + LANES);
    }

    private static void storeProbabilities(
            float[] work, int weights, int inverses, int rows, int length, Floats y, long to) {
        for (int r = 0; r < rows; r++) {
            for (int j = 0; j < length; j++) {
                y.set(to + (long) r * length + j, work[weights + j * PANEL + r] * work[inverses + r]);
            }
        }
    }
}
