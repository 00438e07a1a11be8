package io.tokenwise.model;

import io.tokenwise.model.bert.BertArchitecture;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * What a text encoder is, apart from its weights. It reads token ids and gives a text's vector.
 *
 * @param maxTokens longer texts are cut to this many tokens, the special ones included
 * @param pooling how token vectors become the text's vector
 * @param normalize whether the text's vector is scaled to length 1
 * @param queryPrefix what to put before a search query, possibly empty
 * @param passagePrefix what to put before a text to be found, possibly empty
 */
public record TextDescription(
        String name,
        BertArchitecture architecture,
        int maxTokens,
        Pooling pooling,
        boolean normalize,
        String queryPrefix,
        String passagePrefix,
        Optional<JsonNode> acm)
        implements ModelDescription {
    @Override
    public TextDescription withAcm(Optional<JsonNode> newAcm) {
        return new TextDescription(
                name, architecture, maxTokens, pooling, normalize, queryPrefix, passagePrefix, newAcm);
    }

    /**
     * The same with the first layers alone.
     *
     * @throws IllegalArgumentException if it has fewer, or none is left
     */
    TextDescription withLayers(int layers) {
        return new TextDescription(
                name, architecture.withLayers(layers), maxTokens, pooling, normalize, queryPrefix, passagePrefix, acm);
    }

    @Override
    public String inputs() {
        return "texts";
    }

    @Override
    public int tokens(int[] ids) {
        return ids.length;
    }

    @Override
    public int outputs() {
        return architecture.hiddenSize();
    }
}
