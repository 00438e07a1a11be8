package io.tokenwise.server;

import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads the fields of a JSON request. What is null counts as absent; fields that nobody asks for are ignored, as clients send some.
 * Every method throws {@link ApiError} 400 that names the field if it is of another type.
 */
record Fields(ObjectNode json) {
    /** The field's value, or empty. */
    Optional<JsonNode> any(String name) {
        JsonNode node = json.get(name);
        return node == null || node.isNull() ? Optional.empty() : Optional.of(node);
    }

    /** A field that must be there. */
    JsonNode needed(String name) {
        return any(name).orElseThrow(() -> ApiError.field(name, name + " is missing"));
    }

    String neededText(String name) {
        return text(name, needed(name));
    }

    Optional<String> text(String name) {
        return any(name).map(node -> text(name, node));
    }

    /** One of some words. */
    Optional<String> word(String name, List<String> possible) {
        Optional<String> word = text(name);
        if (word.isPresent() && !possible.contains(word.get())) {
            throw ApiError.field(name, name + " must be " + String.join(" or ", possible) + ", is another word");
        }
        return word;
    }

    Optional<Integer> whole(String name) {
        return any(name).map(node -> {
            if (!node.isIntegralNumber() || !node.canConvertToInt()) {
                throw ApiError.field(name, name + " must be a whole number of at most 9 digits, is " + said(node));
            }
            return node.intValue();
        });
    }

    Optional<Boolean> flag(String name) {
        return any(name).map(node -> {
            if (!node.isBoolean()) {
                throw ApiError.field(name, name + " must be true or false, is " + Json.kind(node));
            }
            return node.booleanValue();
        });
    }

    /**
     * A value as text.
     *
     * @param name what to call it in messages
     */
    static String text(String name, JsonNode node) {
        if (!node.isString()) {
            throw ApiError.field(name, name + " must be a string, is " + Json.kind(node));
        }
        return paired(name, node.stringValue());
    }

    /** JSON's escapes can write half a character. */
    private static String paired(String name, String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                if (Character.isLowSurrogate(c)
                        || i + 1 == text.length()
                        || !Character.isLowSurrogate(text.charAt(i + 1))) {
                    throw ApiError.field(
                            name, name + " has half of a surrogate pair at place " + i + ": send whole characters");
                }
                i++;
            }
        }
        return text;
    }

    private static String said(JsonNode node) {
        return node.isNumber() ? "another number" : Json.kind(node);
    }
}
