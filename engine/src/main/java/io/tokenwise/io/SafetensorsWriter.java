package io.tokenwise.io;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Writes safetensors files byte for byte as Python's safetensors does: names sorted, the header padded to eight bytes. */
public final class SafetensorsWriter {
    private static final int CHUNK_FLOATS = 1 << 16;

    private SafetensorsWriter() {}

    /**
     * Writes float32 tensors, atomically (see {@link AtomicFiles}).
     *
     * @param metadata free-form strings; Python's transformers wants {@code format} to be {@code pt}
     */
    public static void write(Path file, Map<String, TensorData> tensors, Map<String, String> metadata)
            throws IOException {
        TreeMap<String, TensorData> sorted = new TreeMap<>(tensors);
        byte[] header = header(sorted, metadata);
        AtomicFiles.write(file, out -> {
            out.write(header);
            for (TensorData tensor : sorted.values()) {
                write(tensor.floats(), out);
            }
        });
    }

    /** The length and the JSON, padded with spaces so that the data begin at a multiple of eight bytes. */
    private static byte[] header(TreeMap<String, TensorData> tensors, Map<String, String> metadata) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        if (!metadata.isEmpty()) {
            ObjectNode object = root.putObject("__metadata__");
            new TreeMap<>(metadata).forEach(object::put);
        }
        long offset = 0;
        for (Map.Entry<String, TensorData> entry : tensors.entrySet()) {
            ObjectNode tensor = root.putObject(entry.getKey());
            tensor.put("dtype", "F32");
            Arrays.stream(entry.getValue().shape()).forEach(tensor.putArray("shape")::add);
            long end = offset + entry.getValue().floats().byteSize();
            tensor.putArray("data_offsets").add(offset).add(end);
            offset = end;
        }
        byte[] json = JsonMapper.shared().writeValueAsString(root).getBytes(StandardCharsets.UTF_8);
        int padded = (json.length + 7) / 8 * 8;
        byte[] header = new byte[8 + padded];
        Arrays.fill(header, (byte) ' ');
        ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).putLong(padded).put(json);
        return header;
    }

    private static void write(MemorySegment floats, OutputStream out) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocate(4 * CHUNK_FLOATS).order(ByteOrder.LITTLE_ENDIAN);
        long count = floats.byteSize() / 4;
        for (long done = 0; done < count; done += CHUNK_FLOATS) {
            int size = (int) Math.min(CHUNK_FLOATS, count - done);
            for (int i = 0; i < size; i++) {
                chunk.putFloat(4 * i, floats.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * (done + i)));
            }
            out.write(chunk.array(), 0, 4 * size);
        }
    }
}
