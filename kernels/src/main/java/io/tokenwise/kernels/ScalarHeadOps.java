package io.tokenwise.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.tokenwise.kernels.SequenceOps.AttentionCall;
import java.lang.foreign.MemorySegment;

/** {@link HeadOps} in plain Java. */
final class ScalarHeadOps implements HeadOps {
    @Override
    public void gather(HeadColumns from, int head, int token, int rows, MemorySegment target) {
        long to = 0;
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < from.headSize; c++) {
                target.setAtIndex(JAVA_FLOAT, to++, from.values.get(from.at(token + r, head, c)));
            }
        }
    }

    @Override
    public void scatter(MemorySegment from, HeadColumns to, int head, int token, int rows) {
        long index = 0;
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < to.headSize; c++) {
                to.values.set(to.at(token + r, head, c), from.getAtIndex(JAVA_FLOAT, index++));
            }
        }
    }

    @Override
    public void toBfloat16(
            HeadColumns from, int head, int token, int rows, int end, MemorySegment target, Scratch scratch) {
        long to = 0;
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < from.headSize; c++) {
                float value = from.values.get(from.at(token + r, head, c));
                target.setAtIndex(JAVA_SHORT, to++, ScalarConversions.bfloat16(value));
            }
        }
        while (to < (long) end * from.headSize) {
            target.setAtIndex(JAVA_SHORT, to++, (short) 0);
        }
    }

    @Override
    public void softmax(
            AttentionCall call,
            int first,
            int length,
            int query,
            int rows,
            int from,
            int columns,
            MemorySegment scores,
            MemorySegment weights,
            float[] inverses) {
        float factor = call.scale * ScalarMath.LOG2_E;
        for (int r = 0; r < rows; r++) {
            int seen = call.firstSeen(first, query + r) - from;
            int end = call.endSeen(first, query + r, length) - from;
            long row = (long) r * columns;
            float largest = Float.NEGATIVE_INFINITY;
            for (int j = seen; j < end; j++) {
                largest = Math.max(largest, scores.getAtIndex(JAVA_FLOAT, row + j));
            }
            for (int j = 0; j < columns; j++) {
                float weight = 0;
                if (seen <= j && j < end) {
                    float score = scores.getAtIndex(JAVA_FLOAT, row + j);
                    weight = ScalarMath.exp2(Math.fma(score, factor, -(largest * factor)));
                }
                add(scores, row, j, weight);
                weights.setAtIndex(JAVA_SHORT, row + j, halfUp(weight));
            }
            inverses[r] = 1 / sum(scores, row);
        }
    }

    /** The upper half of a number that is not negative, rounded to nearest. */
    private static short halfUp(float value) {
        return (short) (Float.floatToRawIntBits(value) + 0x8000 >>> 16);
    }

    /** To one of as many sums as a step has columns, which lie where the first scores were. */
    private static void add(MemorySegment scores, long row, int column, float weight) {
        long lane = row + column % STEP;
        float before = column < STEP ? 0 : scores.getAtIndex(JAVA_FLOAT, lane);
        scores.setAtIndex(JAVA_FLOAT, lane, before + weight);
    }

    /** Of these sums, in the order of {@link Species#sum}. */
    private static float sum(MemorySegment scores, long row) {
        for (int half = STEP / 2; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) {
                float other = scores.getAtIndex(JAVA_FLOAT, row + i + half);
                scores.setAtIndex(JAVA_FLOAT, row + i, scores.getAtIndex(JAVA_FLOAT, row + i) + other);
            }
        }
        return scores.getAtIndex(JAVA_FLOAT, row);
    }

    @Override
    public void scaled(MemorySegment sums, float[] factors, HeadColumns y, int head, int token, int rows) {
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < y.headSize; c++) {
                float sum = sums.getAtIndex(JAVA_FLOAT, (long) r * y.headSize + c);
                y.values.set(y.at(token + r, head, c), factors[r] * sum);
            }
        }
    }
}
