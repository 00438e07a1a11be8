package io.tokenwise.io;

import io.tokenwise.api.BadFileException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonFactoryBuilder;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A JSON object from outside, read strictly: UTF-8 only, no key twice, limited in size and depth. The accessors check a
 * field's type and range and name file and field when they refuse it.
 */
public record JsonFile(String file, JsonNode root) {
    /** Deeper than any file that we read (a tokenizer.json has 8 levels). */
    private static final int MAX_DEPTH = 64;

    /** A tokenizer.json takes 0.7 MB, the header of a BERT's safetensors 0.03 MB; a parsed tree costs some 20 times as much. */
    public static final int MAX_BYTES = 16 << 20;

    /** Gemma's tokenizer.json has 33 MB, the largest that is published; it is read as a stream. */
    public static final int MAX_STREAMED_BYTES = 64 << 20;

    /** Braces, names and values that become a tree: of those that three bytes make each takes some 50. The header of the largest model that is read has 10,000. */
    private static final int MAX_TOKENS = 1_000_000;

    private static final JsonMapper MAPPER = JsonMapper.builder(factory(MAX_TOKENS)
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .build();

    /** Keeps no table of names: that of a tokenizer.json has hundreds of thousands, each once. */
    private static final JsonMapper STREAMING_MAPPER = JsonMapper.builder(factory(Long.MAX_VALUE)
                    .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .build();

    private static JsonFactoryBuilder factory(long mostTokens) {
        return JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(MAX_DEPTH)
                        .maxTokenCount(mostTokens)
                        .build());
    }

    /** Parses an array of objects. */
    public static List<JsonFile> parseArray(String file, byte[] bytes) {
        JsonNode root = tree(file, bytes);
        if (!root.isArray() || !root.values().stream().allMatch(JsonNode::isObject)) {
            throw new BadFileException(file, "must hold a JSON array of objects");
        }
        return root.values().stream()
                .map(element -> new JsonFile(file, element))
                .toList();
    }

    /** Parses an object. */
    public static JsonFile parse(String file, byte[] bytes) {
        JsonNode root = tree(file, bytes);
        if (!root.isObject()) {
            throw new BadFileException(file, "must hold a JSON object");
        }
        return new JsonFile(file, root);
    }

    /**
     * Parses an object that is too large to be kept as a tree: some fields of one of its parts are handed over as they are read.
     *
     * @param part the field whose object has such fields
     * @param streamed who reads each of them, and refuses a key that it has twice; the parser is at the value's begin, and must be at its end afterwards
     * @return all other fields
     */
    public static JsonFile parse(String file, byte[] bytes, String part, Map<String, Consumer<JsonParser>> streamed) {
        try (JsonParser in = streaming(file, bytes)) {
            if (in.nextToken() != JsonToken.START_OBJECT) {
                throw new BadFileException(file, "must hold a JSON object");
            }
            ObjectNode inner = MAPPER.createObjectNode();
            var trees = new Trees(file, in);
            ObjectNode root = trees.fields(Map.of(
                    part,
                    at -> inner.set(
                            part,
                            at.currentToken() == JsonToken.START_OBJECT ? trees.fields(streamed) : trees.next())));
            if (in.nextToken() != null) {
                throw invalid(file, in.currentTokenLocation(), "there is more after the object", null);
            }
            return new JsonFile(file, root.setAll(inner));
        } catch (JacksonException e) {
            throw invalid(file, e);
        }
    }

    /**
     * Whether two objects that are too large to be kept as trees say the same, in the same order.
     *
     * @param without fields of the objects themselves that may differ, wherever they stand
     * @throws BadFileException if one of them, as far as it is read, is no JSON
     */
    public static boolean areSame(String file, byte[] bytes, String other, byte[] otherBytes, Set<String> without) {
        try (var one = new JsonSteps(file, streaming(file, bytes), without);
                var two = new JsonSteps(other, streaming(other, otherBytes), without)) {
            JsonSteps.Step step;
            do {
                step = one.next();
                if (!step.equals(two.next())) {
                    return false;
                }
            } while (step.token() != null);
            return true;
        }
    }

    /**
     * The same object, which is too large to be kept as a tree, with another value of a field.
     *
     * @throws BadFileException if it is no JSON object
     */
    public static byte[] replaced(String file, byte[] bytes, String field, JsonNode value) {
        var written = new ByteArrayOutputStream(bytes.length + 1024);
        try (JsonParser in = streaming(file, bytes);
                JsonGenerator out = MAPPER.createGenerator(written)) {
            if (in.nextToken() != JsonToken.START_OBJECT) {
                throw new BadFileException(file, "must hold a JSON object");
            }
            out.writeStartObject();
            while (in.nextToken() != JsonToken.END_OBJECT) {
                String name = in.currentName();
                in.nextToken();
                if (name.equals(field)) {
                    in.skipChildren();
                } else {
                    out.writeName(name);
                    out.copyCurrentStructure(in);
                }
            }
            out.writeName(field);
            out.writeTree(value);
            out.writeEndObject();
        } catch (JacksonException e) {
            throw invalid(file, e);
        }
        return written.toByteArray();
    }

    private static JsonParser streaming(String file, byte[] bytes) {
        requireSize(file, bytes, MAX_STREAMED_BYTES);
        return STREAMING_MAPPER.createParser(
                new InputStreamReader(new ByteArrayInputStream(bytes), StandardCharsets.UTF_8.newDecoder()));
    }

    /** What is not streamed of a file becomes trees, of {@link #MAX_TOKENS} together. */
    private static final class Trees {
        private final String file;
        private final JsonParser in;
        private int tokens;

        Trees(String file, JsonParser in) {
            this.file = file;
            this.in = in;
        }

        /** Hands some fields of an object over and returns the others. */
        ObjectNode fields(Map<String, Consumer<JsonParser>> readers) {
            ObjectNode rest = MAPPER.createObjectNode();
            var names = new HashSet<String>();
            while (in.nextToken() != JsonToken.END_OBJECT) {
                count();
                String name = in.currentName();
                if (!names.add(name)) {
                    throw invalid(file, in.currentTokenLocation(), "Duplicate field '" + name + "'", null);
                }
                in.nextToken();
                if (readers.containsKey(name)) {
                    readers.get(name).accept(in);
                } else {
                    rest.set(name, next());
                }
            }
            count();
            return rest;
        }

        /** The value where the parser is. */
        JsonNode next() {
            count();
            return switch (in.currentToken()) {
                case START_OBJECT -> fields(Map.of());
                case START_ARRAY -> {
                    ArrayNode array = MAPPER.createArrayNode();
                    while (in.nextToken() != JsonToken.END_ARRAY) {
                        array.add(next());
                    }
                    count();
                    yield array;
                }
                default -> in.readValueAsTree();
            };
        }

        private void count() {
            if (++tokens > MAX_TOKENS) {
                throw new BadFileException(file, "has more than " + MAX_TOKENS + " names and values beside its tokens");
            }
        }
    }

    /** The bytes of a file that must exist, as far as JSON is read. */
    public static byte[] bytes(Path path) throws IOException {
        if (!Files.isRegularFile(path)) {
            throw new BadFileException(path.toString(), Files.exists(path) ? "is not a file" : "no such file");
        }
        try (InputStream in = Files.newInputStream(path)) {
            return in.readNBytes(MAX_STREAMED_BYTES + 1);
        }
    }

    private static JsonNode tree(String file, byte[] bytes) {
        requireSize(file, bytes, MAX_BYTES);
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            return MAPPER.readTree(text);
        } catch (CharacterCodingException e) {
            throw new BadFileException(file, "is not UTF-8", e);
        } catch (JacksonException e) {
            throw invalid(file, e);
        }
    }

