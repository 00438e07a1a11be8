package io.tokenwise.io;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.BinaryReader.Field;
import io.tokenwise.natives.Pages;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * A checkpoint of TensorFlow in the folder of a saved model: a table of names, shapes and places, {@value #INDEX}, and a file of all tensors' float32,
 * {@value #DATA}.
 *
 * <p>Here tensors have PyTorch's names: {@code module/bert/encoder/layer_0/output/dense/kernel} is {@code module.bert.encoder.layer.0.output.dense.weight}. TensorFlow
 * keeps such a kernel as {@code [in, out]}; it is given transposed.
 */
public final class TensorFlowBundle implements WeightSource {
    static final String INDEX = "variables.index";
    static final String DATA = "variables.data-00000-of-00001";

    /** BERT-base's has 8,530 bytes. */
    private static final int MOST_INDEX_BYTES = 16 << 20;

    /** Read at once, as of {@link Safetensors}. */
    private static final int CHUNK_BYTES = 1 << 18;

    private static final String KERNEL = "/kernel";

    private final String file;
    private final ByteSource data;

    /** By our names. */
    private final Map<String, BundleEntry> entries;

    private TensorFlowBundle(String file, ByteSource data, Map<String, BundleEntry> entries) {
        this.file = file;
        this.data = data;
        this.entries = entries;
    }

    public static boolean isIn(Path folder) {
        return Files.exists(folder.resolve(INDEX));
    }

    /**
     * Opens the two files in a folder, and checks all of the index.
     *
     * @throws BadFileException if one is absent, damaged or not such a file
     */
    public static TensorFlowBundle open(Path folder) throws IOException {
        Path index = folder.resolve(INDEX);
        Path dataFile = folder.resolve(DATA);
        List<LevelDbTable.Entry> table = LevelDbTable.read(index.toString(), bytes(index));
        if (table.isEmpty() || !table.getFirst().key().isEmpty()) {
            throw new BadFileException(index.toString(), "has no header, an entry without a name");
        }
        requireOneShard(table.getFirst().value());
        List<BundleEntry> tensors = new ArrayList<>();
        table.subList(1, table.size()).forEach(entry -> tensors.add(BundleEntry.read(entry.key(), entry.value())));
        Map<String, BundleEntry> entries = new LinkedHashMap<>();
        for (BundleEntry entry : tensors) {
            if (entries.put(ourName(entry.name()), entry) != null) {
                throw new BadFileException(index.toString(), "has two tensors for " + ourName(entry.name()));
            }
        }
        ByteSource data = ByteSource.open(dataFile);
        try {
            requireContiguous(index.toString(), tensors, data.size());
            return new TensorFlowBundle(dataFile.toString(), data, entries);
        } catch (Throwable e) {
            data.close();
            throw e;
        }
    }

    private static byte[] bytes(Path index) throws IOException {
        try (ByteSource source = ByteSource.open(index)) {
            if (source.size() > MOST_INDEX_BYTES) {
                throw new BadFileException(
                        index.toString(),
                        "has " + source.size() + " bytes; an index of more than " + MOST_INDEX_BYTES + " is not read");
            }
            var bytes = ByteBuffer.allocate((int) source.size());
            source.read(0, bytes);
            return bytes.array();
        }
    }

    /** The message BundleHeaderProto: how many data files there are, and the order of their bytes. */
    private static void requireOneShard(BinaryReader header) {
        long shards = 0;
        for (Field field = header.field(); field != null; field = header.field()) {
            if (field.number() == 1) {
                shards = header.number(field);
            }
            if (field.number() == 2 && header.number(field) != 0) {
                throw header.bad("says that bytes have the order " + field.value() + "; supported: 0, little-endian");
            }
        }
        if (shards != 1) {
            throw header.bad("says that there are " + shards + " data files; supported: 1");
        }
    }

    /** Neither overlaps nor holes nor bytes after the last tensor, as TensorFlow writes it: so the files fit each other. */
    private static void requireContiguous(String index, List<BundleEntry> tensors, long dataBytes) {
        long end = 0;
        for (BundleEntry entry : tensors.stream()
                .sorted(Comparator.comparingLong(BundleEntry::offset))
                .toList()) {
            if (entry.offset() != end) {
                throw new BadFileException(
                        index,
                        "tensor " + entry.name() + ": begins at byte " + entry.offset() + " of the data, "
                                + (entry.offset() < end
                                        ? "inside the tensor before it, which ends at "
                                        : "after a hole from ")
                                + end);
            }
            if (entry.size() > dataBytes - end) {
                throw new BadFileException(
                        index,
                        "tensor " + entry.name() + ": has " + entry.size() + " bytes from byte " + end + " on, " + DATA
                                + " has only " + dataBytes + ": it is cut short or another one");
            }
            end += entry.size();
        }
        if (end != dataBytes) {
            throw new BadFileException(
                    index, "its tensors end at byte " + end + " of the data, " + DATA + " has " + dataBytes);
        }
    }

    /** Beside the names of their parts TensorFlow and PyTorch differ in what a layer's only table or last shift is called. */
    private static String ourName(String name) {
        String path = name.replaceFirst("_embeddings$", "_embeddings/weight")
                .replaceFirst("/output_bias$", "/bias")
                .replaceFirst(KERNEL + "$", "/weight");
        return path.replace("/layer_", "/layer.").replace('/', '.');
    }

    /** Whether we have the matrix the other way round. */
    private static boolean isTransposed(BundleEntry entry) {
        return entry.name().endsWith(KERNEL) && entry.shape().length == 2;
    }

    @Override
    public String description() {
        return file;
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(entries.keySet());
    }

    @Override
    public long[] shape(String name) {
        BundleEntry entry = find(name);
        return isTransposed(entry)
                ? new long[] {entry.shape()[1], entry.shape()[0]}
                : entry.shape().clone();
    }

    @Override
    public String type(String name) {
        find(name);
        return StoredFloat.F32.name();
    }

    @Override
    public void read(String name, MemorySegment destination) {
        BundleEntry entry = find(name);
        long elements = entry.size() / Float.BYTES;
        StoredFloat.requireSize(destination, elements, file, name);
        if (isTransposed(entry)) {
            int rows = (int) entry.shape()[0];
            int columns = (int) entry.shape()[1];
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment stored = Pages.allocate(arena, entry.size(), Float.BYTES);
                read(entry, stored);
                Transposition.copy(stored, columns, rows, columns, destination, rows);
            }
        } else {
            read(entry, destination);
        }
        StoredFloat.requireFinite(destination, 0, elements, file, entry.name());
    }

    /** The values as they are stored, if their checksum is right. */
    private void read(BundleEntry entry, MemorySegment floats) {
        var sum = new CRC32C();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(CHUNK_BYTES, Float.BYTES);
            ByteBuffer chunk = memory.asByteBuffer();
            for (long done = 0; done < entry.size(); done += chunk.limit()) {
                chunk.clear().limit((int) Math.min(CHUNK_BYTES, entry.size() - done));
                data.read(entry.offset() + done, chunk);
                sum.update(chunk.flip());
                StoredFloat.F32.decode(memory, chunk.limit() / Float.BYTES, floats, done / Float.BYTES);
            }
        } catch (EOFException e) {
            throw new BadFileException(
                    file, "tensor " + entry.name() + ": the file was cut short while it was open", e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": tensor " + entry.name() + ": " + e.getMessage(), e);
        }
        int computed = MaskedChecksum.of(sum);
        if (computed != entry.checksum()) {
            throw new BadFileException(
                    file,
                    "tensor " + entry.name() + ": has the checksum " + Integer.toHexString(computed)
                            + ", by the index it must be " + Integer.toHexString(entry.checksum())
                            + ": the file is damaged");
        }
    }

    @Override
    public void close() {
        try {
            data.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private BundleEntry find(String name) {
        BundleEntry entry = entries.get(name);
        if (entry == null) {
            throw new BadFileException(file, "has no tensor " + name);
        }
        return entry;
    }
}
