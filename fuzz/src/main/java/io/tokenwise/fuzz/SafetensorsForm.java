package io.tokenwise.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A length, a header in JSON, tensors: the header is changed with its length right, or shapes and types with all offsets right. */
final class SafetensorsForm implements Form {
    private static final int LENGTH_BYTES = 8;
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final Map<String, Integer> TYPES = Map.of(
            "F32", 4, "F16", 2, "BF16", 2, "F64", 8, "I8", 1, "U8", 1, "I64", 8, "F8_E4M3", 1, "BOOL", 1, "I32", 4);

    /** In an order of their own: a map's is another one in each JVM. */
    private static final List<String> TYPE_NAMES =
            TYPES.keySet().stream().sorted().toList();

    private final Form json = new JsonForm("");

    @Override
    public boolean fits(String file) {
        return file.endsWith(".safetensors");
    }

    @Override
    public byte[] changed(byte[] bytes, byte[] other, SplittableRandom random) {
        byte[] header = header(bytes);
        if (header == null) {
            return bytes;
        }
        byte[] data = Arrays.copyOfRange(bytes, LENGTH_BYTES + header.length, bytes.length);
        byte[] theirs = header(other) == null ? header : header(other);
        return switch (random.nextInt(8)) {
            case 0, 1, 2 -> file(json.changed(header, theirs, random), data);
            case 3 -> file(BytesForm.ANY.changed(header, theirs, random), data);
            case 4 -> file(header, BytesForm.ANY.changed(data, data, random));
            case 5 -> {
                byte[] wrong = bytes.clone();
                ByteBuffer.wrap(wrong)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(
                                0, header.length + (random.nextBoolean() ? random.nextInt(-9, 10) : random.nextLong()));
                yield wrong;
            }
            default -> laidOut(header, data, random);
        };
    }

    private static byte[] header(byte[] bytes) {
        if (bytes.length < LENGTH_BYTES) {
            return null;
        }
        long length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        return length < 2 || length > bytes.length - LENGTH_BYTES
                ? null
                : Arrays.copyOfRange(bytes, LENGTH_BYTES, LENGTH_BYTES + (int) length);
    }

    private static byte[] file(byte[] header, byte[] data) {
        return ByteBuffer.allocate(LENGTH_BYTES + header.length + data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header)
                .put(data)
                .array();
    }

    /** Another shape or type of a tensor, and all tensors one behind the other again. */
    private static byte[] laidOut(byte[] header, byte[] data, SplittableRandom random) {
        ObjectNode root;
        try {
            if (!(MAPPER.readTree(header) instanceof ObjectNode object)) {
                return file(header, data);
            }
            root = object;
        } catch (JacksonException e) {
            return file(header, data);
        }
        List<JsonNode> tensors = root.values().stream()
                .filter(node -> node.path("shape").isArray()
                        && TYPES.containsKey(node.path("dtype").asString("")))
                .toList();
        if (tensors.isEmpty()) {
            return file(header, data);
        }
        change((ObjectNode) tensors.get(random.nextInt(tensors.size())), random);
        long at = 0;
        for (JsonNode tensor : tensors) {
            long size = TYPES.get(tensor.get("dtype").stringValue());
            for (JsonNode side : tensor.get("shape")) {
                size *= side.asLong(1);
            }
            ((ObjectNode) tensor).putArray("data_offsets").add(at).add(at + size);
            at += size;
        }
        byte[] resized = at < 0 || at > Mutator.MOST_BYTES ? data : Arrays.copyOf(data, (int) at);
        return file(root.toString().getBytes(StandardCharsets.UTF_8), resized);
    }

    private static void change(ObjectNode tensor, SplittableRandom random) {
        ArrayNode shape = (ArrayNode) tensor.get("shape");
        switch (random.nextInt(5)) {
            case 0 -> tensor.put("dtype", TYPE_NAMES.get(random.nextInt(TYPE_NAMES.size())));
            case 1 -> shape.insert(random.nextInt(shape.size() + 1), 1);
            case 2 -> shape.insert(random.nextInt(shape.size() + 1), 0);
            case 3 -> {
                if (!shape.isEmpty()) {
                    shape.remove(random.nextInt(shape.size()));
                }
            }
            default -> {
                if (!shape.isEmpty()) {
                    shape.set(random.nextInt(shape.size()), random.nextInt(20));
                }
            }
        }
    }
}
