package io.tokenwise.bench;

import io.tokenwise.model.TextKind;
import java.util.Arrays;
import java.util.List;

/**
 * Leaves after the first layers: what they give, pooled, goes through a linear map to the vector of the whole model.
 *
 * @param firstLayers the model's first layers, pooled
 * @param map fitted to the whole model's vectors
 */
record EarlyExit(Embedder firstLayers, LinearMap map) implements Embedder {
    /** Shares of the mean variance; the one that is best on texts that it was not fitted to is taken. */
    private static final double[] RIDGES = {1e-4, 1e-3, 1e-2, 1e-1};

    static EarlyExit fitted(Embedder firstLayers, TeacherVectors teacher) {
        float[][] x = firstLayers.embed(TextKind.TEXT, teacher.texts());
        LinearMap best = null;
        double most = Double.NEGATIVE_INFINITY;
        for (double ridge : RIDGES) {
            LinearMap map = LinearMap.fit(x, teacher.vectors(), teacher.fitted(), ridge);
            double cosine = teacher.chosenBy(
                    Arrays.stream(x, teacher.fitted(), x.length).map(map::apply).toArray(float[][]::new));
            if (cosine > most) {
                best = map;
                most = cosine;
            }
        }
        return new EarlyExit(firstLayers, best);
    }

    @Override
    public String prefix(TextKind kind) {
        return firstLayers.prefix(kind);
    }

    @Override
    public int[] tokens(String prefix, String text) {
        return firstLayers.tokens(prefix, text);
    }

    @Override
    public float[][] encode(List<int[]> texts) {
        return Arrays.stream(firstLayers.encode(texts)).map(map::apply).toArray(float[][]::new);
    }
}
