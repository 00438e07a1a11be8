package io.tokenwise.server;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** JSON that strangers send, and that they get. */
final class Json {
    /** Brackets in brackets: our requests have four. */
    private static final int MOST_DEPTH = 32;

    /** Values and brackets of a document: 2,048 texts of 256 ids are half of it. A node takes some 40 bytes, so that a body of 2 MB cannot take more than 40. */
    private static final long MOST_TOKENS = 1_000_000;

    /** Digits of a number: none of our fields needs 20. */
    private static final int MOST_DIGITS = 100;

    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MOST_DEPTH)
                            .maxTokenCount(MOST_TOKENS)
                            .maxNumberLength(MOST_DIGITS)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private Json() {}

    static byte[] bytes(Object value) {
        return MAPPER.writeValueAsBytes(value);
    }

    /** What is written value by value. */
    static byte[] written(Consumer<JsonGenerator> writer) {
        var bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = MAPPER.createGenerator(bytes)) {
            writer.accept(json);
        }
        return bytes.toByteArray();
    }

    /**
     * Reads an object.
     *
     * @throws ApiError 400 if it is not one, in strict JSON and UTF-8, without duplicate keys
     */
    static ObjectNode object(byte[] bytes) {
        String text;
        try {
            // Jackson would let surrogates and overlong forms through.
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw ApiError.of(400, "the body is not UTF-8");
        }
        if (text.isBlank()) {
            throw ApiError.of(400, "the body is empty: send a JSON object");
        }
        JsonNode node;
        try {
            node = MAPPER.readTree(text);
        } catch (StreamConstraintsException e) {
            throw ApiError.of(
                    400,
                    "the body is JSON beyond the limits: at most " + MOST_DEPTH + " levels, " + MOST_TOKENS
                            + " values and " + MOST_DIGITS + " digits a number");
        } catch (JacksonException e) {
            throw ApiError.of(400, "the body is no JSON: " + where(e));
        }
        if (node instanceof ObjectNode object) {
            return object;
        }
        throw ApiError.of(400, "the body must be a JSON object, is " + kind(node));
    }

    /** Jackson's own words would quote the body. */
    private static String where(JacksonException e) {
        boolean twice = e.getOriginalMessage().startsWith("Duplicate");
        var location = e.getLocation();
        return (twice ? "a name twice in one object" : "a mistake") + " at line " + location.getLineNr() + ", column "
                + location.getColumnNr();
    }

    /** What a value is, for messages. */
    static String kind(JsonNode node) {
        return switch (node.getNodeType()) {
            case ARRAY -> "an array";
            case BOOLEAN -> "a boolean";
            case NULL -> "null";
            case NUMBER -> "a number";
            case OBJECT -> "an object";
            case STRING -> "a string";
            case BINARY, MISSING, POJO -> "nothing";
        };
    }
}
