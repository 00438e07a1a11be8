package io.tokenwise.kernels;

import io.tokenwise.kernels.SequenceOps.AttentionCall;

/** Attention of one head of one sequence without vectors. */
final class ScalarAttention {
    private ScalarAttention() {}

    static void forward(AttentionCall call, int sequence, int head, Scratch scratch) {
        int first = call.offsets[sequence];
        int length = call.offsets[sequence + 1] - first;
        int size = call.headSize;
        int keys = call.keys(sequence, length);
        float[] work = scratch.floats(keys + size);
        for (int i = 0; i < length; i++) {
            int from = call.firstSeen(first, i);
            int to = call.endSeen(first, i, keys);
            for (int c = 0; c < size; c++) {
                work[keys + c] = call.query.values.get(call.query.at(first + i, head, c));
            }
            float inverse = to <= from ? 0 : 1 / weights(call, first, keys, head, i, work);
            for (int c = 0; c < size; c++) {
                long value = call.value.at(first, head, c);
                float sum = 0;
                for (int j = from; j < to; j++) {
                    sum = Math.fma(work[j], call.value.values.get(value + (long) j * call.value.stride), sum);
                }
                call.context.values.set(call.context.at(first + i, head, c), sum * inverse);
            }
            if (call.probabilities != null) {
                long row = call.probabilityOffsets[sequence] + ((long) head * length + i) * length;
                for (int j = 0; j < length; j++) {
                    call.probabilities.set(row + j, from <= j && j < to ? work[j] * inverse : 0);
                }
            }
        }
    }

    /**
     * Writes {@code exp(scale * (score - largest score))} of token {@code i}'s query against each key that it sees to the front of {@code work}, where the
     * query lies behind {@code keys} weights; returns their sum.
     */
    private static float weights(AttentionCall call, int first, int keys, int head, int i, float[] work) {
        int from = call.firstSeen(first, i);
        int to = call.endSeen(first, i, keys);
        int together = call.key.areSideBySide() ? call.headSize : SequenceOps.UNIT;
        float largest = Float.NEGATIVE_INFINITY;
        for (int j = from; j < to; j++) {
            float score = 0;
            for (int c = 0; c < call.headSize; c += together) {
                long key = call.key.at(first + j, head, c);
                for (int k = 0; k < together; k++) {
                    score = Math.fma(work[keys + c + k], call.key.values.get(key + k), score);
                }
            }
            int distance = call.place(first, j) - call.place(first, i);
            if (call.bias != null) {
                score += call.bias(head, distance);
            }
            if (call.positions != null) {
                score += ofPositions(call, head, first + j, work, keys, call.positionRow(distance));
            }
            work[j] = score;
            largest = Math.max(largest, work[j]);
        }
        float factor = call.scale * ScalarMath.LOG2_E;
        float shift = -(largest * factor);
        float sum = 0;
        for (int j = from; j < to; j++) {
            work[j] = ScalarMath.exp2(Math.fma(work[j], factor, shift));
            sum += work[j];
        }
        return sum;
    }

    /** What the row of a query and a key's distance adds to their score. */
    private static float ofPositions(AttentionCall call, int head, int keyToken, float[] query, int at, int row) {
        float withKey = 0;
        float withQuery = 0;
        for (int c = 0; c < call.headSize; c++) {
            withKey = Math.fma(query[at + c], call.positions.get(call.positionKey(row, head) + c), withKey);
            float key = call.key.values.get(call.key.at(keyToken, head, c));
            withQuery = Math.fma(key, call.positions.get(call.positionQuery(row, head) + c), withQuery);
        }
        return withKey + withQuery;
    }

    static void backward(AttentionCall call, int sequence, int head, Scratch scratch) {
        int first = call.offsets[sequence];
        int length = call.offsets[sequence + 1] - first;
        int size = call.headSize;
        int width = call.heads * size;
        int stride = 3 * width;
        float[] scores = scratch.floats(length);
        for (int i = 0; i < length; i++) {
            for (int c = 0; c < size; c++) {
                long at = (long) (first + i) * stride + (long) head * size + c;
                call.dQkv.set(at, 0);
                call.dQkv.set(at + width, 0);
                call.dQkv.set(at + 2L * width, 0);
            }
        }
        for (int i = 0; i < length; i++) {
            long probabilities = call.probabilityOffsets[sequence] + ((long) head * length + i) * length;
            long context = (long) (first + i) * width + (long) head * size;
            scoreGradients(call, probabilities, context, first, length, head, scores);
            long query = (long) (first + i) * stride + (long) head * size;
            for (int j = 0; j < length; j++) {
                long key = (long) (first + j) * stride + width + (long) head * size;
                float probability = call.probabilities.get(probabilities + j);
                for (int c = 0; c < size; c++) {
                    addProduct(call.dQkv, query + c, scores[j], call.query.values.get(key + c));
                    addProduct(call.dQkv, key + c, scores[j], call.query.values.get(query + c));
                    addProduct(call.dQkv, key + width + c, probability, call.dContext.get(context + c));
                }
                if (call.positions != null) {
                    addPositionGradients(
                            call,
                            head,
                            query,
                            key,
                            call.positionRow(call.place(first, j) - call.place(first, i)),
                            scores[j]);
                }
            }
        }
    }

    private static void addPositionGradients(
            AttentionCall call, int head, long query, long key, int row, float gradient) {
        long positionQuery = call.positionQuery(row, head);
        long positionKey = call.positionKey(row, head);
        for (int c = 0; c < call.headSize; c++) {
            addProduct(call.dQkv, query + c, gradient, call.positions.get(positionKey + c));
            addProduct(call.dQkv, key + c, gradient, call.positions.get(positionQuery + c));
            if (call.dPositions != null) {
                addProduct(call.dPositions, positionKey + c, gradient, call.query.values.get(query + c));
                addProduct(call.dPositions, positionQuery + c, gradient, call.query.values.get(key + c));
            }
        }
    }

    /** Gradients of one query's scores before scaling, times the scale. */
    private static void scoreGradients(
            AttentionCall call, long probabilities, long context, int first, int length, int head, float[] scores) {
        int width = call.heads * call.headSize;
        float product = 0;
        for (int j = 0; j < length; j++) {
            long value = (long) (first + j) * 3 * width + 2L * width + (long) head * call.headSize;
            float gradient = 0;
            for (int c = 0; c < call.headSize; c++) {
                gradient = Math.fma(call.dContext.get(context + c), call.query.values.get(value + c), gradient);
            }
            scores[j] = gradient;
            product = Math.fma(gradient, call.probabilities.get(probabilities + j), product);
        }
        for (int j = 0; j < length; j++) {
            scores[j] = call.probabilities.get(probabilities + j) * (scores[j] - product) * call.scale;
        }
    }

    private static void addProduct(Floats y, long at, float a, float b) {
        y.set(at, Math.fma(a, b, y.get(at)));
    }
}
