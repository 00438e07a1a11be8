package io.tokenwise.bench;

import io.tokenwise.model.TextKind;
import java.util.ArrayList;
import java.util.List;

/**
 * One way to turn texts into vectors. Its quality and its time are those of this one object, so that neither can be had without the other. For
 * one thread, on which all of its work is done.
 */
interface Embedder {
    /** What its model wants to see before such a text; often nothing. */
    String prefix(TextKind kind);

    /**
     * What its model is given of a text: token ids from {@code [CLS]} to {@code [SEP]}. Words or tokens that it leaves out are left out here. It is no part
     * of the time, as no tokenizer's is.
     *
     * @param prefix one that {@link #prefix} gave. It is never left out
     */
    int[] tokens(String prefix, String text);

    /** The vectors {@code [texts][hidden]} of what {@link #tokens} gave. */
    float[][] encode(List<int[]> texts);

    /** The vectors of many texts, scaled to length 1, so that dot products are cosines. */
    default float[][] embed(TextKind kind, List<String> texts) {
        String prefix = prefix(kind);
        int block = 1024;
        var vectors = new ArrayList<float[]>(texts.size());
        for (int from = 0; from < texts.size(); from += block) {
            List<int[]> ids = texts.subList(from, Math.min(texts.size(), from + block)).stream()
                    .map(text -> tokens(prefix, text))
                    .toList();
            for (float[] vector : encode(ids)) {
                vectors.add(unit(vector));
            }
        }
        return vectors.toArray(float[][]::new);
    }

    /** A vector scaled to length 1; zeros stay zeros. */
    static float[] unit(float[] vector) {
        double length = Math.sqrt(Quality.dot(vector, vector));
        var unit = new float[vector.length];
        for (int i = 0; i < unit.length; i++) {
            unit[i] = length == 0 ? 0 : (float) (vector[i] / length);
        }
        return unit;
    }
}
