package io.tokenwise.model.open;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.AtomicFiles;
import io.tokenwise.io.CacheFolder;
import io.tokenwise.io.Safetensors;
import io.tokenwise.io.SafetensorsWriter;
import io.tokenwise.io.TensorData;
import io.tokenwise.io.WeightSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A built-in model's weights from a folder in which they lie unpacked: inflating a jar and parsing ONNX takes half a second, reading
 * safetensors a tenth of that.
 *
 * <p>A file there is named after the model and the checksum of the weights in the jar, so that it never stands for another version, and
 * older versions are deleted. It holds a checksum of each tensor, and one of their names and shapes; one that does not fit sends us back to
 * the jar. Files appear
 * complete or not at all, so that any number of processes may share the folder. If the folder cannot be used, the jar is read.
 */
final class CachedWeights implements WeightSource {
    private static final Logger LOG = LoggerFactory.getLogger(CachedWeights.class);

    /** In the file's metadata, beside the tensors'; no tensor is called so. */
    private static final String TABLE = "checksum of names and shapes";

    private final String name;
    private final Jar jar;
    private final Path file;
    private final Safetensors cached;
    private volatile boolean closed;

    /** Where we turned to when the file could not be read. */
    private volatile WeightSource original;

    /** Where the weights are when they lie nowhere unpacked. */
    @FunctionalInterface
    interface Jar {
        WeightSource weights() throws IOException;
    }

    private CachedWeights(String name, Jar jar, Path file) throws IOException {
        this.name = name;
        this.jar = jar;
        this.file = file;
        this.cached = Safetensors.open(file);
        if (!checksumOfTable(cached).equals(cached.metadata().get(TABLE))) {
            cached.close();
            throw new BadFileException(file.toString(), "its names and shapes have another checksum");
        }
    }

    /** The model's weights: unpacked ones if the folder is set and has them, else those of the jar, which it has next time. */
    static WeightSource open(BuiltInModel model) throws IOException {
        Optional<Path> folder = CacheFolder.find();
        OptionalLong checksum = folder.isEmpty() ? OptionalLong.empty() : model.checksum();
        if (checksum.isEmpty()) {
            return model.weights();
        }
        String name = model.description().name();
        Path file = folder.get().resolve("%s-%08x.safetensors".formatted(name, checksum.getAsLong()));
        return open(name, model::weights, file);
    }

    /** The same of any model; the file's name begins with the model's. */
    static WeightSource open(String name, Jar jar, Path file) throws IOException {
        try {
            return new CachedWeights(name, jar, file);
        } catch (IOException | BadFileException e) {
            // It is not there the first time, nor when another process has just deleted it.
            if (Files.exists(file)) {
                LOG.warn("{} is not used: {}", file, e.getMessage());
            }
        }
        WeightSource original = jar.weights();
        try {
            write(name, original, file);
        } catch (IOException | UncheckedIOException | DirectoryIteratorException | BadFileException e) {
            LOG.info("the weights of {} are not kept for the next time: {}", name, e.getMessage());
        } catch (Throwable e) {
            original.close();
            throw e;
        }
        return original;
    }

    @Override
    public String description() {
        return name;
    }

    @Override
    public Set<String> names() {
        return cached.names();
    }

    @Override
    public long[] shape(String name) {
        return cached.shape(name);
    }

    @Override
    public String type(String name) {
        return cached.type(name);
    }

    @Override
    public void read(String name, MemorySegment destination) {
        requireOpen();
        if (original == null) {
            try {
                cached.read(name, destination, false);
                if (checksum(destination).equals(cached.metadata().get(name))) {
                    return;
                }
                fallBack("tensor " + name + " has another checksum", true);
            } catch (BadFileException e) {
                fallBack(e.getMessage(), true);
            } catch (UncheckedIOException e) {
                // An interrupt, for example, closes the file, which says nothing of what is in it.
                fallBack(e.getMessage(), false);
            }
        }
        original.read(name, destination);
    }

    @Override
    public synchronized void close() {
        closed = true;
        cached.close();
        if (original != null) {
            original.close();
        }
    }

    private synchronized void fallBack(String reason, boolean damaged) {
        requireOpen();
        try {
            if (original == null) {
                original = jar.weights();
                LOG.warn("{} is {}: {}", file, damaged ? "damaged" + whatBecameOfIt() : "not used", reason);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String whatBecameOfIt() {
        try {
            Files.deleteIfExists(file);
            return " and deleted";
        } catch (IOException e) {
            return ", and cannot be deleted";
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the weights of " + name + " are closed");
        }
    }

    private static void write(String model, WeightSource weights, Path file) throws IOException {
        Files.createDirectories(file.getParent());
        deleteOthers(model, file);
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        Map<String, String> checksums = new HashMap<>();
        try (Arena arena = Arena.ofConfined()) {
            for (String name : weights.names()) {
                long[] shape = weights.shape(name);
                MemorySegment floats = arena.allocate(4 * Arrays.stream(shape).reduce(1, Math::multiplyExact), 4);
                weights.read(name, floats);
                tensors.put(name, new TensorData(shape, floats));
                checksums.put(name, checksum(floats));
            }
            checksums.put(TABLE, checksumOfTable(weights));
            SafetensorsWriter.write(file, tensors, checksums);
        }
    }

    /** Deletes other versions of the model, and what killed writers left. */
    private static void deleteOthers(String model, Path file) throws IOException {
        AtomicFiles.deleteOldLeftovers(file.getParent(), model + "-");
        // Names as ours alone: the folder may have models of the user's.
        String ours = "[0-9a-f]".repeat(8);
        try (var versions = Files.newDirectoryStream(file.getParent(), model + "-" + ours + ".safetensors")) {
            for (Path version : versions) {
                if (!version.equals(file)) {
                    Files.deleteIfExists(version);
                }
            }
        }
    }

    private static String checksum(MemorySegment floats) {
        CRC32C sum = new CRC32C();
        sum.update(floats.asByteBuffer());
        return Long.toHexString(sum.getValue());
    }

    private static String checksumOfTable(WeightSource weights) {
        CRC32C sum = new CRC32C();
        for (String name : new TreeSet<>(weights.names())) {
            sum.update((name + Arrays.toString(weights.shape(name))).getBytes(StandardCharsets.UTF_8));
        }
        return Long.toHexString(sum.getValue());
    }
}
