package io.tokenwise;

import io.tokenwise.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A text in parts that a model reads one by one.
 *
 * @param parts token ids with the model's prefix, if it has one, and special ones; one part if the text is short enough
 * @param weights tokens of the text itself in each part
 */
record TextParts(List<int[]> parts, int[] weights) {
    /** A whole text. */
    TextParts(int[] ids) {
        this(List.of(ids), new int[] {1});
    }

    /**
     * Splits a text. Each part begins with the prefix, since the model wants it before whatever it reads, and no part begins within a word, unless a word fills one alone.
     *
     * @param most tokens of a part, special ones included
     * @throws IllegalArgumentException if the prefix leaves no room for a part
     */
    static TextParts of(String prefix, String text, Tokenizer tokenizer, int most) {
        int[] whole = tokenizer.encodeAll(prefix + text);
        int marks = tokenizer.frame().marks();
        if (whole.length + marks <= most) {
            return new TextParts(tokenizer.surrounded(whole));
        }
        int[] before = tokenizer.encodeAll(prefix);
        int[] ids = tokenizer.encodeAll(text);
        int room = most - marks - before.length;
        if (room < 1) {
            throw new IllegalArgumentException("what is put before a text has " + before.length
                    + " tokens, which leaves no room for a part of it: a part has " + most + " at most, with "
                    + marks + " marks");
        }
        var parts = new ArrayList<int[]>();
        var weights = new ArrayList<Integer>();
        for (int from = 0; from < ids.length; ) {
            int to = end(ids, from, room, tokenizer);
            int[] part = Arrays.copyOf(before, before.length + to - from);
            System.arraycopy(ids, from, part, before.length, to - from);
            parts.add(tokenizer.surrounded(part));
            weights.add(to - from);
            from = to;
        }
        return new TextParts(parts, weights.stream().mapToInt(Integer::intValue).toArray());
    }

    private static int end(int[] ids, int from, int room, Tokenizer tokenizer) {
        if (ids.length - from <= room) {
            return ids.length;
        }
        int to = from + room;
        while (to > from && tokenizer.continuesWord(ids[to])) {
            to--;
        }
        return to == from ? from + room : to;
    }

    boolean isWhole() {
        return parts.size() == 1;
    }

    /** Tokens of all parts; what is around each counts once. */
    int tokens() {
        int around = parts.getFirst().length - weights[0];
        return isWhole() ? parts.getFirst().length : Arrays.stream(weights).sum() + around;
    }

    /** The mean of the parts' vectors by their weights. */
    float[] mean(List<float[]> vectors) {
        var sums = new double[vectors.getFirst().length];
        double all = 0;
        for (int part = 0; part < weights.length; part++) {
            float[] vector = vectors.get(part);
            for (int i = 0; i < sums.length; i++) {
                sums[i] += (double) weights[part] * vector[i];
            }
            all += weights[part];
        }
        var mean = new float[sums.length];
        for (int i = 0; i < mean.length; i++) {
            mean[i] = (float) (sums[i] / all);
        }
        return mean;
    }
}
