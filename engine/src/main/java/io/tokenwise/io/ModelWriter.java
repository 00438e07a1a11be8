package io.tokenwise.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Writes model directories that {@link ModelFiles#open}, and Python's transformers and sentence-transformers, read. */
public final class ModelWriter {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final String POOLING = "1_Pooling";

    /** What {@link #write} puts into a directory, and thus may replace. */
    private static final List<String> OURS = List.of(
            "config.json",
            "model.safetensors",
            "tokenizer.json",
            "modules.json",
            "sentence_bert_config.json",
            "config_sentence_transformers.json",
            POOLING);

    private ModelWriter() {}

    /** What to do with a model that is there already. */
    public enum Existing {
        /** Fail. */
        KEEP,
        /** Write the new one in its place; still fail if the directory holds anything that is not part of a model. */
        REPLACE
    }

    /** Writes a model in float32; see {@link #write(Path, ModelDescription, Map, Tokenizer, Existing, StoredType)}. */
    public static void write(
            Path directory,
            ModelDescription description,
            Map<String, TensorData> tensors,
            Tokenizer tokenizer,
            Existing existing)
            throws IOException {
        write(directory, description, tensors, tokenizer, existing, StoredType.F32);
    }

    /**
     * Writes a model. The directory appears under its name only when every file is complete and on disk; after an
     * exception nothing is left, and a model that was there before still is.
     *
     * @param tensors by Hugging Face name without {@code bert.}
     * @param type of the matrices; as bytes, Python's safetensors reads them, its transformers do not
     * @throws IOException if the target must not be replaced, or cannot be written
     */
    public static void write(
            Path directory,
            ModelDescription description,
            Map<String, TensorData> tensors,
            Tokenizer tokenizer,
            Existing existing,
            StoredType type)
            throws IOException {
        Path target = directory.toAbsolutePath().normalize();
        checkTarget(target, existing);
        Path temporary = AtomicFiles.temporarySibling(target);
        try {
            Files.createDirectories(target.getParent());
            Files.createDirectory(temporary);
            writeFiles(temporary, description, tensors, tokenizer, type);
            AtomicFiles.syncDirectory(temporary);
            moveInPlace(temporary, target);
            AtomicFiles.syncDirectory(target.getParent());
        } catch (IOException e) {
            throw AtomicFiles.cannotWrite(target, e);
        } finally {
            // Still there only if something failed.
            delete(temporary);
        }
    }

    /**
     * Checks that {@link #write} would accept a target, before hours of work whose result it is to take.
     *
     * @throws IOException if it would not; the message says why
     */
    public static void checkTarget(Path directory, Existing existing) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        if (!Files.isDirectory(directory)) {
            throw new IOException(directory + ": is a file; a model is written as a directory");
        }
        try (Stream<Path> entries = Files.list(directory)) {
            for (Path entry : (Iterable<Path>) entries::iterator) {
                if (existing == Existing.KEEP) {
                    throw new IOException(directory + ": exists and is not empty");
                }
                if (!OURS.contains(entry.getFileName().toString())) {
                    throw new IOException(directory + ": is not replaced, because it holds " + entry.getFileName()
                            + ", which is not part of a model");
                }
            }
        }
    }

    private static void writeFiles(
            Path directory,
            ModelDescription description,
            Map<String, TensorData> tensors,
            Tokenizer tokenizer,
            StoredType type)
            throws IOException {
        SafetensorsWriter.write(directory.resolve("model.safetensors"), tensors, Map.of("format", "pt"), type);
        write(directory.resolve("tokenizer.json"), tokenizer.json());
        write(directory.resolve("config.json"), JsonFile.format(config(description)));
        write(directory.resolve("modules.json"), JsonFile.format(modules(description)));
        ObjectNode length = JSON.objectNode().put("max_seq_length", description.maxTokens());
        write(directory.resolve("sentence_bert_config.json"), JsonFile.format(length.put("do_lower_case", false)));
        if (!description.queryPrefix().isEmpty() || !description.passagePrefix().isEmpty()) {
            ObjectNode prompts = JSON.objectNode();
            prompts.putObject("prompts")
                    .put("query", description.queryPrefix())
                    .put("passage", description.passagePrefix());
            write(directory.resolve("config_sentence_transformers.json"), JsonFile.format(prompts));
        }
        Path pooling = Files.createDirectory(directory.resolve(POOLING));
        write(pooling.resolve("config.json"), JsonFile.format(pooling(description)));
        AtomicFiles.syncDirectory(pooling);
    }

    private static ObjectNode config(ModelDescription description) {
        Architecture sizes = description.architecture();
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

    private static ArrayNode modules(ModelDescription description) {
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

    private static ObjectNode pooling(ModelDescription description) {
        return JSON.objectNode()
                .put("word_embedding_dimension", description.architecture().hiddenSize())
                .put("pooling_mode_cls_token", description.pooling() == Pooling.FIRST)
                .put("pooling_mode_mean_tokens", description.pooling() == Pooling.MEAN);
    }

    private static void write(Path file, byte[] content) throws IOException {
        AtomicFiles.write(file, out -> out.write(content));
    }

    /** A directory can be renamed onto an empty one; a model that is to be replaced is put aside first. */
    private static void moveInPlace(Path temporary, Path target) throws IOException {
        Path old = AtomicFiles.temporarySibling(target);
        boolean replacing = Files.exists(target);
        if (replacing) {
            Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
        }
        try {
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            if (replacing) {
                Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
            }
            throw e;
        }
        delete(old);
    }

    /** Deletes a model directory, complete or not; it has one level of folders. */
    private static void delete(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            try (Stream<Path> files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
