package io.tokenwise.model;

import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What a model is, apart from its weights. */
public sealed interface ModelDescription permits TextDescription, ImageDescription, SpeechDescription {
    /** A built-in model's name or the directory's path. */
    String name();

    /** What knows all that is particular to models of its kind. */
    ModelFamily family();

    /** The model's sizes. */
    Architecture architecture();

    /** The {@code acm} object of config.json, if the model is adaptive; package acm.config gives it meaning. */
    Optional<JsonNode> acm();

    /** The same model with other adaptive layers, or none. */
    ModelDescription withAcm(Optional<JsonNode> acm);

    /** What it reads. */
    InputKind reads();

    /** What messages call it, such as {@code a text encoder}. */
    String kind();

    /** What messages call several inputs: texts, images or recordings. */
    default String inputs() {
        return reads().one() + "s";
    }

    /** Tokens that the model makes of an input. */
    int tokens(int[] input);

    /** Tokens of its longest input. */
    int maxTokens();

    /** Tokens of the longest part that an input is split into, if it may have more than {@link #maxTokens}. */
    default int maxTokensOfPart() {
        return maxTokens();
    }

    /** Token counts by which it is measured what inputs of every length spend, ascending: from so many on, to the longest that are worth it; one alone if inputs differ in nothing else. */
    default List<Integer> measuredLengths(int shortest) {
        return List.of(maxTokens());
    }

    /** Whether the result is a vector of length 1. */
    default boolean givesUnitVectors() {
        return false;
    }

    /** Whether the result is of each token, not of the input as a whole. */
    default boolean perToken() {
        return false;
    }

    /** Values of the result for each input, or token. */
    int outputs();

    /** Names of the classes, in the order of the logits; none of a model that gives something else. */
    default List<String> labels() {
        return List.of();
    }

    /**
     * How inputs are varied in training.
     *
     * @param mirrored whether an image may be its mirror image
     */
    default Variation variation(boolean mirrored) {
        return Variation.NONE;
    }

    /** Writes into config.json what no family knows: adaptive layers. */
    default void addTo(ObjectNode config) {
        acm().ifPresent(acm -> config.set("acm", acm));
    }

    /** Folders of a model's folder that have weights too. */
    default List<String> weightFolders() {
        return List.of();
    }

    /** What queries are where the network is not asked for them; mostly it is. */
    default Optional<QueryWeights> queries() {
        return Optional.empty();
    }

    /** What it is to do as its teacher does. */
    default Objective objective() {
        return family().objective(this);
    }

    /** What of it can become adaptive. */
    default Adaptable adaptable() {
        return family().adaptable(this);
    }

    /** The token of each input whose vector alone, after the last layer, makes what comes out; empty if others do too. */
    default Optional<Pooling> pooledToken() {
        return Optional.empty();
    }

    /** Which token's vector alone a distilled model must have as its teacher; empty if others too. */
    default Optional<Pooling> readAlone() {
        return pooledToken();
    }
}
