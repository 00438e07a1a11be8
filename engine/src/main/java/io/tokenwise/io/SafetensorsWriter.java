package io.tokenwise.io;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Writes safetensors files byte for byte as Python's safetensors does: names sorted, the header padded to eight bytes. */
public final class SafetensorsWriter {
    private static final int CHUNK_FLOATS = 1 << 16;

    private static final ValueLayout.OfFloat STORED =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private SafetensorsWriter() {}

    /** What of a tensor goes into the file. */
    private record Entry(String name, String dtype, long[] shape, long bytes, AtomicFiles.Content content) {
        /** As Python sorts them: large elements first, so that all are aligned, then by name. */
        static final Comparator<Entry> ORDER = Comparator.comparing((Entry entry) -> !entry.dtype.equals("F32"))
                .thenComparing(Entry::name);
    }

    /**
     * Writes float32 tensors, atomically (see {@link AtomicFiles}).
     *
     * @param metadata free-form strings; Python's transformers wants {@code format} to be {@code pt}
     */
    public static void write(Path file, Map<String, TensorData> tensors, Map<String, String> metadata)
            throws IOException {
        write(file, tensors, metadata, StoredType.F32);
    }

    /** Writes tensors, matrices in the type that is asked for; see {@link #write(Path, Map, Map)}. */
    public static void write(Path file, Map<String, TensorData> tensors, Map<String, String> metadata, StoredType type)
            throws IOException {
        var entries = new ArrayList<Entry>();
        tensors.forEach((name, tensor) -> {
            if (type.bytes(tensor.shape())) {
                ScaledRows rows = ScaledRows.of(tensor);
                entries.add(bytes(name, tensor.shape(), rows));
                long[] shape = {rows.scales().length};
                entries.add(
                        floats(name + Safetensors.SCALE, new TensorData(shape, MemorySegment.ofArray(rows.scales()))));
            } else {
                entries.add(floats(name, tensor));
            }
        });
        entries.sort(Entry.ORDER);
        byte[] header = header(entries, metadata);
        AtomicFiles.write(file, out -> {
            out.write(header);
            for (Entry entry : entries) {
                entry.content.writeTo(out);
            }
        });
    }

    private static Entry floats(String name, TensorData tensor) {
        MemorySegment floats = tensor.floats();
        return new Entry(name, "F32", tensor.shape(), floats.byteSize(), out -> write(floats, out));
    }

    private static Entry bytes(String name, long[] shape, ScaledRows rows) {
        return new Entry(name, "I8", shape, shape[0] * shape[1], out -> write(rows, out));
    }

    /** The length and the JSON, padded with spaces so that the data begin at a multiple of eight bytes. */
    private static byte[] header(List<Entry> entries, Map<String, String> metadata) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        if (!metadata.isEmpty()) {
            ObjectNode object = root.putObject("__metadata__");
            new TreeMap<>(metadata).forEach(object::put);
        }
        long offset = 0;
        for (Entry entry : entries) {
            ObjectNode tensor = root.putObject(entry.name);
            tensor.put("dtype", entry.dtype);
            Arrays.stream(entry.shape).forEach(tensor.putArray("shape")::add);
            tensor.putArray("data_offsets").add(offset).add(offset + entry.bytes);
            offset += entry.bytes;
        }
        byte[] json = JsonMapper.shared().writeValueAsString(root).getBytes(StandardCharsets.UTF_8);
        int padded = (json.length + 7) / 8 * 8;
        byte[] header = new byte[8 + padded];
        Arrays.fill(header, (byte) ' ');
        ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).putLong(padded).put(json);
        return header;
    }

    private static void write(MemorySegment floats, OutputStream out) throws IOException {
        var chunk = new byte[4 * CHUNK_FLOATS];
        MemorySegment bytes = MemorySegment.ofArray(chunk);
        long count = floats.byteSize() / 4;
        for (long done = 0; done < count; done += CHUNK_FLOATS) {
            int size = (int) Math.min(CHUNK_FLOATS, count - done);
            MemorySegment.copy(floats, ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * done, bytes, STORED, 0, size);
            out.write(chunk, 0, 4 * size);
        }
    }

    private static void write(ScaledRows rows, OutputStream out) throws IOException {
        var chunk = new BufferedOutputStream(out, CHUNK_FLOATS);
        for (int row = 0; row < rows.scales().length; row++) {
            chunk.write(rows.row(row));
        }
        chunk.flush();
    }
}
