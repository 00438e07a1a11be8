package io.tokenwise.model;

import io.tokenwise.io.JsonFile;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What files say of a ColBERT: the checkpoints of its makers, whose config.json names {@code HF_ColBERT} and beside which lies artifact.metadata
 * (stanford-futuredata/ColBERT, colbert/infra/config/settings.py), and folders of pylate (lightonai/pylate, pylate/models/colbert.py and Dense.py at
 * 00b0c526a628e857e5ff2d1ba5522e87e92aaabc, which reads both).
 */
final class LateConfig {
    static final String CLASS = "HF_ColBERT";
    private static final String METADATA = "artifact.metadata";
    private static final int MOST_WIDTH = 1 << 16;
    static final int MOST_TOKENS = 1 << 20;

    /** Python's string.punctuation. */
    private static final List<String> PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
            .chars()
            .mapToObj(Character::toString)
            .toList();

    private LateConfig() {}

    static boolean isIn(JsonFile config) {
        return config.root()
                .path("architectures")
                .valueStream()
                .anyMatch(name -> name.asString("").equals(CLASS));
    }

    /** Of a checkpoint of ColBERT's makers. */
    static TextOutput.TokenVectors read(ModelFolder folder) throws IOException {
        JsonFile file = folder.has(METADATA)
                ? folder.read(METADATA)
                : new JsonFile(folder.file(METADATA), JsonNodeFactory.instance.objectNode());
        int queryTokens = file.integer("query_maxlen", Tokenizer.LEAST_MAX_TOKENS + 1, MOST_TOKENS, 32);
        var form = new LateForm(
                file.root().path("query_token_id").asString("[unused0]"),
                file.root().path("doc_token_id").asString("[unused1]"),
                queryTokens,
                file.integer("doc_maxlen", Tokenizer.LEAST_MAX_TOKENS + 1, MOST_TOKENS, 180),
                queryTokens,
                file.flag("attend_to_mask_tokens", false),
                file.flag("mask_punctuation", true) ? PUNCTUATION : List.of(),
                false,
                false);
        var linear = new VectorStep.Dense("", file.integer("dim", 1, MOST_WIDTH, 128), false, Optional.empty(), false);
        return new TextOutput.TokenVectors(List.of(linear), form);
    }

    /**
     * Of a folder of pylate.
     *
     * @param dense what makes a token's vector
     * @param file config_sentence_transformers.json
     */
    static TextOutput.TokenVectors read(List<VectorStep.Dense> dense, JsonFile file) {
        JsonNode skipped = file.root().path("skiplist_words");
        boolean expands = file.flag("do_query_expansion", true);
        int queryTokens = file.integer("query_length", Tokenizer.LEAST_MAX_TOKENS + 1, MOST_TOKENS, 32);
        var form = new LateForm(
                file.root().path("query_prefix").asString("[Q] "),
                file.root().path("document_prefix").asString("[D] "),
                queryTokens,
                file.integer("document_length", Tokenizer.LEAST_MAX_TOKENS + 1, MOST_TOKENS, 180),
                expands ? queryTokens : 0,
                expands && file.flag("attend_to_expansion_tokens", false),
                skipped.isArray()
                        ? skipped.valueStream().map(word -> word.asString("")).toList()
                        : PUNCTUATION,
                false,
                false);
        return new TextOutput.TokenVectors(dense, form);
    }

    /** The file beside a checkpoint of ColBERT's makers, by its name. */
    static Map<String, byte[]> metadata(TextOutput.TokenVectors output) {
        LateForm form = output.form();
        return Map.of(
                METADATA,
                JsonFile.format(JsonNodeFactory.instance
                        .objectNode()
                        .put("query_token_id", form.queryMark())
                        .put("doc_token_id", form.documentMark())
                        .put("query_maxlen", form.queryTokens())
                        .put("doc_maxlen", form.documentTokens())
                        .put("attend_to_mask_tokens", form.seesMasks())
                        .put("mask_punctuation", !form.skipped().isEmpty())
                        .put("dim", output.dimensions())));
    }

    /** Adds what pylate's config_sentence_transformers.json says. */
    static void addTo(ObjectNode file, LateForm form) {
        file.put(SentenceModules.MODEL_TYPE, SentenceModules.COLBERT)
                .put("query_prefix", form.queryMark())
                .put("document_prefix", form.documentMark())
                .put("query_length", form.queryTokens())
                .put("document_length", form.documentTokens())
                .put("do_query_expansion", form.expands())
                .put("attend_to_expansion_tokens", form.seesMasks());
        var skipped = file.putArray("skiplist_words");
        form.skipped().forEach(skipped::add);
    }
}
