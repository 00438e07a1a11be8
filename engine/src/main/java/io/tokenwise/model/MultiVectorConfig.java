package io.tokenwise.model;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What files say of a ColBERT that sentence-transformers 6 saves, its MultiVectorEncoder (sentence_transformers/multi_vector_encoder/model.py, multi_vector_encoder/modules/multi_vector_mask.py and
 * base/modules/transformer.py at cad21198): what stands before queries and documents are prompts, which are text; how long they are, and which masks follow a query, is in the Transformer's file.
 */
final class MultiVectorConfig {
    static final String TYPE = "MultiVectorEncoder";

    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final String MASK = "MultiVectorMask";
    private static final String NORMALIZE = "Normalize";
    private static final String DENSE = "Dense";

    /** Whether a vector is scaled before or behind what says that it counts makes no difference. */
    private static final Pattern MODULES = Pattern.compile(
            "Transformer(, " + DENSE + ")+(, " + MASK + ", " + NORMALIZE + "|, " + NORMALIZE + ", " + MASK + ")");

    private static final String SIMILARITY = "similarity_fn_name";
    private static final String MAXSIM = "maxsim";

    /** What pylate writes beside prompts, and sentence-transformers would read even here, but never writes. */
    private static final List<String> PYLATE = List.of(
            "query_prefix",
            "document_prefix",
            "query_length",
            "document_length",
            "query_expansion",
            "do_query_expansion",
            "attend_to_expansion_tokens",
            "attend_to_mask_tokens",
            "skiplist_words");

    /** In the Transformer's file. */
    private static final String QUERY_LENGTH = "query_length";

    private static final String DOCUMENT_LENGTH = "document_length";
    private static final String PROCESSING = "processing_kwargs";
    private static final String EXPANSION = "query_expansion";
    private static final String STRATEGY = "strategy";
    private static final String FIXED = "fixed";
    private static final String MIN = "min";
    private static final String ATTEND = "attend";
    private static final String TOKEN = "token";
    private static final String LENGTH = "length";

    /** In the mask's. */
    private static final String SKIPPED = "skiplist_words";

    private static final String TASKS = "skiplist_tasks";
    private static final String KEPT = "keep_only_token_ids";

    private MultiVectorConfig() {}

    static boolean isIn(SentenceModules modules) throws IOException {
        ModelFolder folder = modules.folder();
        boolean named = folder.has(SentenceFiles.PROMPTS)
                && folder.read(SentenceFiles.PROMPTS)
                        .root()
                        .path(SentenceModules.MODEL_TYPE)
                        .asString("")
                        .equals(TYPE);
        return named
                || modules.all().stream()
                        .anyMatch(module -> SentenceModules.type(module).equals(MASK));
    }

    static TextOutput.TokenVectors read(SentenceModules modules, int hiddenSize) throws IOException {
        ModelFolder folder = modules.folder();
        String types = modules.all().stream().map(SentenceModules::type).collect(Collectors.joining(", "));
        if (!MODULES.matcher(types).matches()) {
            throw new BadFileException(
                    folder.file(SentenceModules.FILE),
                    "has the modules " + types + "; supported of a " + TYPE + ": Transformer, Dense, once or more, "
                            + MASK + ", " + NORMALIZE);
        }
        JsonFile normalize = config(modules, NORMALIZE);
        if (!normalize.has(SentenceModules.INPUT_NAME)) {
            // Python would look for a text's vector, find none, and leave these as long as they are.
            throw normalize.refuse(SentenceModules.INPUT_NAME, SentenceModules.TOKEN_VECTORS);
        }
        SentenceModules.requireTokenVectors(normalize);
        List<JsonFile> dense = modules.all().stream()
                .filter(module -> SentenceModules.type(module).equals(DENSE))
                .toList();
        requireSettings(folder.read(SentenceFiles.PROMPTS));
        return new TextOutput.TokenVectors(
                modules.tokenLayers(dense, hiddenSize), form(folder, skipped(config(modules, MASK))));
    }

    private static JsonFile config(SentenceModules modules, String type) throws IOException {
        JsonFile module = modules.all().stream()
                .filter(it -> SentenceModules.type(it).equals(type))
                .findFirst()
                .orElseThrow();
        return modules.folder().read(SentenceModules.configPath(module));
    }

    private static void requireSettings(JsonFile settings) {
        settings.supports(SIMILARITY, MAXSIM);
        for (String field : PYLATE) {
            if (settings.has(field)) {
                throw settings.refuse(field, "none in this file of a " + TYPE);
            }
        }
    }

