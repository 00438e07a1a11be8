package io.tokenwise.io;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Finds a BERT's tensors, whatever the exporter put before their names ({@code bert.}, {@code model.}) and whether its LayerNorms have the
 * names of today or TensorFlow's gamma and beta.
 */
final class BertWeights {
    private static final String WORDS = "embeddings.word_embeddings.weight";

    private BertWeights() {}

    /** @throws BadFileException if these are not the weights of a BERT */
    static Map<String, RenamedWeights.Origin> origins(WeightSource source) {
        String words = source.names().stream()
                .filter(name -> name.equals(WORDS) || name.endsWith("." + WORDS))
                .findFirst()
                .orElseThrow(() -> new BadFileException(
                        source.description(), "has no tensor " + WORDS + ": not the weights of a BERT"));
        String prefix = words.substring(0, words.length() - WORDS.length());
        Map<String, RenamedWeights.Origin> origins = new LinkedHashMap<>();
        for (String name : source.names()) {
            if (name.startsWith(prefix)) {
                String ours = name.substring(prefix.length())
                        .replace("LayerNorm.gamma", "LayerNorm.weight")
                        .replace("LayerNorm.beta", "LayerNorm.bias");
                origins.put(ours, new RenamedWeights.Origin(name));
            }
        }
        return origins;
    }
}
