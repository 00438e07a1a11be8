package io.tokenwise.references;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What a program gives for one input, by name, each {@code [rows, columns]}: {@code embeddings} (of sound also {@code features}),
 * {@code layer.0} and so on, {@code last} (after the norm behind the last layer, where there is one), and what heads add.
 */
public record Result(Map<String, float[][]> parts) {
    public float[][] part(String name) {
        float[][] part = parts.get(name);
        if (part == null) {
            throw new IllegalArgumentException("no part " + name + " in " + parts.keySet());
        }
        return part;
    }

    public float[][] embeddings() {
        return part("embeddings");
    }

    /** What each layer gives, from the first to the last. */
    public List<float[][]> layers() {
        List<float[][]> layers = new ArrayList<>();
        for (int i = 0; parts.containsKey("layer." + i); i++) {
            layers.add(part("layer." + i));
        }
        return layers;
    }

    public float[][] last() {
        return part("last");
    }

    /** Of each layer's softmax the mean entropy, as a share of what it would be if all visible tokens counted alike. */
    public List<Float> entropies() {
        List<Float> entropies = new ArrayList<>();
        for (int i = 0; parts.containsKey("entropy." + i); i++) {
            entropies.add(part("entropy." + i)[0][0]);
        }
        return entropies;
    }
}