    /** Tokens of documents that do not count. */
    private static List<String> skipped(JsonFile mask) {
        JsonNode words = mask.root().path(SKIPPED);
        if (mask.has(SKIPPED) && !(words.isArray() && words.valueStream().allMatch(JsonNode::isString))) {
            throw mask.refuse(SKIPPED, "a list of tokens");
        }
        if (mask.has(TASKS) && !mask.root().get(TASKS).equals(documentsAlone())) {
            throw mask.refuse(TASKS, documentsAlone().toString());
        }
        if (mask.has(KEPT)) {
            throw mask.refuse(KEPT, "null");
        }
        return words.valueStream().map(JsonNode::stringValue).toList();
    }

    private static JsonNode documentsAlone() {
        return JSON.arrayNode().add("document");
    }

    /** What the Transformer's file says. */
    private static LateForm form(ModelFolder folder, List<String> skipped) throws IOException {
        JsonFile file = folder.has(SentenceFiles.LENGTH)
                ? folder.read(SentenceFiles.LENGTH)
                : new JsonFile(folder.file(SentenceFiles.LENGTH), JSON.objectNode());
        file.supports("transformer_task", "feature-extraction");
        file.supports(SentenceModules.OUTPUT_NAME, SentenceModules.TOKEN_VECTORS);
        if (file.has(PROCESSING) && !file.root().get(PROCESSING).equals(JSON.objectNode())) {
            throw file.refuse(PROCESSING, "nothing");
        }
        // What has no length of its own is as long as other models' texts.
        int named = SentenceFiles.named(folder);
        int queries = length(file, QUERY_LENGTH, named);
        int documents = length(file, DOCUMENT_LENGTH, named);
        if (!file.has(EXPANSION)) {
            return new LateForm("", "", queries, documents, 0, false, skipped, true, false);
        }
        JsonFile expansion = expansion(file);
        int filled = length(expansion, LENGTH, 0);
        boolean fixed = expansion.root().path(STRATEGY).asString("").equals(FIXED);
        // What is fixed outdoes all but a length of queries in the same file.
        if (queries < filled && (!fixed || file.has(QUERY_LENGTH))) {
            throw expansion.refuse(LENGTH, "up to " + queries + ", how long queries may be");
        }
        boolean sees = expansion.flag(ATTEND, false);
        return new LateForm("", "", fixed ? filled : queries, documents, filled, sees, skipped, true, false);
    }

    private static JsonFile expansion(JsonFile file) {
        JsonNode node = file.root().get(EXPANSION);
        if (!node.isObject()) {
            throw file.refuse(EXPANSION, "null, or an object of strategy, attend, token and length");
        }
        var expansion = new JsonFile(file.file(), node);
        if (!expansion.has(STRATEGY)) {
            throw expansion.refuse(STRATEGY, FIXED + " or " + MIN);
        }
        expansion.supports(STRATEGY, FIXED, MIN);
        if (expansion.has(TOKEN)) {
            throw expansion.refuse(TOKEN, "null, the tokenizer's mask");
        }
        if (!expansion.has(LENGTH)) {
            throw expansion.refuse(LENGTH, "how many tokens a query has at least");
        }
        return expansion;
    }

    private static int length(JsonFile file, String field, int absent) {
        return file.integer(field, Tokenizer.LEAST_MAX_TOKENS, LateConfig.MOST_TOKENS, absent);
    }

    /** Adds what config_sentence_transformers.json says beside prompts. */
    static void addTo(ObjectNode settings) {
        settings.put(SentenceModules.MODEL_TYPE, TYPE).put(SIMILARITY, MAXSIM);
    }

    /** Adds what the Transformer's file says. */
    static void addLengths(ObjectNode file, LateForm form, int maxTokens) {
        int queries = Math.min(form.queryTokens(), maxTokens);
        int filled = Math.min(form.filledTokens(), maxTokens);
        file.put(QUERY_LENGTH, queries).put(DOCUMENT_LENGTH, Math.min(form.documentTokens(), maxTokens));
        if (form.expands()) {
            file.putObject(EXPANSION)
                    .put(STRATEGY, filled == queries ? FIXED : MIN)
                    .put(ATTEND, form.seesMasks())
                    .putNull(TOKEN)
                    .put(LENGTH, filled);
        }
    }

    /** The modules behind dense layers, by their types, and what each has in its folder. */
    static Map<String, ObjectNode> behind(LateForm form) {
        ObjectNode mask = JSON.objectNode();
        form.skipped().forEach(mask.putArray(SKIPPED)::add);
        mask.set(TASKS, documentsAlone());
        mask.putNull(KEPT);
        ObjectNode normalize = JSON.objectNode()
                .put(SentenceModules.INPUT_NAME, SentenceModules.TOKEN_VECTORS)
                .put(SentenceModules.OUTPUT_NAME, SentenceModules.TOKEN_VECTORS);
        Map<String, ObjectNode> behind = new LinkedHashMap<>();
        behind.put("sentence_transformers.multi_vector_encoder.modules." + MASK, mask);
        behind.put("sentence_transformers.models." + NORMALIZE, normalize);
        return behind;
    }
}
