package io.tokenwise.kernels;

/**
 * Attention of queries over the keys and values of other rows, query by query, and its gradient: {@link SpeechOps#attend}. Sums along a head's columns are
 * what the two subclasses know.
 */
abstract class RowAttention {
    /** The inner product of {@code count} values. */
    abstract float dot(Floats a, long aAt, Floats b, long bAt, int count);

    /** {@code y += factor * x} for {@code count} values. */
    abstract void addScaled(float factor, Floats x, long xAt, Floats y, long yAt, int count);

    final void forward(SpeechOps.AttendCall call, int sequence, int head) {
        int size = call.headSize;
        int queries = call.queries(sequence);
        int keys = call.keys(sequence);
        for (int i = 0; i < queries; i++) {
            long row = call.probabilityRow(sequence, head, i);
            int seen = softmax(call, sequence, head, i, row);
            for (int j = seen; j < keys; j++) {
                call.probabilities.set(row + j, 0);
            }
            long context = call.context(sequence, head, i);
            for (int c = 0; c < size; c++) {
                call.contexts.set(context + c, 0);
            }
            for (int j = 0; j < seen; j++) {
                addScaled(
                        call.probabilities.get(row + j),
                        call.keysValues,
                        call.value(sequence, head, j),
                        call.contexts,
                        context,
                        size);
            }
        }
    }

    /** Writes a query's probabilities from {@code row} on; returns how many keys it sees. */
    private int softmax(SpeechOps.AttendCall call, int sequence, int head, int i, long row) {
        int seen = call.causal ? i + 1 : call.keys(sequence);
        float largest = Float.NEGATIVE_INFINITY;
        long query = call.query(sequence, head, i);
        for (int j = 0; j < seen; j++) {
            float score =
                    call.scale * dot(call.queries, query, call.keysValues, call.key(sequence, head, j), call.headSize);
            call.probabilities.set(row + j, score);
            largest = Math.max(largest, score);
        }
        float sum = 0;
        for (int j = 0; j < seen; j++) {
            float weight = ScalarMath.exp(call.probabilities.get(row + j) - largest);
            call.probabilities.set(row + j, weight);
            sum += weight;
        }
        for (int j = 0; j < seen; j++) {
            call.probabilities.set(row + j, call.probabilities.get(row + j) / sum);
        }
        return seen;
    }

    final void backward(SpeechOps.AttendCall call, int sequence, int head, Scratch scratch) {
        int size = call.headSize;
        int queries = call.queries(sequence);
        int keys = call.keys(sequence);
        for (int j = 0; j < keys; j++) {
            for (int c = 0; c < size; c++) {
                call.dKeysValues.set(call.key(sequence, head, j) + c, 0);
                call.dKeysValues.set(call.value(sequence, head, j) + c, 0);
            }
        }
        float[] slopes = scratch.floats(keys);
        for (int i = 0; i < queries; i++) {
            int seen = call.causal ? i + 1 : keys;
            long query = call.query(sequence, head, i);
            long context = call.context(sequence, head, i);
            long row = call.probabilityRow(sequence, head, i);
            scoreGradients(call, sequence, head, context, row, seen, slopes);
            for (int c = 0; c < size; c++) {
                call.dQueries.set(query + c, 0);
            }
            for (int j = 0; j < seen; j++) {
                long key = call.key(sequence, head, j);
                addScaled(slopes[j], call.keysValues, key, call.dQueries, query, size);
                addScaled(slopes[j], call.queries, query, call.dKeysValues, key, size);
                addScaled(
                        call.probabilities.get(row + j),
                        call.dContexts,
                        context,
                        call.dKeysValues,
                        call.value(sequence, head, j),
                        size);
            }
        }
    }

    /** Gradients of one query's scores before scaling, times the scale. */
    private void scoreGradients(
            SpeechOps.AttendCall call, int sequence, int head, long context, long row, int seen, float[] slopes) {
        float product = 0;
        for (int j = 0; j < seen; j++) {
            slopes[j] = dot(call.dContexts, context, call.keysValues, call.value(sequence, head, j), call.headSize);
            product = Math.fma(slopes[j], call.probabilities.get(row + j), product);
        }
        for (int j = 0; j < seen; j++) {
            slopes[j] = call.probabilities.get(row + j) * (slopes[j] - product) * call.scale;
        }
    }
}
