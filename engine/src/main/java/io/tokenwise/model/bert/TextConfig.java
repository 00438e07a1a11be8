package io.tokenwise.model.bert;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.AtomicFiles;
import io.tokenwise.io.JsonFile;
import io.tokenwise.model.ModelFolder;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.Pooling;
import io.tokenwise.model.TextDescription;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Reads and writes what describes a text encoder: config.json of a BERT and, where present, sentence-transformers' files. */
public final class TextConfig {
    // Far above every published BERT, far below what overflows an int or exhausts memory by a typing error.
    private static final int MAX_WIDTH = 1 << 16;
    private static final int MAX_LAYERS = 1 << 10;
    private static final int MAX_ROWS = 1 << 24;

    public static final String POOLING = "1_Pooling";

    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private TextConfig() {}

    public static TextDescription read(ModelFolder folder, JsonFile config) throws IOException {
        BertArchitecture architecture = architecture(config);
        List<JsonFile> modules = modules(folder);
        int maxTokens = architecture.maxPositions();
        if (folder.has("sentence_bert_config.json")) {
            maxTokens = folder.read("sentence_bert_config.json")
                    .integer("max_seq_length", Tokenizer.LEAST_MAX_TOKENS, architecture.maxPositions(), maxTokens);
        }
        String queryPrefix = "";
        String passagePrefix = "";
        if (folder.has("config_sentence_transformers.json")) {
            JsonNode prompts =
                    folder.read("config_sentence_transformers.json").root().path("prompts");
            queryPrefix = prompts.path("query").asString("");
            passagePrefix =
                    prompts.path("passage").asString(prompts.path("document").asString(""));
        }
        return new TextDescription(
                folder.name(),
                architecture,
                maxTokens,
                pooling(folder, modules),
                modules.stream().anyMatch(module -> type(module).equals("Normalize")),
                queryPrefix,
                passagePrefix,
                config.has("acm") ? Optional.of(config.root().get("acm")) : Optional.empty());
    }

    private static BertArchitecture architecture(JsonFile config) {
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
        return new BertArchitecture(
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
                return pooling(folder.read(path.isEmpty() ? "config.json" : path + "/config.json"));
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

    /** Writes all files of a text encoder but its weights and tokenizer. */
    public static void write(Path directory, TextDescription description) throws IOException {
        ModelWriter.write(directory.resolve("config.json"), JsonFile.format(config(description)));
        ModelWriter.write(directory.resolve("modules.json"), JsonFile.format(modules(description)));
        ObjectNode length = JSON.objectNode().put("max_seq_length", description.maxTokens());
        ModelWriter.write(
                directory.resolve("sentence_bert_config.json"), JsonFile.format(length.put("do_lower_case", false)));
        if (!description.queryPrefix().isEmpty() || !description.passagePrefix().isEmpty()) {
            ObjectNode prompts = JSON.objectNode();
            prompts.putObject("prompts")
                    .put("query", description.queryPrefix())
                    .put("passage", description.passagePrefix());
            ModelWriter.write(directory.resolve("config_sentence_transformers.json"), JsonFile.format(prompts));
        }
        Path pooling = Files.createDirectory(directory.resolve(POOLING));
        ModelWriter.write(pooling.resolve("config.json"), JsonFile.format(pooling(description)));
        AtomicFiles.syncDirectory(pooling);
    }

    private static ObjectNode config(TextDescription description) {
        BertArchitecture sizes = description.architecture();
        ObjectNode config = JSON.objectNode();
        config.putArray("architectures").add("BertModel");
        config.put("model_type", "bert")
                .put("hidden_size", sizes.hiddenSize())
                .put("num_hidden_layers", sizes.layers())
                .put("num_attention_heads", sizes.heads())
                .put("intermediate_size", sizes.intermediateSize())
                .put("vocab_size", sizes.vocabularySize())
                .put("max_position_embeddings", sizes.maxPositions())
                .put("type_vocab_size", sizes.typeVocabularySize())
                .put("layer_norm_eps", sizes.layerNormEpsilon())
                .put("hidden_act", "gelu")
                .put("position_embedding_type", "absolute")
                .put("pad_token_id", 0);
        description.acm().ifPresent(acm -> config.set("acm", acm));
        return config;
    }

    private static ArrayNode modules(TextDescription description) {
        ArrayNode modules = JSON.arrayNode();
        addModule(modules, "", "Transformer");
        addModule(modules, POOLING, "Pooling");
        if (description.normalize()) {
            addModule(modules, "2_Normalize", "Normalize");
        }
        return modules;
    }

    private static void addModule(ArrayNode modules, String path, String type) {
        modules.addObject()
                .put("idx", modules.size() - 1)
                .put("name", Integer.toString(modules.size() - 1))
                .put("path", path)
                .put("type", "sentence_transformers.models." + type);
    }

    private static ObjectNode pooling(TextDescription description) {
        return JSON.objectNode()
                .put("word_embedding_dimension", description.architecture().hiddenSize())
                .put("pooling_mode_cls_token", description.pooling() == Pooling.FIRST)
                .put("pooling_mode_mean_tokens", description.pooling() == Pooling.MEAN);
    }
}
