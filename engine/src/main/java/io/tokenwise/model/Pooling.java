package io.tokenwise.model;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Pools;
import io.tokenwise.tensor.Tensor;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** How the vectors of a text's tokens become one vector. */
public enum Pooling {
    /** The mean over all tokens, the special ones included. */
    MEAN,
    /** The first token's vector, {@code [CLS]}. */
    FIRST,
    /** The last token's vector, which of a causal model alone has seen all others. */
    LAST;

    /** Of {@code [tokens, hidden]} a vector of each text. */
    public Tensor forward(Pass pass, Tensor tokens, TokenBatch batch) {
        return switch (this) {
            case MEAN -> Pools.mean(pass, tokens, batch.offsets(), batch.sequences());
            case FIRST -> Pools.first(pass, tokens, batch.offsets(), batch.sequences());
            case LAST -> Pools.last(pass, tokens, batch.offsets(), batch.sequences());
        };
    }

    /**
     * What the file of a Pooling says.
     *
     * @throws BadFileException if it is several, or another
     */
    static Pooling of(JsonFile config) {
        List<String> modes = modes(config);
        if (!config.flag("include_prompt", true)) {
            throw config.refuse("include_prompt", "true");
        }
        if (modes.equals(List.of("mean"))) {
            return MEAN;
        }
        if (modes.equals(List.of("cls"))) {
            return FIRST;
        }
        if (modes.equals(List.of("lasttoken"))) {
            return LAST;
        }
        throw new BadFileException(
                config.file(), "pooling modes " + modes + "; supported: exactly one of mean, cls, lasttoken");
    }

    /** Newer files name the mode, or several; older ones have a flag for each. */
    private static List<String> modes(JsonFile config) {
        JsonNode named = config.root().path("pooling_mode");
        if (named.isString()) {
            return List.of(named.stringValue());
        }
        if (named.isArray()) {
            return named.values().stream().map(mode -> mode.asString("")).toList();
        }
        return config.root().properties().stream()
                .filter(field -> field.getKey().startsWith("pooling_mode_")
                        && field.getValue().asBoolean(false))
                .map(field -> field.getKey().substring("pooling_mode_".length()).replaceFirst("_tokens?$", ""))
                .toList();
    }
}