    private static void requireSize(String file, byte[] bytes, int most) {
        LfsPointer.refuse(file, bytes);
        if (bytes.length > most) {
            throw new BadFileException(file, "JSON of more than " + most + " bytes is not read");
        }
    }

    static BadFileException invalid(String file, JacksonException e) {
        if (e.getCause() instanceof CharacterCodingException) {
            return new BadFileException(file, "is not UTF-8", e);
        }
        String reason = e.getOriginalMessage().lines().findFirst().orElse("");
        // Where what is not closed begins Jackson does not know of a text.
        return invalid(file, e.getLocation(), reason.replaceFirst(" \\(start marker at \\[.*?]\\)", ""), e);
    }

    /** The place comes first: names in the reason may be so long that the message ends in one. */
    private static BadFileException invalid(
            String file, TokenStreamLocation place, String reason, JacksonException cause) {
        boolean known = place != null && place.getLineNr() > 0;
        String at = known ? " at line " + place.getLineNr() + ", column " + place.getColumnNr() : "";
        return new BadFileException(file, "is not valid JSON" + at + ": " + reason, cause);
    }

    /** JSON text of a tree, indented, with a final newline. */
    public static byte[] format(JsonNode tree) {
        return (tree.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8);
    }

    public boolean has(String field) {
        return root.has(field) && !root.get(field).isNull();
    }

    public int integer(String field, int least, int most) {
        JsonNode value = root.path(field);
        if (!value.isIntegralNumber()
                || !value.canConvertToInt()
                || value.intValue() < least
                || value.intValue() > most) {
            throw refuse(field, "an integer from " + least + " to " + most);
        }
        return value.intValue();
    }

    public int integer(String field, int least, int most, int absent) {
        return has(field) ? integer(field, least, most) : absent;
    }

    public double number(String field, double least, double most) {
        JsonNode value = root.path(field);
        if (!value.isNumber() || !(value.doubleValue() >= least && value.doubleValue() <= most)) {
            throw refuse(field, "a number from " + least + " to " + most);
        }
        return value.doubleValue();
    }

    public boolean flag(String field, boolean absent) {
        if (has(field) && !root.get(field).isBoolean()) {
            throw refuse(field, "true or false");
        }
        return has(field) ? root.get(field).booleanValue() : absent;
    }

    /** Refuses a field unless it is absent or one of the supported strings. */
    public void supports(String field, String... supported) {
        boolean known = !has(field)
                || root.get(field).isString()
                        && Arrays.asList(supported).contains(root.get(field).stringValue());
        if (!known) {
            throw refuse(field, String.join(" or ", supported));
        }
    }

    public BadFileException refuse(String field, String supported) {
        String value = has(field) ? root.get(field).toString() : "missing";
        String shown = value.length() > 60 ? value.substring(0, 60) + "..." : value;
        return new BadFileException(file, field + " is " + shown + "; supported: " + supported);
    }
}
