package io.tokenwise.model;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The steps of sentence-transformers' pipeline, as modules.json names them (sentence_transformers/base/modules at cad21198).
 *
 * @param all none if the folder has no such file; where queries go another way, those of documents
 * @param router what they go through, if it is one
 */
record SentenceModules(ModelFolder folder, List<JsonFile> all, Optional<SentenceRouter> router) {
    static final String FILE = "modules.json";

    /** Where sentence-transformers writes what it does behind a Transformer. */
    private static final String POOLING = "1_Pooling/config.json";

    /** Of a sparse encoder. */
    static final String WORDS = "MLMTransformer";

    static final String SPLADE = "SpladePooling";

    /** What a SpladePooling does to logits. */
    static final String RELU = "relu";

    /** The same, and one logarithm more. */
    static final String FLAT = "log1p_relu";

    /** What a Dense calls what it makes of a pair's vector, if that is the score. */
    static final String SCORES = "scores";

    /** What config_sentence_transformers.json calls a model of pylate, and one that compares texts. */
    static final String COLBERT = "ColBERT";

    static final String CROSS_ENCODER = "CrossEncoder";
    static final String MODEL_TYPE = "model_type";

    /** In the file of a LogitScore. */
    static final String YES = "true_token_id";

    static final String NO = "false_token_id";

    /** In the files of modules. */
    static final String OUTPUT_NAME = "module_output_name";

    static final String RESIDUAL = "use_residual";

    /** Of a causal model whose score is the difference of two words' logits. */
    static final String LOGITS = "LogitScore";

    /** In modules.json. */
    static final String PATH = "path";

    static final String TYPE = "type";

    /** A table of tokens' vectors, of which a text's is the mean; but pylate's module of this name leaves each token its own. */
    private static final String TABLE = "StaticEmbedding";

    private static final String TEXT_VECTOR = "sentence_embedding";
    static final String TOKEN_VECTORS = "token_embeddings";
    static final String INPUT_NAME = "module_input_name";
    static final String ACTIVATION = "activation_fn";

    private static final String PYLATE = "pylate.";

    /** Whose modules are read; others are code of the model's own (sentence_transformers/util/misc.py at cad21198, import_module_class). */
    private static final List<String> PACKAGES = List.of("sentence_transformers.", PYLATE);

    /** What any file system takes. */
    private static final Pattern NAME = Pattern.compile("[\\w.-]*");

    /** Published models have up to five. */
    private static final int MOST = 64;

    private static final int MOST_WIDTH = 1 << 16;

    static SentenceModules read(ModelFolder folder) throws IOException {
        SentenceFiles.requireNoAdapters(folder);
        if (!folder.has(FILE)) {
            requireNone(folder);
            return new SentenceModules(folder, List.of(), Optional.empty());
        }
        List<JsonFile> modules = JsonFile.parseArray(folder.file(FILE), folder.json(FILE));
        if (modules.size() > MOST) {
            throw new BadFileException(folder.file(FILE), "has " + modules.size() + " steps; supported: up to " + MOST);
        }
        for (JsonFile module : modules) {
            if (module == modules.getFirst() && !isModel(module) && !SentenceRouter.is(module)) {
                throw module.refuse(
                        TYPE,
                        "Transformer, MLMTransformer, sentence_transformers' StaticEmbedding or Router as the first");
            }
            requireFolder(module);
            if (module != modules.getFirst() && isTransformer(module)) {
                throw module.refuse(TYPE, "one Transformer, and that first");
            }
            if (SentenceRouter.is(module) && modules.size() > 1) {
                throw module.refuse(TYPE, SentenceRouter.SUPPORTED);
            }
        }
        if (!modules.isEmpty() && SentenceRouter.is(modules.getFirst())) {
            SentenceRouter router = SentenceRouter.read(folder, modules.getFirst());
            return new SentenceModules(folder, router.documents(), Optional.of(router));
        }
        return new SentenceModules(folder, modules, Optional.empty());
    }

