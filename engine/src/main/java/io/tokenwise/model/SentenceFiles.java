package io.tokenwise.model;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** What sentence-transformers has beside a text encoder's config.json: what becomes of token vectors, how long texts may be, what is put before them. */
final class SentenceFiles {
    private static final String MODULES = "modules.json";
    private static final String LENGTH = "sentence_bert_config.json";
    private static final String PROMPTS = "config_sentence_transformers.json";
    private static final String POOLING = "1_Pooling";

    /** Of a sparse encoder. */
    private static final String WORDS = "MLMTransformer";

    private static final String SPLADE = "SpladePooling";

    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private SentenceFiles() {}

    /** What the files say; all may be absent. */
    static TextDescription describe(
            TextFamily family, TextArchitecture architecture, ModelFolder folder, JsonFile config) throws IOException {
        List<JsonFile> modules = modules(folder);
        int maxTokens = architecture.maxPositions();
        if (folder.has(LENGTH)) {
            JsonFile length = folder.read(LENGTH);
            int named = length.integer(
                    "max_seq_length", Tokenizer.LEAST_MAX_TOKENS, family.mostTokens(config, architecture), maxTokens);
            maxTokens = Math.min(maxTokens, named);
            if (length.flag("do_lower_case", false)) {
                throw length.refuse("do_lower_case", "false; tokenizer.json says what becomes of capitals");
            }
        }
        String queryPrefix = "";
        String passagePrefix = "";
        if (folder.has(PROMPTS)) {
            JsonNode prompts = folder.read(PROMPTS).root().path("prompts");
            queryPrefix = prompts.path("query").asString("");
            passagePrefix =
                    prompts.path("passage").asString(prompts.path("document").asString(""));
        }
        return new TextDescription(
                folder.name(),
                family,
                architecture,
                maxTokens,
                output(family, folder, config, modules),
                queryPrefix,
                passagePrefix,
                config.has("acm") ? Optional.of(config.root().get("acm")) : Optional.empty());
    }

    private static TextOutput output(TextFamily family, ModelFolder folder, JsonFile config, List<JsonFile> modules)
            throws IOException {
        Optional<TextOutput> head = modules.isEmpty() ? ClassesConfig.output(config, family) : Optional.empty();
        if (head.isPresent()) {
            return head.get();
        }
        if (modules.stream().anyMatch(module -> type(module).equals(SPLADE))) {
            return sparse(family, folder, config, modules);
        }
        return new TextOutput.Vectors(
                pooling(folder, modules),
                modules.stream().anyMatch(module -> type(module).equals("Normalize")));
    }

    private static TextOutput.Sparse sparse(
            TextFamily family, ModelFolder folder, JsonFile config, List<JsonFile> modules) throws IOException {
        if (modules.size() != 2 || !type(modules.getFirst()).endsWith("Transformer")) {
            throw modules.getFirst().refuse("type", WORDS + " and behind it only " + SPLADE);
        }
        JsonFile pooling = folder.read(modules.getLast().root().path("path").asString("") + "/config.json");
        pooling.supports("pooling_strategy", "max");
        pooling.supports("activation_function", "relu");
        if (!config.flag("tie_word_embeddings", true)) {
            throw config.refuse("tie_word_embeddings", "true");
        }
        return family.words(family.architecture(config))
                .map(TextOutput.Sparse::new)
                .orElseThrow(() -> config.refuse("model_type", "models of " + family.name() + " without " + SPLADE));
    }

    /** The steps of sentence-transformers' pipeline: none if the directory has no modules.json. */
    private static List<JsonFile> modules(ModelFolder folder) throws IOException {
        if (!folder.has(MODULES)) {
            return List.of();
        }
        List<JsonFile> modules = JsonFile.parseArray(folder.file(MODULES), folder.json(MODULES));
        for (JsonFile module : modules) {
            if (!List.of("Transformer", "Pooling", "Normalize", WORDS, SPLADE).contains(type(module))) {
                throw module.refuse("type", "Transformer, Pooling, Normalize, or MLMTransformer, SpladePooling");
            }
            boolean elsewhere = type(module).endsWith("Transformer")
                    && !module.root().path("path").asString("").isEmpty();
            if (elsewhere || module.root().path("path").asString("").matches(".*[/\\\\].*|\\.\\.")) {
                throw module.refuse("path", "the model's directory for Transformer, a folder in it for the others");
            }
        }
        return modules;
    }

