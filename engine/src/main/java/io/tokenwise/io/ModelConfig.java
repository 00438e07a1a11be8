package io.tokenwise.io;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** Reads the JSON files that describe a model: Hugging Face's config.json and, where present, sentence-transformers'. */
final class ModelConfig {
    // Far above every published BERT, far below what overflows an int or exhausts memory by a typing error.
    private static final int MAX_WIDTH = 1 << 16;
    private static final int MAX_LAYERS = 1 << 10;
    private static final int MAX_ROWS = 1 << 24;

    private ModelConfig() {}

    static ModelDescription read(ModelFolder folder) throws IOException {
        JsonFile config = read(folder, "config.json");
        Architecture architecture = architecture(config);
        List<JsonFile> modules = modules(folder);
        int maxTokens = architecture.maxPositions();
        if (folder.has("sentence_bert_config.json")) {
            maxTokens = read(folder, "sentence_bert_config.json")
                    .integer("max_seq_length", Tokenizer.LEAST_MAX_TOKENS, architecture.maxPositions(), maxTokens);
        }
        String queryPrefix = "";
        String passagePrefix = "";
        if (folder.has("config_sentence_transformers.json")) {
            JsonNode prompts =
                    read(folder, "config_sentence_transformers.json").root().path("prompts");
            queryPrefix = prompts.path("query").asString("");
            passagePrefix =
                    prompts.path("passage").asString(prompts.path("document").asString(""));
        }
        return new ModelDescription(
                folder.name(),
                architecture,
                maxTokens,
                pooling(folder, modules),
                modules.stream().anyMatch(module -> type(module).equals("Normalize")),
                queryPrefix,
                passagePrefix,
                config.has("acm") ? Optional.of(config.root().get("acm")) : Optional.empty());
    }

    private static JsonFile read(ModelFolder folder, String name) throws IOException {
        return JsonFile.parse(folder.file(name), folder.json(name));
    }

    private static Architecture architecture(JsonFile config) {
        if (config.has("model_type")
                && !config.root().get("model_type").asString("").equals("bert")) {
            throw config.refuse("model_type", "bert, as BERT, MiniLM, bge, e5 and gte have it");
        }
        config.supports("hidden_act", "gelu");
        config.supports("position_embedding_type", "absolute");
        if (config.flag("is_decoder", false) || config.flag("add_cross_attention", false)) {
            throw new BadFileException(
                    config.file(), "is_decoder or add_cross_attention is true; supported: an encoder");
        }
        int hidden = config.integer("hidden_size", 1, MAX_WIDTH);
        int heads = config.integer("num_attention_heads", 1, hidden);
        if (hidden % heads != 0) {
            throw new BadFileException(
                    config.file(), "hidden_size " + hidden + " is not a multiple of num_attention_heads " + heads);
        }
        return new Architecture(
                hidden,
                config.integer("num_hidden_layers", 1, MAX_LAYERS),
                heads,
                config.integer("intermediate_size", 1, MAX_WIDTH),
                config.integer("vocab_size", 1, MAX_ROWS),
                config.integer("max_position_embeddings", Tokenizer.LEAST_MAX_TOKENS, MAX_ROWS),
                config.integer("type_vocab_size", 1, MAX_WIDTH, 2),
                config.has("layer_norm_eps") ? config.number("layer_norm_eps", 0, 1) : 1e-12);
    }

    /** The steps of sentence-transformers' pipeline: none if the directory has no modules.json. */
    private static List<JsonFile> modules(ModelFolder folder) throws IOException {
        if (!folder.has("modules.json")) {
            return List.of();
        }
        List<JsonFile> modules = JsonFile.parseArray(folder.file("modules.json"), folder.json("modules.json"));
        for (JsonFile module : modules) {
            if (!List.of("Transformer", "Pooling", "Normalize").contains(type(module))) {
                throw module.refuse("type", "Transformer, Pooling, Normalize");
            }
            boolean elsewhere = type(module).equals("Transformer")
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
                return pooling(read(folder, path.isEmpty() ? "config.json" : path + "/config.json"));
            }
        }
        return Pooling.MEAN;
    }

    private static Pooling pooling(JsonFile config) {
        List<String> modes = config.root().properties().stream()
                .filter(field -> field.getKey().startsWith("pooling_mode_")
                        && field.getValue().asBoolean(false))
                .map(field -> field.getKey())
                .toList();
        if (modes.equals(List.of("pooling_mode_mean_tokens"))) {
            return Pooling.MEAN;
        }
        if (modes.equals(List.of("pooling_mode_cls_token"))) {
            return Pooling.FIRST;
        }
        throw new BadFileException(
                config.file(),
                "pooling modes " + modes
                        + "; supported: exactly one of pooling_mode_mean_tokens, pooling_mode_cls_token");
    }
}
