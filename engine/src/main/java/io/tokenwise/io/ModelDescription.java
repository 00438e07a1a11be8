package io.tokenwise.io;

import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * What a text encoder is, apart from its weights.
 *
 * @param name a built-in model's name or the directory's path
 * @param architecture the encoder's sizes
 * @param maxTokens longer texts are cut to this many tokens, the special ones included
 * @param pooling how token vectors become the text's vector
 * @param normalize whether the text's vector is scaled to length 1
 * @param queryPrefix what to put before a search query, possibly empty
 * @param passagePrefix what to put before a text to be found, possibly empty
 * @param acm the {@code acm} object of config.json, if the model is adaptive; package acm gives it meaning
 */
public record ModelDescription(
        String name,
        Architecture architecture,
        int maxTokens,
        Pooling pooling,
        boolean normalize,
        String queryPrefix,
        String passagePrefix,
        Optional<JsonNode> acm) {

    /** The dense model whose blocks an adaptive one has. */
    public ModelDescription withoutAcm() {
        return new ModelDescription(
                name, architecture, maxTokens, pooling, normalize, queryPrefix, passagePrefix, Optional.empty());
    }

    /** The same model with adaptive layers. */
    public ModelDescription withAcm(JsonNode acm) {
        return new ModelDescription(
                name, architecture, maxTokens, pooling, normalize, queryPrefix, passagePrefix, Optional.of(acm));
    }
}