    /** A folder that was copied in part would give other vectors, and nothing would say so. */
    private static void requireNone(ModelFolder folder) {
        if (folder.has(POOLING)) {
            throw new BadFileException(
                    folder.file(FILE),
                    "no such file, though " + POOLING
                            + " is there: it says what becomes of the tokens' vectors; copy the whole folder, or leave that out too");
        }
    }

    /** That its folder is one of the model's, or that itself. */
    static void requireFolder(JsonFile module) {
        if (!NAME.matcher(path(module)).matches() || path(module).startsWith(".")) {
            throw module.refuse(PATH, "the name of a folder in the model's, of letters, digits and _-.");
        }
    }

    /** What it is called in the package that has it. */
    static String type(JsonFile module) {
        String type = module.root().path(TYPE).asString("");
        if (type.contains(".") && PACKAGES.stream().noneMatch(type::startsWith)) {
            throw module.refuse(
                    TYPE,
                    "modules of sentence_transformers and pylate; this is code of the model's own, so take a folder"
                            + " that does without");
        }
        return type.substring(type.lastIndexOf('.') + 1);
    }

    static boolean isTransformer(JsonFile module) {
        return type(module).endsWith("Transformer");
    }

    private static boolean isModel(JsonFile module) {
        return isTransformer(module) || isTable(module);
    }

    private static boolean isTable(JsonFile module) {
        return type(module).equals(TABLE)
                && !module.root().path(TYPE).asString("").startsWith(PYLATE);
    }

    /** Whether the model is a table of tokens' vectors, and no transformer. */
    boolean isTable() {
        return !all.isEmpty() && isTable(all.getFirst());
    }

    /** In which folder the model's own files are; empty if they are in that of all modules. */
    String own() {
        return all.isEmpty() || !isModel(all.getFirst()) ? "" : path(all.getFirst());
    }

    static String path(JsonFile module) {
        String path = module.root().path(PATH).asString("");
        // As model2vec writes it.
        return path.equals(".") ? "" : path;
    }

    /** Whether what comes out is what the model gives with a head of its own: of late modules are written for such models too. */
    boolean isModelAlone() {
        return all.stream().map(SentenceModules::type).allMatch(Set.of("Transformer", LOGITS)::contains);
    }

    /** What modules make of the tokens' vectors of a model without a head of its own; without modules the mean, as sentence-transformers does. */
    TextOutput output(TextFamily family, JsonFile config, int hiddenSize) throws IOException {
        Optional<VectorStep.Dense> projection = family.projection(folder, config);
        if (all.stream().anyMatch(module -> type(module).equals(SPLADE))) {
            requireType("SparseEncoder");
            return sparse(family, config);
        }
        boolean late = MultiVectorConfig.isIn(this);
        boolean pylate = all.size() > 1
                && isTransformer(all.getFirst())
                && all.stream().skip(1).map(SentenceModules::type).allMatch("Dense"::equals);
        if (projection.isPresent() && (late || pylate)) {
            throw all.getLast().refuse(TYPE, "Pooling behind a model with a layer beside it, linear.weight");
        }
        if (late) {
            requireType(MultiVectorConfig.TYPE);
            return MultiVectorConfig.read(this, hiddenSize);
        }
        if (pylate) {
            requireType(COLBERT);
            return tokenVectors(hiddenSize);
        }
        TextOutput.Vectors vectors = vectors(config, hiddenSize, projection);
        if (!makesScores()) {
            requireType("SentenceTransformer");
            return vectors;
        }
        requireScores();
        if (vectors.width(hiddenSize) != 1) {
            throw folder.read(configPath(all.getLast())).refuse("out_features", "1, a score");
        }
        return new TextOutput.Score(vectors);
    }

    /** What config_sentence_transformers.json says that the modules are; files that are older say nothing. */
    private void requireType(String supported) throws IOException {
        if (folder.has(SentenceFiles.PROMPTS)) {
            folder.read(SentenceFiles.PROMPTS).supports(MODEL_TYPE, supported);
        }
    }

