package io.tokenwise.model;

import io.tokenwise.io.AtomicFiles;
import io.tokenwise.io.FolderWeights;
import io.tokenwise.io.JsonFile;
import io.tokenwise.io.SafetensorsWriter;
import io.tokenwise.io.StoredType;
import io.tokenwise.io.TensorData;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.node.ObjectNode;

/** Writes model directories that {@link Models#open}, and Python's transformers and sentence-transformers, read. */
public final class ModelWriter {
    private static final String CONFIG = "config.json";
    private static final String TOKENIZER = "tokenizer.json";

    /** What {@link #write} puts into a directory for a model of any family, and thus may replace. */
    private static final List<String> OURS = List.of(
            CONFIG,
            ModelFolder.WEIGHTS,
            TOKENIZER,
            "modules.json",
            "sentence_bert_config.json",
            "config_sentence_transformers.json",
            "1_Pooling",
            "1_SpladePooling",
            SentenceRouter.FILE,
            SentenceRouter.POOLING,
            QueryWeights.FOLDER,
            "1_LogitScore",
            ChatTemplate.FILE,
            "artifact.metadata",
            "preprocessor_config.json",
            "llama-tokenizer.js",
            "vocab.json",
            "added_tokens.json",
            "tokenizer_config.json",
            "special_tokens_map.json");

    /** Likewise: layers after pooling, by the names that sentence-transformers gives them. */
    static final Pattern LAYER = Pattern.compile("\\d+_(Dense|LayerNorm)\\w*");

    /** Likewise: what follows the layers of a MultiVectorEncoder. */
    private static final Pattern BEHIND = Pattern.compile("\\d+_(MultiVectorMask|Normalize)");

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
     * @param tensors by Hugging Face name without {@code bert.}, {@code vit.} or {@code model.}
     * @param tokenizer null if the model reads no text
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
        Path target = target(directory);
        checkTarget(target, existing);
        Path temporary = AtomicFiles.temporarySibling(target);
        try {
            AtomicFiles.createDirectories(target.getParent());
            Files.createDirectory(temporary);
            writeFiles(temporary, description, tensors, tokenizer, type);
            AtomicFiles.syncDirectory(temporary);
            moveInPlace(temporary, target);
            AtomicFiles.syncDirectory(target.getParent());
        } catch (IOException e) {
            IOException failure = AtomicFiles.cannotWrite(target, e);
            AtomicFiles.deleteAfter(failure, temporary);
            throw failure;
        } catch (RuntimeException | Error e) {
            AtomicFiles.deleteAfter(e, temporary);
            throw e;
        }
    }

    /** Where {@link #write} puts what it is to write to a directory: where a link leads to, with what is written beside it on the same file system. */
    public static Path target(Path directory) {
        try {
            return directory.toRealPath();
        } catch (IOException _) {
            // Not there yet.
            return directory.toAbsolutePath().normalize();
        }
    }

    /**
     * Puts in order what a killed {@link #write} left beside a target: a model that it had put aside to replace it goes back to its name if nothing has come there, and what is half written is
     * deleted. Only for targets that nobody else is writing.
     */
    public static void recover(Path directory) throws IOException {
        Path target = target(directory);
        for (Path old : AtomicFiles.leftovers(target, AtomicFiles.ASIDE)) {
            if (holdsFiles(target)) {
                AtomicFiles.deleteLeftover(old);
            } else {
                if (Files.isDirectory(target)) {
                    // Not all systems rename onto an empty one.
                    Files.delete(target);
                }
                Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
            }
        }
        AtomicFiles.deleteLeftovers(target);
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
                String name = entry.getFileName().toString();
                if (!OURS.contains(name)
                        && !LAYER.matcher(name).matches()
                        && !BEHIND.matcher(name).matches()) {
                    throw new IOException(directory + ": is not replaced, because it holds " + name
                            + ", which is not part of a model");
                }
            }
        }
    }

    /** Whether it is a directory with something in it. */
    public static boolean holdsFiles(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return false;
        }
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.findAny().isPresent();
        }
    }

    private static void writeFiles(
            Path directory,
            ModelDescription description,
            Map<String, TensorData> tensors,
            Tokenizer tokenizer,
            StoredType type)
            throws IOException {
        ModelFamily family = description.family();
        TensorNames names = family.names(description);
        Map<String, TensorData> named = new LinkedHashMap<>();
        Map<String, Map<String, TensorData>> inFolders = new LinkedHashMap<>();
        names.inFilesForm(tensors).forEach((name, tensor) -> {
            if (FolderWeights.isInFolder(name)) {
                inFolders
                        .computeIfAbsent(FolderWeights.folder(name), _ -> new LinkedHashMap<>())
                        .put(FolderWeights.nameThere(name), tensor);
            } else {
                named.put(names.written(name), tensor);
            }
        });
        description.queries().ifPresent(queries -> inFolders.put(QueryWeights.FOLDER, queries.tensors()));
        writeWeights(directory, named, type);
        for (Map.Entry<String, Map<String, TensorData>> folder : inFolders.entrySet()) {
            Path path = directory.resolve(folder.getKey());
            Files.createDirectory(path);
            writeWeights(path, folder.getValue(), type);
        }
        if (tokenizer != null) {
            write(directory.resolve(TOKENIZER), tokenizer.json());
        }
        if (description.queries().isPresent()) {
            Path queries = directory.resolve(QueryWeights.FOLDER);
            write(queries.resolve(TOKENIZER), tokenizer.json());
            for (Map.Entry<String, byte[]> file :
                    description.queries().get().files(tokenizer).entrySet()) {
                write(queries.resolve(file.getKey()), file.getValue());
            }
            AtomicFiles.syncDirectory(queries);
        }
        ObjectNode config = family.config(description);
        description.addTo(config);
        write(directory.resolve(CONFIG), JsonFile.format(config));
        for (Map.Entry<String, byte[]> file : family.filesBeside(description).entrySet()) {
            Path path = directory.resolve(file.getKey());
            Files.createDirectories(path.getParent());
            write(path, file.getValue());
            AtomicFiles.syncDirectory(path.getParent());
        }
    }

    private static void writeWeights(Path folder, Map<String, TensorData> tensors, StoredType type) throws IOException {
        SafetensorsWriter.write(folder.resolve(ModelFolder.WEIGHTS), tensors, Map.of("format", "pt"), type);
    }

    private static void write(Path file, byte[] content) throws IOException {
        AtomicFiles.write(file, out -> out.write(content));
    }

    /** Where that fails too, as when nothing can be written any more, it is left to {@link #recover}. */
    private static void putBack(Path old, Path target, IOException failure) {
        try {
            Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    /** A directory can be renamed onto an empty one; a model that is to be replaced is put aside first. */
    private static void moveInPlace(Path temporary, Path target) throws IOException {
        Path old = AtomicFiles.sibling(target, AtomicFiles.ASIDE);
        boolean replacing = Files.exists(target);
        if (replacing) {
            Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
        }
        try {
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            if (replacing) {
                putBack(old, target, e);
            }
            throw e;
        }
        if (replacing) {
            // What is deleted may be gone from the disk before the names there have changed.
            AtomicFiles.syncDirectory(target.getParent());
            AtomicFiles.deleteTree(old);
        }
    }
}