    private static String type(JsonFile module) {
        String type = module.root().path("type").asString("");
        return type.substring(type.lastIndexOf('.') + 1);
    }

    /** What modules.json asks for; without it the mean, as sentence-transformers does. */
    private static Pooling pooling(ModelFolder folder, List<JsonFile> modules) throws IOException {
        for (JsonFile module : modules) {
            if (type(module).equals("Pooling")) {
                String path = module.root().path("path").asString("");
                return pooling(folder.read(path.isEmpty() ? "config.json" : path + "/config.json"));
            }
        }
        return Pooling.MEAN;
    }

    private static Pooling pooling(JsonFile config) {
        List<String> modes = modes(config);
        if (!config.flag("include_prompt", true)) {
            throw config.refuse("include_prompt", "true");
        }
        if (modes.equals(List.of("mean"))) {
            return Pooling.MEAN;
        }
        if (modes.equals(List.of("cls"))) {
            return Pooling.FIRST;
        }
        if (modes.equals(List.of("lasttoken"))) {
            return Pooling.LAST;
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

    /** What is written for a model, by the path in its folder. */
    static Map<String, byte[]> of(TextDescription description) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        boolean vectors = description.output() instanceof TextOutput.Vectors;
        if (vectors) {
            files.put(MODULES, JsonFile.format(modules(description)));
        }
        ObjectNode length = JSON.objectNode().put("max_seq_length", description.maxTokens());
        files.put(LENGTH, JsonFile.format(length.put("do_lower_case", false)));
        if (!description.queryPrefix().isEmpty() || !description.passagePrefix().isEmpty()) {
            ObjectNode prompts = JSON.objectNode();
            prompts.putObject("prompts")
                    .put("query", description.queryPrefix())
                    .put("passage", description.passagePrefix());
            files.put(PROMPTS, JsonFile.format(prompts));
        }
        if (vectors) {
            files.put(POOLING + "/config.json", JsonFile.format(pooling(description)));
        }
        if (description.output() instanceof TextOutput.Sparse) {
            ArrayNode modules = JSON.arrayNode();
            addModule(modules, "", "sparse_encoder.models." + WORDS);
            addModule(modules, "1_" + SPLADE, "sparse_encoder.models." + SPLADE);
            files.put(MODULES, JsonFile.format(modules));
            files.put(
                    "1_" + SPLADE + "/config.json",
                    JsonFile.format(
                            JSON.objectNode().put("pooling_strategy", "max").put("activation_function", "relu")));
        }
        return files;
    }

    private static ArrayNode modules(TextDescription description) {
        ArrayNode modules = JSON.arrayNode();
        addModule(modules, "", "models.Transformer");
        addModule(modules, POOLING, "models.Pooling");
        if (description.normalize()) {
            addModule(modules, "2_Normalize", "models.Normalize");
        }
        return modules;
    }

    private static void addModule(ArrayNode modules, String path, String type) {
        modules.addObject()
                .put("idx", modules.size() - 1)
                .put("name", Integer.toString(modules.size() - 1))
                .put("path", path)
                .put("type", "sentence_transformers." + type);
    }

    private static ObjectNode pooling(TextDescription description) {
        return JSON.objectNode()
                .put("word_embedding_dimension", description.architecture().hiddenSize())
                .put("pooling_mode_cls_token", description.pooling() == Pooling.FIRST)
                .put("pooling_mode_mean_tokens", description.pooling() == Pooling.MEAN)
                .put("pooling_mode_lasttoken", description.pooling() == Pooling.LAST);
    }
}
