package io.tokenwise.model;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** What sentence-transformers has beside a text encoder's config.json: what becomes of token vectors, how long texts may be, what is put before them. */
final class SentenceFiles {
    static final String MODULES = "modules.json";

    /** Published models have up to five. */
    private static final int MOST_MODULES = 64;

    /** What is written. */
    static final String LENGTH = "sentence_bert_config.json";

    /** What is read, the first that is there: older folders name it after the model. */
    private static final List<String> LENGTHS = Stream.of(
                    "bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
            .map(model -> "sentence_" + model + "_config.json")
            .toList();

    /** Each letter, which a tokenizer must make small itself where that is wanted of texts. */
    private static final String CAPITALS = "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z";

    static final String PROMPTS = "config_sentence_transformers.json";

    /** In config.json: how many values a vector may have besides all. No file of sentence-transformers says it; some models' authors do. */
    static final String SHORTER = "matryoshka_dimensions";

    /** Of a sparse encoder. */
    static final String WORDS = "MLMTransformer";

    static final String SPLADE = "SpladePooling";

    /** Of a causal model whose score is the difference of two words' logits. */
    private static final String LOGITS = "LogitScore";

    private static final String MOST_TOKENS = "max_seq_length";
    private static final String ACTIVATION = "activation_fn";
    private static final String RESIDUAL = "use_residual";
    private static final int MOST_WIDTH = 1 << 16;

    private SentenceFiles() {}

    /** What the files say; all may be absent. */
    static TextDescription describe(
            TextFamily family, TextArchitecture architecture, ModelFolder folder, JsonFile config) throws IOException {
        List<JsonFile> modules = modules(folder);
        TextOutput output = output(family, folder, config, modules, architecture.hiddenSize());
        int named = named(folder);
        // ColBERTs have a length of queries and one of documents; what pylate writes here is the one that it used last.
        boolean cut = !(output instanceof TextOutput.TokenVectors);
        return new TextDescription(
                folder.name(),
                family,
                architecture,
                cut ? Math.min(architecture.maxPositions(), named) : architecture.maxPositions(),
                output,
                folder.has(PROMPTS) ? prompts(folder.read(PROMPTS)) : Prompts.NONE,
                config.has("acm") ? Optional.of(config.root().get("acm")) : Optional.empty());
    }

    /**
     * The longest text that the files speak of, the largest number if they speak of none. It may be more than the model has positions for: sentence-transformers saves what the tokenizer says. Since 5.4 it
     * leaves it to the tokenizer's own file, as transformers does (sentence_transformers/base/modules/transformer.py at cad21198).
     */
    private static int named(ModelFolder folder) throws IOException {
        Optional<String> file = LENGTHS.stream().filter(folder::has).findFirst();
        if (file.isPresent()) {
            JsonFile length = folder.read(file.get());
            if (length.flag("do_lower_case", false) && !lowers(folder)) {
                throw length.refuse("do_lower_case", "false, or a tokenizer.json that makes capitals small");
            }
            if (length.has(MOST_TOKENS)) {
                return length.integer(MOST_TOKENS, Tokenizer.LEAST_MAX_TOKENS, Integer.MAX_VALUE);
            }
        }
        if (!folder.has(TokenizerFile.CONFIG)) {
            return Integer.MAX_VALUE;
        }
        JsonNode tokenizer = folder.read(TokenizerFile.CONFIG).root();
        // Where nobody knows there stands 10^30.
        JsonNode most = tokenizer.path(tokenizer.has("model_max_length") ? "model_max_length" : "max_len");
        boolean known = most.isInt() && most.intValue() >= Tokenizer.LEAST_MAX_TOKENS;
        return known ? most.intValue() : Integer.MAX_VALUE;
    }

    /** Whether capitals are no others than small letters to the tokenizer, as to that of bge's English models, whose files ask for small ones too. */
    private static boolean lowers(ModelFolder folder) throws IOException {
        TokenizerFile file = TokenizerFile.of(folder);
        var tokenizer = Tokenizer.open(file.file(), file.json(), MOST_WIDTH);
        return Arrays.equals(tokenizer.encodeAll(CAPITALS), tokenizer.encodeAll(CAPITALS.toLowerCase(Locale.ROOT)));
    }

    private static TextOutput output(
            TextFamily family, ModelFolder folder, JsonFile config, List<JsonFile> modules, int hiddenSize)
            throws IOException {
        // Of late it writes modules for models with a head of their own too.
        boolean ownHead = modules.stream().map(SentenceFiles::type).allMatch(Set.of("Transformer", LOGITS)::contains);
        Optional<TextOutput> head = ownHead ? family.output(folder, config) : Optional.empty();
        if (head.isPresent()) {
            return checked(head.get(), folder, modules);
        }
        if (ownHead && LateConfig.isIn(config)) {
            return LateConfig.read(folder);
        }
        if (modules.size() == 2 && type(modules.getLast()).equals("Dense")) {
            return tokenVectors(folder, modules.getLast(), hiddenSize);
        }
        return modules.stream().anyMatch(module -> type(module).equals(SPLADE))
                ? sparse(family, folder, config, modules)
                : vectors(folder, modules, config, hiddenSize);
    }

    /** The same with what sentence-transformers' files say of it. */
    private static TextOutput checked(TextOutput head, ModelFolder folder, List<JsonFile> modules) throws IOException {
        if (head.isScore() && folder.has(PROMPTS)) {
            JsonFile file = folder.read(PROMPTS);
            ClassesConfig.checkActivation(file, file.root().path(ACTIVATION), ACTIVATION);
        }
        if (head instanceof TextOutput.Answer answer && !modules.isEmpty()) {
            JsonFile words = folder.read(configPath(modules.getLast()));
            return new TextOutput.Answer(
                    answer.table(),
                    words.integer("true_token_id", 1, Integer.MAX_VALUE),
                    words.integer("false_token_id", 1, Integer.MAX_VALUE));
        }
        return head;
    }

    /** Of pylate, whose dense layer is of tokens. */
    private static TextOutput.TokenVectors tokenVectors(ModelFolder folder, JsonFile module, int hiddenSize)
            throws IOException {
        VectorStep.Dense dense = dense(folder, module, hiddenSize);
        JsonFile config = folder.read(configPath(module));
        if (dense.activation().isPresent()) {
            throw config.refuse("activation_function", "torch.nn.modules.linear.Identity behind a Transformer");
        }
        return LateConfig.read(dense, folder.read(PROMPTS));
    }

    private static TextOutput.Sparse sparse(
            TextFamily family, ModelFolder folder, JsonFile config, List<JsonFile> modules) throws IOException {
        if (modules.size() != 2 || !type(modules.getFirst()).endsWith("Transformer")) {
            throw modules.getFirst().refuse("type", WORDS + " and behind it only " + SPLADE);
        }
        JsonFile pooling = folder.read(configPath(modules.getLast()));
        pooling.supports("pooling_strategy", "max");
        pooling.supports("activation_function", "relu");
        return ClassesConfig.words(config, family)
                .map(TextOutput.Sparse::new)
                .orElseThrow(() -> config.refuse("model_type", "models of " + family.name() + " without " + SPLADE));
    }

    /** The steps of sentence-transformers' pipeline: none if the directory has no modules.json. */
    private static List<JsonFile> modules(ModelFolder folder) throws IOException {
        if (!folder.has(MODULES)) {
            return List.of();
        }
        List<JsonFile> modules = JsonFile.parseArray(folder.file(MODULES), folder.json(MODULES));
        if (modules.size() > MOST_MODULES) {
            throw new BadFileException(
                    folder.file(MODULES), "has " + modules.size() + " steps; supported: up to " + MOST_MODULES);
        }
        for (JsonFile module : modules) {
            boolean elsewhere =
                    type(module).endsWith("Transformer") && !path(module).isEmpty();
            boolean noName = path(module).equals("..")
                    || path(module).chars().anyMatch(c -> c == '/' || c == '\\' || Character.isISOControl(c));
            if (elsewhere || noName) {
                throw module.refuse("path", "the model's directory for Transformer, a folder in it for the others");
            }
        }
        return modules;
    }

    private static String type(JsonFile module) {
        String type = module.root().path("type").asString("");
        return type.substring(type.lastIndexOf('.') + 1);
    }

    private static String path(JsonFile module) {
        return module.root().path("path").asString("");
    }

    /** What modules.json asks for, in its order; without it the mean, as sentence-transformers does. */
    private static TextOutput.Vectors vectors(
            ModelFolder folder, List<JsonFile> modules, JsonFile config, int hiddenSize) throws IOException {
        Pooling pooling = null;
        var steps = new ArrayList<VectorStep>();
        var folders = new HashSet<String>();
        int width = hiddenSize;
        for (JsonFile module : modules) {
            String type = type(module);
            if (type.equals("Transformer")) {
                continue;
            }
            if (pooling == null && !type.equals("Pooling") && (type.equals("Dense") || type.equals("Normalize"))) {
                throw module.refuse("type", type + " after a Pooling");
            }
            if (pooling != null && type.equals("Pooling")) {
                throw module.refuse("type", "one Pooling");
            }
            if (type.equals("Dense") && !folders.add(path(module))) {
                throw module.refuse("path", "a folder of its own for each Dense");
            }
            switch (type) {
                case "Pooling" -> pooling = pooling(folder.read(configPath(module)));
                case "Normalize" -> steps.add(new VectorStep.Normalize());
                case "Dense" -> {
                    VectorStep.Dense dense = dense(folder, module, width);
                    width = dense.outputs();
                    steps.add(dense);
                }
                default -> throw module.refuse("type", "Transformer, Pooling, Dense, Normalize");
            }
        }
        return new TextOutput.Vectors(pooling == null ? Pooling.MEAN : pooling, steps, shorter(config, width));
    }

    private static String configPath(JsonFile module) {
        return path(module).isEmpty() ? "config.json" : path(module) + "/config.json";
    }

    private static VectorStep.Dense dense(ModelFolder folder, JsonFile module, int width) throws IOException {
        if (!ModelWriter.DENSE.matcher(path(module)).matches()) {
            throw module.refuse("path", "a folder called as 2_Dense");
        }
        JsonFile config = folder.read(configPath(module));
        if (config.flag(RESIDUAL, false)) {
            throw config.refuse(RESIDUAL, "false");
        }
        if (config.integer("in_features", 1, MOST_WIDTH) != width) {
            throw config.refuse("in_features", width + ", the width of what it reads");
        }
        return new VectorStep.Dense(
                path(module),
                config.integer("out_features", 1, MOST_WIDTH),
                config.flag("bias", true),
                DenseActivation.of(config));
    }

    private static List<Integer> shorter(JsonFile config, int width) {
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
}
