package io.tokenwise.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** JSON: values of other types, keys that are dropped, renamed, nested, or there twice, numbers without end, depth. */
final class JsonForm implements Form {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final JsonNodeFactory MAKE = JsonNodeFactory.instance;

    /** Raw, because some of it no tree can hold. */
    private static final List<String> VALUES = List.of(
            "null",
            "true",
            "false",
            "0",
            "1",
            "-1",
            "2",
            "3",
            "7",
            "64",
            "65536",
            "0.5",
            "-0.0",
            "1e-300",
            "1e300",
            "1e99999",
            "2147483647",
            "2147483648",
            "-2147483649",
            "9223372036854775807",
            "9223372036854775808",
            "123456789012345678901234567890123456789012345678901234567890",
            "\"\"",
            "\"0\"",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "\"\\ufeff\"",
            "\"a\\nb\"",
            "\"../../x\"",
            "\"/\"",
            "\"(a+)+$\"",
            "[]",
            "{}",
            "[[]]",
            "[{}]",
            "[0]",
            "[\"\"]",
            "[null]",
            "{\"\":null}",
            "{\"type\":null}");

    /** Where raw text will stand; no file has this by itself. */
    private static final String MARK = "@raw@";

    private final String ending;

    /** @param ending of the names of such files */
    JsonForm(String ending) {
        this.ending = ending;
    }

    @Override
    public boolean fits(String file) {
        return file.endsWith(ending);
    }

    @Override
    public byte[] changed(byte[] bytes, byte[] other, SplittableRandom random) {
        JsonNode root = tree(bytes);
        if (root == null || !root.isContainer()) {
            return bytes;
        }
        String raw = changed(root, tree(other), random);
        String text = root.toString();
        return (raw == null ? text : text.replace('"' + MARK + '"', raw)).getBytes(StandardCharsets.UTF_8);
    }

    private static JsonNode tree(byte[] bytes) {
        try {
            return MAPPER.readTree(bytes);
        } catch (JacksonException e) {
            return null;
        }
    }

    /** Changes a tree; returns what to write where {@link #MARK} stands then, or null. */
    private static String changed(JsonNode root, JsonNode other, SplittableRandom random) {
        JsonNode parent = place(root, random);
        switch (random.nextInt(11)) {
            case 0, 1, 2 -> {
                replace(parent, random, MAKE.stringNode(MARK));
                return VALUES.get(random.nextInt(VALUES.size()));
            }
            case 3 -> remove(parent, random);
            case 4 -> rename(parent, random);
            case 5 -> {
                int depth = random.nextInt(8) == 0 ? 2_000 : 1 + random.nextInt(80);
                boolean array = random.nextBoolean();
                replace(parent, random, MAKE.stringNode(MARK));
                return (array ? "[" : "{\"a\":").repeat(depth) + "0" + (array ? "]" : "}").repeat(depth);
            }
            case 6 -> replace(parent, random, child(place(root, random), random));
            case 7 ->
                replace(
                        parent,
                        random,
                        other == null || !other.isContainer() ? MAKE.nullNode() : child(place(other, random), random));
            case 8 -> {
                return doubled(parent, random);
            }
            case 9 -> repeat(parent, random);
            default -> nudge(parent, random);
        }
        return null;
    }

    /** One of all objects and arrays that are not empty, or the root. */
    private static JsonNode place(JsonNode root, SplittableRandom random) {
        var places = new ArrayList<JsonNode>();
        collect(root, places);
        return places.isEmpty() ? root : places.get(random.nextInt(places.size()));
    }

    private static void collect(JsonNode node, List<JsonNode> places) {
        if (node.isContainer() && !node.isEmpty() && places.size() < 1_000) {
            places.add(node);
            node.values().forEach(child -> collect(child, places));
        }
    }

    private static String key(JsonNode object, SplittableRandom random) {
        List<String> keys = List.copyOf(object.propertyNames());
        return keys.get(random.nextInt(keys.size()));
    }

    private static JsonNode child(JsonNode parent, SplittableRandom random) {
        if (parent.isEmpty()) {
            return MAKE.nullNode();
        }
        JsonNode child =
                parent.isObject() ? parent.get(key(parent, random)) : parent.get(random.nextInt(parent.size()));
        return child.deepCopy();
    }

    private static void replace(JsonNode parent, SplittableRandom random, JsonNode by) {
        if (parent.isEmpty()) {
            return;
        }
        if (parent instanceof ObjectNode object) {
            object.set(key(object, random), by);
        } else {
            ((ArrayNode) parent).set(random.nextInt(parent.size()), by);
        }
    }

    private static void remove(JsonNode parent, SplittableRandom random) {
        if (parent.isEmpty()) {
            return;
        }
        if (parent instanceof ObjectNode object) {
            object.remove(key(object, random));
        } else {
            ((ArrayNode) parent).remove(random.nextInt(parent.size()));
        }
    }

    private static void rename(JsonNode parent, SplittableRandom random) {
        if (parent instanceof ObjectNode object && !object.isEmpty()) {
            String key = key(object, random);
            JsonNode value = object.remove(key);
            object.set(random.nextBoolean() || object.isEmpty() ? key + "x" : key(object, random), value);
        } else {
            remove(parent, random);
        }
    }

    /** A key twice, which no tree can hold. */
    private static String doubled(JsonNode parent, SplittableRandom random) {
        if (parent instanceof ObjectNode object && !object.isEmpty()) {
            Map.Entry<String, JsonNode> property = Map.entry(key(object, random), MAKE.nullNode());
            String value = object.get(property.getKey()).toString();
            object.set(property.getKey(), MAKE.stringNode(MARK));
            return value + "," + MAKE.stringNode(property.getKey()) + ":" + value;
        }
        return null;
    }

    private static void repeat(JsonNode parent, SplittableRandom random) {
        if (parent instanceof ArrayNode array && !array.isEmpty()) {
            JsonNode one = array.get(random.nextInt(array.size()));
            int times = 1 + random.nextInt(random.nextInt(8) == 0 ? 1_000 : 8);
            for (int i = 0; i < times; i++) {
                array.add(one.deepCopy());
            }
        } else if (parent instanceof ObjectNode object && !object.isEmpty()) {
            JsonNode one = child(object, random);
            for (int i = 0; i < 1 + random.nextInt(8); i++) {
                object.set("k" + random.nextInt(100), one);
            }
        }
    }

    /** A number a little off, a text a little longer. */
    private static void nudge(JsonNode parent, SplittableRandom random) {
        if (parent.isEmpty()) {
            return;
        }
        JsonNode child = child(parent, random);
        JsonNode changed;
        if (child.isIntegralNumber() && child.canConvertToLong()) {
            long value = child.longValue();
            changed = MAKE.numberNode(
                    random.nextBoolean() ? value + random.nextInt(-2, 3) : value * random.nextInt(-2, 4));
        } else if (child.isString()) {
            String text = child.stringValue();
            int at = random.nextInt(text.length() + 1);
            changed = MAKE.stringNode(text.substring(0, at) + (char) random.nextInt(0x2_00) + text.substring(at));
        } else {
            changed = MAKE.booleanNode(random.nextBoolean());
        }
        replace(parent, random, changed);
    }
}