    /** That sentence-transformers has nothing else in mind with a score. */
    void requireScores() throws IOException {
        requireType(CROSS_ENCODER);
        if (folder.has(SentenceFiles.PROMPTS)) {
            JsonFile file = folder.read(SentenceFiles.PROMPTS);
            ClassesConfig.checkActivation(file, file.root().path(ACTIVATION), ACTIVATION);
        }
    }

    /** Whether prompts are looked for. Of models that compare texts since version 5.4, and only where the files are those of a CrossEncoder (sentence_transformers/base/model.py). */
    boolean arePromptsRead(TextOutput output) throws IOException {
        if (!folder.has(SentenceFiles.PROMPTS)) {
            return false;
        }
        boolean compares = output.isScore() || output instanceof TextOutput.SequenceClasses;
        String type = folder.read(SentenceFiles.PROMPTS).root().path(MODEL_TYPE).asString("");
        return !compares || !all.isEmpty() && type.equals(CROSS_ENCODER);
    }

    /** The same whose words a LogitScore names. */
    TextOutput.Answer withWords(TextOutput.Answer answer) throws IOException {
        JsonFile words = folder.read(configPath(all.getLast()));
        return answer.withWords(words.integer(YES, 1, Integer.MAX_VALUE), words.integer(NO, 1, Integer.MAX_VALUE));
    }

    private TextOutput.Sparse sparse(TextFamily family, JsonFile config) throws IOException {
        if (all.size() != 2 || !isTransformer(all.getFirst())) {
            throw all.getFirst().refuse(TYPE, WORDS + " and behind it only " + SPLADE);
        }
        JsonFile pooling = folder.read(configPath(all.getLast()));
        pooling.supports("pooling_strategy", "max");
        pooling.supports(DenseActivation.FIELD, RELU, FLAT);
        TextArchitecture sizes = family.architecture(config);
        Optional<QueryWeights> table = router.isPresent()
                ? Optional.of(QueryWeights.read(folder, router.get(), sizes.vocabularySize()))
                : Optional.empty();
        boolean flat = pooling.root().path(DenseActivation.FIELD).asString(RELU).equals(FLAT);
        return ClassesConfig.words(config, family, sizes)
                .map(head -> new TextOutput.Sparse(head, flat, table))
                .orElseThrow(() -> config.refuse("model_type", "models of " + family.name() + " without " + SPLADE));
    }

    /** Of pylate, whose dense layers are of tokens. */
    private TextOutput.TokenVectors tokenVectors(int hiddenSize) throws IOException {
        if (!folder.has(SentenceFiles.PROMPTS)) {
            throw new BadFileException(
                    folder.file(FILE),
                    "has Dense behind a Transformer and no Pooling: a model of pylate, which has "
                            + SentenceFiles.PROMPTS + " too");
        }
        List<JsonFile> layers = all.subList(1, all.size());
        for (JsonFile module : layers) {
            JsonFile config = folder.read(configPath(module));
            if (!config.has(DenseActivation.FIELD)) {
                // pylate asks for it too (Dense.load at 1f1f47ce): what lacks it was written by others, whose tanh it
                // would be.
                throw config.refuse(DenseActivation.FIELD, "one that is named, of a model of pylate");
            }
        }
        return LateConfig.read(tokenLayers(layers, hiddenSize), folder.read(SentenceFiles.PROMPTS));
    }

    /** Dense layers that make of tokens' vectors others. */
    List<VectorStep.Dense> tokenLayers(List<JsonFile> modules, int hiddenSize) throws IOException {
        var dense = new ArrayList<VectorStep.Dense>();
        var folders = new HashSet<String>();
        for (JsonFile module : modules) {
            requireTokenVectors(folder.read(configPath(module)));
            dense.add(dense(module, VectorStep.width(dense, hiddenSize), folders));
        }
        return dense;
    }

    /** That a module reads tokens' vectors, if it says what, and makes others of them. */
    static void requireTokenVectors(JsonFile config) {
        config.supports(INPUT_NAME, TOKEN_VECTORS);
        config.supports(OUTPUT_NAME, TOKEN_VECTORS);
    }

