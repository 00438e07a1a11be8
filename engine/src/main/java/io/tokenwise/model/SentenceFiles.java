package io.tokenwise.model;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** What sentence-transformers has beside a text encoder's config.json: what becomes of token vectors, how long texts may be, what is put before them. */
final class SentenceFiles {
    /** What is written. */
    static final String LENGTH = "sentence_bert_config.json";

    /** What is read, the first that is there: older folders name it after the model. */
    private static final List<String> LENGTHS = Stream.of(
                    "bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
            .map(model -> "sentence_" + model + "_config.json")
            .toList();

    static final String PROMPTS = "config_sentence_transformers.json";

    /** In config.json: how many values a vector may have besides all. No file of sentence-transformers says it; some models' authors do. */
    static final String SHORTER = "matryoshka_dimensions";

    private static final String MOST_TOKENS = "max_seq_length";

    /** What peft and jina-embeddings-v5 have beside a model. */
    private static final List<String> ADAPTERS = List.of("adapter_config.json", "adapters");

    /** How inputs of each kind are read, since version 5.4. */
    private static final String MODALITIES = "modality_config";

    /** What the tokenizer is told beside texts. */
    private static final String TOKENIZING = "processing_kwargs";

    /** How long queries and documents are, and what queries are filled up with, of a {@link MultiVectorConfig} alone. */
    private static final List<String> OF_TOKEN_VECTORS = List.of("query_length", "document_length", "query_expansion");

    /** What transformers is told beside, each as it was called before version 5.4 too. */
    private static final List<String> ARGUMENTS =
            List.of("model_args", "model_kwargs", "tokenizer_args", "processor_kwargs", "config_args", "config_kwargs");

    /** Of these, what changes no number but by its precision. */
    private static final List<String> HARMLESS_ARGUMENTS = List.of(
            "trust_remote_code",
            "attn_implementation",
            "torch_dtype",
            "dtype",
            "add_pooling_layer",
            "padding_side",
            "use_fast",
            "use_safetensors",
            "low_cpu_mem_usage",
            "device_map",
            "unpad_inputs",
            "use_memory_efficient_attention");

    private static final int MOST_WIDTH = 1 << 16;

    private SentenceFiles() {}

    /** What the files say; all may be absent. */
    static TextDescription describe(
            TextFamily family, TextArchitecture architecture, ModelFolder folder, JsonFile config) throws IOException {
        SentenceModules modules = SentenceModules.read(folder);
        TextOutput output = output(family, folder, modules, config, architecture.hiddenSize());
        requireTexts(folder, output);
        int named = named(folder);
        // ColBERTs have a length of queries and one of documents; what pylate writes here is the one that it used last.
        boolean cut = !(output instanceof TextOutput.TokenVectors);
        return new TextDescription(
                folder.name(),
                family,
                architecture,
                cut ? Math.min(architecture.maxPositions(), named) : architecture.maxPositions(),
                output,
                modules.arePromptsRead(output) ? prompts(folder.read(PROMPTS)) : Prompts.NONE,
                config.has("acm") ? Optional.of(config.root().get("acm")) : Optional.empty());
    }

    /** Which change a model's layers; sentence-transformers adds them when it opens a folder (base/modules/transformer.py at cad21198, _load_config). */
    static void requireNoAdapters(ModelFolder folder) {
        for (String name : ADAPTERS) {
            if (folder.has(name)) {
                throw new BadFileException(
                        folder.file(name),
                        "adapters (LoRA) of a model are not read; supported: a folder whose weights have them in"
                                + " already, as some are published, or as model.transformers_model.merge_and_unload()"
                                + " makes them in Python before it is saved");
            }
        }
    }

    /**
     * The longest text that the files speak of, the largest number if they speak of none. It may be more than the model has positions for: sentence-transformers saves what the tokenizer says. Since 5.4 it
     * leaves it to the tokenizer's own file, as transformers does (sentence_transformers/base/modules/transformer.py at cad21198).
     */
    static int named(ModelFolder folder) throws IOException {
        Optional<JsonFile> length = length(folder);
        if (length.isPresent()) {
            requireNoArguments(length.get());
            if (length.get().has(MOST_TOKENS)) {
                return length.get().integer(MOST_TOKENS, Tokenizer.LEAST_MAX_TOKENS, Integer.MAX_VALUE);
            }
        }
        if (!folder.has(TokenizerFile.CONFIG)) {
            return Integer.MAX_VALUE;
        }
        return length(folder.read(TokenizerFile.CONFIG).root());
    }

    /** The longest text that a tokenizer_config.json speaks of; the largest number if it speaks of none. */
    static int length(JsonNode tokenizer) {
        // Where nobody knows there stands 10^30.
        JsonNode most = tokenizer.path(tokenizer.has("model_max_length") ? "model_max_length" : "max_len");
        boolean known = most.isInt() && most.intValue() >= Tokenizer.LEAST_MAX_TOKENS;
        return known ? most.intValue() : Integer.MAX_VALUE;
    }

    private static Optional<JsonFile> length(ModelFolder folder) throws IOException {
        Optional<String> file = LENGTHS.stream().filter(folder::has).findFirst();
        return file.isPresent() ? Optional.of(folder.read(file.get())) : Optional.empty();
    }

    /** Whether letters are made small before a tokenizer's own steps. */
    static boolean wantSmallLetters(ModelFolder folder) throws IOException {
        return length(folder).map(file -> file.flag("do_lower_case", false)).orElse(false);
    }

    /** Python hands these on to transformers, which opens another model or tokenizer by them than the files beside say. */
    private static void requireNoArguments(JsonFile length) {
        for (String arguments : ARGUMENTS) {
            length.root().path(arguments).properties().stream()
                    .map(Map.Entry::getKey)
                    .filter(name -> !HARMLESS_ARGUMENTS.contains(name))
                    .findFirst()
                    .ifPresent(name -> {
                        throw length.refuse(arguments, "none but " + String.join(", ", HARMLESS_ARGUMENTS));
                    });
        }
    }

    /**
     * That texts go to the tokenizer as they are, and that what is read is what the model gives of them. Where this file speaks of messages sentence-transformers writes them into the tokenizer's chat template
     * first: of Qwen3-Reranker and mxbai-rerank-v2 {@link Question} (sentence_transformers/base/modules/transformer.py at cad21198).
     */
    private static void requireTexts(ModelFolder folder, TextOutput output) throws IOException {
        if (!folder.has(LENGTH)) {
            return;
        }
        JsonFile file = folder.read(LENGTH);
        JsonNode kinds = file.root().path(MODALITIES);
        if (file.has(MODALITIES) && kinds.has("message") != output instanceof TextOutput.Answer) {
            throw file.refuse(
                    MODALITIES,
                    "message, a chat template, of Qwen3-Reranker and mxbai-rerank-v2, and of all others text");
        }
        boolean head = output instanceof TextOutput.SequenceClasses
                || output instanceof TextOutput.Answer
                || output instanceof TextOutput.Sparse;
        for (String kind : List.of("text", "message")) {
            if (kinds.path(kind).isObject()) {
                new JsonFile(file.file(), kinds.path(kind))
                        .supports("method_output_name", head ? "logits" : "last_hidden_state");
            }
        }
        for (String kind : List.of("common", "text")) {
            if (!file.root().path(TOKENIZING).path(kind).isEmpty()) {
                throw file.refuse(TOKENIZING, "nothing of " + kind + "; the longest text as " + MOST_TOKENS);
            }
        }
        boolean read = output instanceof TextOutput.TokenVectors vectors
                && vectors.form().named();
        for (String field : OF_TOKEN_VECTORS) {
            if (!read && file.has(field)) {
                throw file.refuse(field, "nothing; the longest text as " + MOST_TOKENS);
            }
        }
    }

    private static TextOutput output(
            TextFamily family, ModelFolder folder, SentenceModules modules, JsonFile config, int hiddenSize)
            throws IOException {
        Optional<TextOutput> head = modules.isModelAlone() ? family.output(folder, config) : Optional.empty();
        if (head.isPresent()) {
            return checked(head.get(), folder, modules);
        }
        if (modules.isModelAlone() && LateConfig.isIn(config)) {
            return LateConfig.read(folder);
        }
        return modules.output(family, config, hiddenSize);
    }

    /** The same with what sentence-transformers' files say of it. */
    private static TextOutput checked(TextOutput head, ModelFolder folder, SentenceModules modules) throws IOException {
        if (head.isScore()) {
            modules.requireScores();
        }
        return head instanceof TextOutput.Answer answer && !modules.all().isEmpty() ? modules.withWords(answer) : head;
    }

    /** How many values a vector of so many may have besides all, by config.json. */
    static List<Integer> shorter(JsonFile config, int width) {
        if (!config.has(SHORTER)) {
            return List.of();
        }
        JsonNode sizes = config.root().get(SHORTER);
        if (!sizes.isArray()
                || sizes.valueStream()
                        .anyMatch(size -> !size.isInt() || size.intValue() < 1 || size.intValue() > MOST_WIDTH)) {
            throw config.refuse(SHORTER, "a list of numbers of values");
        }
        return sizes.valueStream()
                .map(JsonNode::intValue)
                .filter(size -> size < width)
                .sorted()
                .distinct()
                .toList();
    }

    private static Prompts prompts(JsonFile file) {
        Map<String, String> byName = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> prompt : file.root().path("prompts").properties()) {
            if (!prompt.getValue().isString()) {
                throw new BadFileException(file.file(), "the prompt " + prompt.getKey() + " is no text");
            }
            byName.put(prompt.getKey(), prompt.getValue().stringValue());
        }
        String usual = file.root().path("default_prompt_name").asString("");
        if (!usual.isEmpty() && !byName.containsKey(usual)) {
            throw file.refuse("default_prompt_name", "null, or one of prompts: " + String.join(", ", byName.keySet()));
        }
        return new Prompts(byName, usual.isEmpty() ? Optional.empty() : Optional.of(usual));
    }
}
