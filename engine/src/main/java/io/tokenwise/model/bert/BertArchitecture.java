package io.tokenwise.model.bert;

import io.tokenwise.model.TextArchitecture;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The sizes of a BERT encoder: post-LayerNorm, absolute positions, erf-GELU.
 *
 * @param hiddenSize width of a token's vector
 * @param layers number of encoder layers
 * @param heads attention heads; divides the hidden size
 * @param intermediateSize hidden units of each MLP
 * @param vocabularySize rows of the word embedding
 * @param maxPositions rows of the position embedding: no text can have more tokens
 * @param typeVocabularySize rows of the token type embedding
 * @param layerNormEpsilon added to the variance in every LayerNorm
 */
public record BertArchitecture(
        int hiddenSize,
        int layers,
        int heads,
        int intermediateSize,
        int vocabularySize,
        int maxPositions,
        int typeVocabularySize,
        double layerNormEpsilon)
        implements TextArchitecture {

    @Override
    public BertArchitecture withLayers(int first) {
        if (first < 1 || first > layers) {
            throw new IllegalArgumentException(
                    "the first " + first + " layers of " + layers + ": must be 1 to " + layers);
        }
        return new BertArchitecture(
                hiddenSize,
                first,
                heads,
                intermediateSize,
                vocabularySize,
                maxPositions,
                typeVocabularySize,
                layerNormEpsilon);
    }

    @Override
    public Map<String, long[]> tensors() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("embeddings.word_embeddings.weight", new long[] {vocabularySize, hiddenSize});
        shapes.put("embeddings.position_embeddings.weight", new long[] {maxPositions, hiddenSize});
        shapes.put("embeddings.token_type_embeddings.weight", new long[] {typeVocabularySize, hiddenSize});
        norm(shapes, "embeddings.LayerNorm");
        for (int i = 0; i < layers; i++) {
            String layer = "encoder.layer." + i + ".";
            linear(shapes, layer + "attention.self.query", hiddenSize, hiddenSize);
            linear(shapes, layer + "attention.self.key", hiddenSize, hiddenSize);
            linear(shapes, layer + "attention.self.value", hiddenSize, hiddenSize);
            linear(shapes, layer + "attention.output.dense", hiddenSize, hiddenSize);
            norm(shapes, layer + "attention.output.LayerNorm");
            linear(shapes, layer + "intermediate.dense", intermediateSize, hiddenSize);
            linear(shapes, layer + "output.dense", hiddenSize, intermediateSize);
            norm(shapes, layer + "output.LayerNorm");
        }
        return shapes;
    }

    private void norm(Map<String, long[]> shapes, String name) {
        shapes.put(name + ".weight", new long[] {hiddenSize});
        shapes.put(name + ".bias", new long[] {hiddenSize});
    }

    private static void linear(Map<String, long[]> shapes, String name, int out, int in) {
        shapes.put(name + ".weight", new long[] {out, in});
        shapes.put(name + ".bias", new long[] {out});
    }
}
