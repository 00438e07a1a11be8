package io.tokenwise.model;

import io.tokenwise.io.JsonFile;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/**
 * All that is particular to a family of models: what its files say, which tensors it has, and of what it is built. What a method is given is always a
 * description that {@link #describe} or {@link #other} made. Stateless.
 */
public interface ModelFamily {
    /** Such as {@code bert}. */
    String name();

    /** What {@code model_type} is in config.json of its models; no two families share one. */
    Set<String> modelTypes();

    /** Whether a config.json is one of its models': by its type alone, unless others have the same. */
    default boolean isOf(String modelType, JsonFile config) {
        return modelTypes().contains(modelType);
    }

    /** Opens a model in other files than config.json and safetensors; empty if the folder has none of this family. */
    default Optional<ModelFiles> other(ModelFolder folder) throws IOException {
        return Optional.empty();
    }

    /**
     * Fields of config.json that files of its models have and that change no number of them: how they are computed, heads that are not read, what other models left there. What a model is asked for
     * is not among them, nor what all families' files may have.
     */
    default Set<String> unread() {
        return Set.of();
    }

    /**
     * What a folder's files say, but for its weights.
     *
     * @throws io.tokenwise.api.BadFileException if they are bad, or ask for what is not supported
     */
    ModelDescription describe(ModelFolder folder, JsonFile config) throws IOException;

    /** Under which names files have the tensors. */
    TensorNames names(ModelDescription model);

    /**
     * The model with zero weights. Names and shapes of tensors stand here and nowhere else.
     *
     * @throws IllegalArgumentException if there is no such model
     */
    Network network(ModelDescription model, LayerBuilder parts);

    /** config.json as Python's transformers reads it, without {@code acm}. */
    ObjectNode config(ModelDescription model);

    /** What is written beside config.json, weights and tokenizer.json, by the path in the folder. */
    Map<String, byte[]> filesBeside(ModelDescription model);

    /** What can become adaptive, and what does if nobody says. */
    Adaptable adaptable(ModelDescription model);

    /** What it is to do as its teacher does. */
    Objective objective(ModelDescription model);

    /** What a forward holds besides what every transformer does. */
    RowMemory memory(ModelDescription model);
}
