package io.tokenwise.server;

import io.tokenwise.tokenizer.Frame;
import io.tokenwise.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/**
 * The inputs of a request for vectors, in all forms that OpenAI's API knows: a string, an array of strings, an array of ids, an array of such arrays.
 *
 * @param ids of each text, special ones included
 * @param truncated texts that were longer than the model reads, and were cut
 */
record TextInputs(List<int[]> ids, int truncated) {
    /** Tokens of all texts, special ones included. */
    long tokens() {
        return ids.stream().mapToLong(text -> text.length).sum();
    }

    /** Whether a field is a list of inputs, though perhaps of one, and not one text or one array of ids. */
    static boolean isList(JsonNode node) {
        return node.isArray() && !node.isEmpty() && !node.get(0).isNumber();
    }

    /** Tokens of each text. */
    List<Integer> lengths() {
        return ids.stream().map(text -> text.length).toList();
    }

    /**
     * Reads a field.
     *
     * @param name of the field
     * @param prefix what to put before each text; ids are taken as they are
     * @param most texts of one request
     * @throws ApiError 400 if it has none of these forms, or too many or empty texts, or ids that the model does not know
     */
    static TextInputs read(String name, JsonNode node, String prefix, Tokenizer tokenizer, int most) {
        var reading = new Reading(name, prefix, tokenizer);
        if (!node.isArray()) {
            reading.text(name, node);
        } else if (node.isEmpty()) {
            throw ApiError.field(name, name + " is an empty array: give at least one text");
        } else if (node.get(0).isNumber()) {
            reading.ids(name, node);
        } else {
            if (node.size() > most) {
                throw ApiError.field(
                        name, name + " has " + node.size() + " texts: at most " + most + " in one request");
            }
            boolean texts = node.get(0).isString();
            for (int i = 0; i < node.size(); i++) {
                String one = name + "[" + i + "]";
                if (texts) {
                    reading.text(one, node.get(i));
                } else {
                    reading.ids(one, node.get(i));
                }
            }
        }
        return new TextInputs(reading.all, reading.truncated);
    }

    /** What has been read so far. */
    private static final class Reading {
        private final String name;
        private final String prefix;
        private final Tokenizer tokenizer;
        private final List<int[]> all = new ArrayList<>();
        private int truncated;

        Reading(String name, String prefix, Tokenizer tokenizer) {
            this.name = name;
            this.prefix = prefix;
            this.tokenizer = tokenizer;
        }

        void text(String one, JsonNode node) {
            if (!node.isString()) {
                throw ApiError.field(
                        one,
                        one + " is " + Json.kind(node) + ": " + name
                                + " must be a string, an array of strings, of token ids, or of arrays of token ids");
            }
            String text = Fields.text(one, node);
            if (text.isEmpty()) {
                throw ApiError.field(one, one + " is an empty string: give a text");
            }
            Tokenizer.Encoded encoded = tokenizer.encode(prefix + text);
            if (encoded.ids().length == 0) {
                throw ApiError.field(one, one + " has no token: give a text with a word");
            }
            all.add(encoded.ids());
            truncated += encoded.truncated() ? 1 : 0;
        }

        /** Ids of a text without special ones, as OpenAI's clients know no others, or with them, as {@code /tokenize} gives them. */
        void ids(String one, JsonNode node) {
            if (!node.isArray()) {
                throw ApiError.field(one, one + " must be an array of token ids, is " + Json.kind(node));
            }
            if (node.isEmpty()) {
                throw ApiError.field(one, one + " is an empty array: give at least one token id");
            }
            int count = node.size();
            Frame frame = tokenizer.frame();
            boolean whole = count >= frame.marks()
                    && has(node, 0, frame.before())
                    && has(node, count - frame.after().length, frame.after());
            int most = tokenizer.maxTokens() - (whole ? 0 : frame.marks());
            if (count > most) {
                throw ApiError.field(one, one + " has " + count + " token ids: the model reads " + most + " at most");
            }
            var ids = new int[count];
            for (int i = 0; i < count; i++) {
                ids[i] = id(one + "[" + i + "]", node.get(i));
            }
            all.add(whole ? ids : tokenizer.surrounded(ids));
        }

        private static boolean has(JsonNode node, int from, int... marks) {
            return IntStream.range(0, marks.length)
                    .allMatch(i -> node.get(from + i).intValue(-1) == marks[i]);
        }

        private int id(String one, JsonNode node) {
            if (!node.isInt() || !tokenizer.has(node.intValue())) {
                throw ApiError.field(
                        one,
                        one + " must be a token id of this model, a whole number from 0 to "
                                + (tokenizer.vocabularySize() - 1) + ", is "
                                + (node.isInt() ? node : Json.kind(node)));
            }
            return node.intValue();
        }
    }
}
