package io.tokenwise.model;

import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** What a model is, apart from its weights. */
public sealed interface ModelDescription permits TextDescription, ImageDescription, SpeechDescription {
    /** A built-in model's name or the directory's path. */
    String name();

    /** The model's sizes. */
    Architecture architecture();

    /** The {@code acm} object of config.json, if the model is adaptive; package acm.config gives it meaning. */
    Optional<JsonNode> acm();

    /** The same model with other adaptive layers, or none. */
    ModelDescription withAcm(Optional<JsonNode> acm);

    /** What messages call several inputs: texts, images or recordings. */
    String inputs();

    /** Tokens that the model makes of an input. */
    int tokens(int[] input);

    /** Tokens of its longest input. */
    int maxTokens();

    /** Values of the result for each input. */
    int outputs();
}