    /** What modules.json asks for, in its order, behind what the model has besides. */
    private TextOutput.Vectors vectors(JsonFile config, int hiddenSize, Optional<VectorStep.Dense> projection)
            throws IOException {
        Pooling pooling = isTable() ? Pooling.MEAN : null;
        var steps = new ArrayList<VectorStep>();
        projection.ifPresent(steps::add);
        var folders = new HashSet<String>();
        for (JsonFile module : all) {
            String type = type(module);
            if (type.equals("Transformer") || module == all.getFirst() && isTable()) {
                continue;
            }
            if (pooling == null && Set.of("Dense", "LayerNorm", "Normalize").contains(type)) {
                throw module.refuse(TYPE, type + " after a Pooling");
            }
            if (pooling != null && type.equals("Pooling")) {
                throw module.refuse(TYPE, "one Pooling");
            }
            int width = VectorStep.width(steps, hiddenSize);
            switch (type) {
                case "Pooling" -> pooling = Pooling.of(folder.read(configPath(module)));
                case "Dropout" -> {} // Of training alone.
                case "Normalize" -> {
                    // Older folders of it are empty.
                    if (folder.has(configPath(module))) {
                        requireTextVector(module);
                    }
                    steps.add(new VectorStep.Normalize());
                }
                case "Dense" -> {
                    steps.add(dense(module, width, folders));
                    requireTextVector(module);
                }
                case "LayerNorm" -> {
                    String own = ownFolder(module, folders);
                    requireWidth(folder.read(configPath(module)), "dimension", width);
                    steps.add(new VectorStep.LayerNorm(own));
                }
                default -> throw module.refuse(TYPE, "Transformer, Pooling, Dense, LayerNorm, Dropout, Normalize");
            }
        }
        return new TextOutput.Vectors(
                pooling == null ? Pooling.MEAN : pooling,
                steps,
                SentenceFiles.shorter(config, VectorStep.width(steps, hiddenSize)));
    }

    /** Whether the last module makes scores. */
    private boolean makesScores() throws IOException {
        return !all.isEmpty()
                && type(all.getLast()).equals("Dense")
                && outputName(all.getLast()).equals(SCORES);
    }

    private String outputName(JsonFile module) throws IOException {
        return folder.read(configPath(module)).root().path(OUTPUT_NAME).asString("");
    }

    /** That it reads a text's vector and makes another of it, or at the end scores. */
    private void requireTextVector(JsonFile module) throws IOException {
        JsonFile config = folder.read(configPath(module));
        config.supports(INPUT_NAME, TEXT_VECTOR);
        if (module != all.getLast() || !makesScores()) {
            config.supports(OUTPUT_NAME, TEXT_VECTOR);
        }
    }

    static String configPath(JsonFile module) {
        return path(module).isEmpty() ? "config.json" : path(module) + "/config.json";
    }

    private VectorStep.Dense dense(JsonFile module, int width, Set<String> folders) throws IOException {
        String own = ownFolder(module, folders);
        JsonFile config = folder.read(configPath(module));
        requireWidth(config, "in_features", width);
        return new VectorStep.Dense(
                own,
                config.integer("out_features", 1, MOST_WIDTH),
                config.flag("bias", true),
                DenseActivation.of(config),
                config.flag(RESIDUAL, false));
    }

    /** Where its weights are. */
    private static String ownFolder(JsonFile module, Set<String> folders) {
        if (!ModelWriter.LAYER.matcher(path(module)).matches()) {
            throw module.refuse(PATH, "a folder called as 2_" + type(module));
        }
        if (!folders.add(path(module))) {
            throw module.refuse(PATH, "a folder of its own for each " + type(module));
        }
        return path(module);
    }

    private static void requireWidth(JsonFile config, String field, int width) {
        if (config.integer(field, 1, MOST_WIDTH) != width) {
            throw config.refuse(field, width + ", the width of what it reads");
        }
    }
}
