package io.tokenwise.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * A text encoder's files: its description, weights and tokenizer. Weights may be closed as soon as they are loaded, by
 * {@code weights().close()}; closing twice is harmless.
 */
public final class ModelFiles implements AutoCloseable {
    private static final String TOKENIZER = "tokenizer.json";

    private static final ModelFolder.Resources MINILM_ACM =
            new ModelFolder.Resources("minilm-acm", "META-INF/tokenwise/minilm-acm/");

    private final ModelDescription description;
    private final WeightSource weights;
    private final Tokenizer tokenizer;

    private ModelFiles(ModelDescription description, WeightSource source, byte[] tokenizerJson, String tokenizerFile) {
        this.description = description;
        try {
            this.weights = BertWeights.of(source, description);
            this.tokenizer = Tokenizer.open(tokenizerFile, tokenizerJson, description.maxTokens());
        } catch (Throwable e) {
            source.close();
            throw e;
        }
        int words = description.architecture().vocabularySize();
        if (tokenizer.vocabularySize() > words) {
            close();
            throw new BadFileException(
                    tokenizerFile,
                    "has tokens up to " + (tokenizer.vocabularySize() - 1) + ", the model knows only " + words);
        }
    }

    private ModelFiles(ModelDescription description, WeightSource weights, Tokenizer tokenizer) {
        this.description = description;
        this.weights = weights;
        this.tokenizer = tokenizer;
    }

    /**
     * Opens a model by what users call it.
     *
     * @param model one of {@link #builtInNames}, or else a directory
     * @throws BadFileException as {@link #open(Path)} and {@link #builtIn} do
     */
    public static ModelFiles open(String model) throws IOException {
        return builtInNames().contains(model) ? builtIn(model) : open(Path.of(model));
    }

    /**
     * Opens a directory in Hugging Face's layout: config.json, model.safetensors, tokenizer.json and, where present,
     * sentence-transformers' modules.json, pooling, length and prompt files.
     *
     * @throws BadFileException if a file is absent or bad, or asks for what is not supported
     */
    public static ModelFiles open(Path directory) throws IOException {
        return open(new ModelFolder.Directory(directory));
    }

    private static ModelFiles open(ModelFolder folder) throws IOException {
        ModelDescription description = ModelConfig.read(folder);
        refuseInstead(folder, TOKENIZER, "vocab.txt", "AutoTokenizer.from_pretrained(folder).save_pretrained(folder)");
        byte[] json = folder.json(TOKENIZER);
        refuseInstead(
                folder,
                ModelFolder.WEIGHTS,
                "pytorch_model.bin",
                "AutoModel.from_pretrained(folder).save_pretrained(folder)");
        refuseInstead(
                folder,
                ModelFolder.WEIGHTS,
                "model.safetensors.index.json",
                "AutoModel.from_pretrained(folder).save_pretrained(folder, max_shard_size='100GB')");
        return new ModelFiles(description, folder.weights(), json, folder.file(TOKENIZER));
    }

    /** Says how a model that has another form of a file is brought into ours. */
    private static void refuseInstead(ModelFolder folder, String file, String other, String python) {
        if (!folder.has(file) && folder.has(other)) {
            throw new BadFileException(
                    folder.file(file),
                    "no such file, and " + other + " is not read; Python's transformers write it by " + python);
        }
    }

    /**
     * Opens a model that is published as a Maven artifact, from the class path (that of the thread's context class loader
     * first, then this library's). If the system property {@code tokenwise.cache} names a folder, a model that is not on the class path is
     * also looked for among those that {@code ./tokenwise fetch} has brought there, and weights that are published as ONNX are
     * unpacked into it once and read from there, which is faster.
     *
     * @param name one of {@link #builtInNames}
     * @throws BadFileException if the artifact is absent; the message says how to get it
     * @throws IllegalArgumentException if there is no built-in model of this name
     */
    public static ModelFiles builtIn(String name) throws IOException {
        if (name.equals(MINILM_ACM.name())) {
            if (!hasMiniLmAcm()) {
                throw new BadFileException(
                        name, "is not on the class path; add the Maven artifact io.tokenwise:tokenwise-minilm-acm");
            }
            return open(MINILM_ACM);
        }
        for (BuiltInModel model : BuiltInModel.values()) {
            ModelDescription description = model.description();
            if (description.name().equals(name)) {
                byte[] tokenizer = model.tokenizer();
                return new ModelFiles(description, CachedWeights.open(model), tokenizer, name + " tokenizer.json");
            }
        }
        throw new IllegalArgumentException("no built-in model " + name + "; there are " + builtInNames());
    }

    /** The names of the built-in models. */
    public static List<String> builtInNames() {
        return Stream.concat(
                        Stream.of(MINILM_ACM.name()),
                        Arrays.stream(BuiltInModel.values())
                                .map(model -> model.description().name()))
                .toList();
    }

    /** The built-in model to take where none is named: the adaptive {@code minilm-acm} if it is on the class path, else {@code minilm}. */
    public static String defaultName() {
        return hasMiniLmAcm()
                ? MINILM_ACM.name()
                : BuiltInModel.MINILM.description().name();
    }

    private static boolean hasMiniLmAcm() {
        return MINILM_ACM.has(ModelFolder.WEIGHTS);
    }

    /** What the model is. */
    public ModelDescription description() {
        return description;
    }

    /** The dense model that an adaptive one is at full budget, from the same files: to close one is to close both. A dense model is that itself. */
    public ModelFiles dense() {
        return new ModelFiles(description.withoutAcm(), weights, tokenizer);
    }

    /** The model's weights; all tensors of its architecture are there in the right shapes, unless it is adaptive. */
    public WeightSource weights() {
        return weights;
    }

    /** The model's tokenizer. */
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    @Override
    public void close() {
        weights.close();
    }
}
