package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;
import static io.tokenwise.kernels.SpeechOps.STEP;
import static jdk.incubator.vector.VectorOperators.MAX;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** {@link SpeechOps#attendOne} of one head, with tokens in the lanes. */
final class VectorSingleAttention {
    /** Columns of values that are summed side by side: four sums that do not wait for each other, and one load of the weights for all. */
    private static final int COLUMNS = 4;

    private VectorSingleAttention() {}

    static void attend(
            Floats query,
            Floats keys,
            Floats values,
            int stride,
            int length,
            int first,
            int headSize,
            float scale,
            Floats context,
            Scratch scratch) {
        assert stride % STEP == 0 && length <= stride;
        int padded = (length + STEP - 1) / STEP * STEP;
        int scores = headSize;
        int sums = scores + padded;
        float[] work = scratch.floats(sums + COLUMNS * LANES);
        for (int c = 0; c < headSize; c++) {
            work[c] = query.get(first + c) * scale;
        }
        for (int j = 0; j < padded; j += 4 * LANES) {
            scores(work, headSize, keys, (long) first * stride + j, stride, scores + j);
        }
        Arrays.fill(work, scores + length, scores + padded, Float.NEGATIVE_INFINITY);
        float inverse = 1 / exponentials(work, scores, padded);
        for (int c = 0; c < headSize; c += COLUMNS) {
            int count = Math.min(COLUMNS, headSize - c);
            values(work, scores, padded, values, (long) (first + c) * stride, stride, count, sums);
            finish(work, sums, count, inverse, context, first + c);
        }
    }

    /**
     * Adds up the lanes of sums, in the order of {@link Species#sum}, without vectors: where C2 inlines this into {@link #attend}, as with 128 bits, it has no
     * room left for what it calls, and each vector would be an object.
     */
    private static void finish(float[] work, int sums, int count, float inverse, Floats context, int to) {
        for (int i = 0; i < count; i++) {
            int at = sums + i * LANES;
            for (int half = LANES / 2; half > 0; half /= 2) {
                for (int lane = 0; lane < half; lane++) {
                    work[at + lane] += work[at + lane + half];
                }
            }
            context.set(to + i, work[at] * inverse);
        }
    }

    /** Scores of four vectors of tokens. */
    private static void scores(float[] query, int headSize, Floats keys, long at, int stride, int to) {
        MemorySegment memory = keys.segment();
        long base = keys.at(at);
        long next = (long) LANES * Float.BYTES;
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        for (int c = 0; c < headSize; c++) {
            long row = base + (long) c * stride * Float.BYTES;
            FloatVector q = FloatVector.broadcast(F, query[c]);
            s0 = FloatVector.fromMemorySegment(F, memory, row, ORDER).fma(q, s0);
            s1 = FloatVector.fromMemorySegment(F, memory, row + next, ORDER).fma(q, s1);
            s2 = FloatVector.fromMemorySegment(F, memory, row + 2 * next, ORDER).fma(q, s2);
            s3 = FloatVector.fromMemorySegment(F, memory, row + 3 * next, ORDER).fma(q, s3);
        }
        s0.intoArray(query, to);
        s1.intoArray(query, to + LANES);
        s2.intoArray(query, to + 2 * LANES);
        s3.intoArray(query, to + 3 * LANES);
    }

    /** Replaces scores by {@code e^(score - largest)}, which is 0 where they are minus infinity; returns the sum. */
    private static float exponentials(float[] work, int at, int count) {
        FloatVector most = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        for (int j = at; j < at + count; j += LANES) {
            most = most.max(FloatVector.fromArray(F, work, j));
        }
        float largest = most.reduceLanes(MAX);
        FloatVector sum = FloatVector.zero(F);
        for (int j = at; j < at + count; j += LANES) {
            FloatVector weight =
                    VectorMath.exp(FloatVector.fromArray(F, work, j).sub(largest));
            weight.intoArray(work, j);
            sum = sum.add(weight);
        }
        return Species.sum(sum);
    }

    /** Sums by lanes of {@code count} columns of values, each times the weights. Beyond the last one it takes that again. */
    private static void values(
            float[] work, int weights, int length, Floats values, long at, int stride, int count, int sums) {
        MemorySegment memory = values.segment();
        long v0 = values.at(at);
        long v1 = values.at(at + (long) Math.min(1, count - 1) * stride);
        long v2 = values.at(at + (long) Math.min(2, count - 1) * stride);
        long v3 = values.at(at + (long) (count - 1) * stride);
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        for (int j = 0; j < length; j += LANES) {
            long token = (long) j * Float.BYTES;
            FloatVector weight = FloatVector.fromArray(F, work, weights + j);
            s0 = FloatVector.fromMemorySegment(F, memory, v0 + token, ORDER).fma(weight, s0);
            s1 = FloatVector.fromMemorySegment(F, memory, v1 + token, ORDER).fma(weight, s1);
            s2 = FloatVector.fromMemorySegment(F, memory, v2 + token, ORDER).fma(weight, s2);
            s3 = FloatVector.fromMemorySegment(F, memory, v3 + token, ORDER).fma(weight, s3);
        }
        s0.intoArray(work, sums);
        s1.intoArray(work, sums + LANES);
        s2.intoArray(work, sums + 2 * LANES);
        s3.intoArray(work, sums + 3 * LANES);
    }
}
