package io.tokenwise.fuzz.seeds;

import io.tokenwise.io.SafetensorsWriter;
import io.tokenwise.io.StoredType;
import io.tokenwise.io.TensorData;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Files of tensors. */
final class TensorSeeds {
    private TensorSeeds() {}

    static void write(SeedFolder single, SeedFolder sharded) throws IOException {
        single.file("f32", written(StoredType.F32));
        single.file("s8", written(StoredType.S8));
        single.file("halves", halves());
        byte[] other = safetensors("{\"c\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[0,6]}}", 6);
        sharded.folder(
                "two",
                Map.of(
                        "model.safetensors.index.json",
                        bytes("{\"metadata\":{\"total_size\":542},\"weight_map\":{\"a\":\"model-1.safetensors\","
                                + "\"b\":\"model-1.safetensors\",\"c\":\"model-2.safetensors\"}}"),
                        "model-1.safetensors",
                        written(StoredType.F32),
                        "model-2.safetensors",
                        other));
    }

    private static byte[] written(StoredType type) throws IOException {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        tensors.put("a", tensor(66, 2));
        tensors.put("b", tensor(2));
        Path file = Files.createTempFile("tokenwise-seed-", ".safetensors");
        try {
            SafetensorsWriter.write(file, tensors, Map.of("format", "pt"), type);
            return Files.readAllBytes(file);
        } finally {
            Files.delete(file);
        }
    }

    private static TensorData tensor(long... shape) {
        long size = 1;
        for (long side : shape) {
            size *= side;
        }
        var values = new float[(int) size];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.sin(i);
        }
        return new TensorData(shape, MemorySegment.ofArray(values));
    }

    private static byte[] halves() {
        return safetensors(
                "{\"h\":{\"dtype\":\"F16\",\"shape\":[2,3],\"data_offsets\":[0,12]},"
                        + "\"i\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[12,20]}}",
                20);
    }

    /** With zeros for data. */
    private static byte[] safetensors(String header, int dataBytes) {
        byte[] text = bytes(header);
        return ByteBuffer.allocate(8 + text.length + dataBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.length)
                .put(text)
                .array();
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
