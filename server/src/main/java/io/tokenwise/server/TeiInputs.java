package io.tokenwise.server;

import io.tokenwise.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import tools.jackson.databind.JsonNode;

/**
 * The field {@code inputs} as text-embeddings-inference knows it: a text or an array of token ids, or an array of such; ids are read as they are, the special ones
 * included.
 *
 * @param batch whether it was a list, though perhaps of one
 * @param characters of the texts, and how many ids
 */
record TeiInputs(TextInputs texts, boolean batch, int characters) {
    private static final String INPUTS = "inputs";

    /** Inputs of one request. */
    static final int MOST = 32;

    /**
     * What becomes of texts that are longer than the model reads.
     *
     * @param allowed else they are errors
     * @param left whether their beginning is left out, not their end
     */
    record Cut(boolean allowed, boolean left) {}

    /**
     * Reads the field.
     *
     * @param names what messages call each of a list
     * @param prefix what to put before each text
     * @throws ApiError 400 if it is empty, 422 if it has another form, too many inputs, unknown ids, or a text that is too long and may not be cut
     */
    static TeiInputs read(JsonNode inputs, IntFunction<String> names, Tokenizer tokenizer, String prefix, Cut cut) {
        var reading = new Reading(tokenizer, prefix, cut);
        boolean batch = TextInputs.isList(inputs);
        if (!batch) {
            reading.input(INPUTS, inputs);
        } else {
            checkSize(inputs.size());
            for (int i = 0; i < inputs.size(); i++) {
                reading.input(names.apply(i), inputs.get(i));
            }
        }
        return new TeiInputs(new TextInputs(reading.ids, reading.truncated), batch, reading.characters);
    }

    /** What messages call one of the field's list. */
    static String name(int place) {
        return place(INPUTS, place);
    }

    /** What messages call one of a list. */
    static String place(String list, int place) {
        return list + "[" + place + "]";
    }

    static void checkSize(int inputs) {
        if (inputs > MOST) {
            throw ApiError.of(422, "batch size " + inputs + " > maximum allowed batch size " + MOST)
                    .withCode(Observation.BATCH_SIZE);
        }
    }

    static ApiError empty(String field) {
        return ApiError.of(400, "Input validation error: `" + field + "` cannot be empty")
                .withCode(TeiErrors.EMPTY);
    }

    static ApiError wrong(String message) {
        return ApiError.of(422, "Input validation error: " + message).withCode(Observation.TOKENIZATION);
    }

    /**
     * Token ids of the tokenizer's vocabulary.
     *
     * @param field what to call them in messages
     */
    static int[] ids(String field, JsonNode array, Tokenizer tokenizer) {
        if (array.isEmpty()) {
            throw empty(field);
        }
        var ids = new int[array.size()];
        for (int i = 0; i < ids.length; i++) {
            JsonNode id = array.get(i);
            if (!id.isInt() || !tokenizer.has(id.intValue())) {
                throw wrong("`" + place(field, i) + "` must be a token id of this model, a whole number from 0 to "
                        + (tokenizer.vocabularySize() - 1) + ", is " + (id.isInt() ? id : Json.kind(id)));
            }
            ids[i] = id.intValue();
        }
        return ids;
    }

    /** What has been read so far. */
    private static final class Reading {
        private final Tokenizer tokenizer;
        private final String prefix;
        private final Cut cut;
        private final List<int[]> ids = new ArrayList<>();
        private int truncated;
        private int characters;

        Reading(Tokenizer tokenizer, String prefix, Cut cut) {
            this.tokenizer = tokenizer;
            this.prefix = prefix;
            this.cut = cut;
        }

        void input(String name, JsonNode input) {
            if (input.isString()) {
                text(name, Fields.text(name, input));
            } else if (input.isArray()) {
                int[] all = TeiInputs.ids(name, input, tokenizer);
                characters += all.length;
                add(name, all);
            } else {
                throw ApiError.field(
                        name,
                        name + " is " + Json.kind(input)
                                + ": inputs must be a string, an array of token ids, or an array of such");
            }
        }

        private void text(String name, String text) {
            if (text.isEmpty()) {
                throw empty(name);
            }
            characters += text.codePointCount(0, text.length());
            Tokenizer.Encoded encoded = tokenizer.encode(prefix + text);
            if (encoded.ids().length == 0) {
                throw wrong("`" + name + "` has a text without a token");
            }
            if (encoded.truncated() && (cut.left() || !cut.allowed())) {
                add(name, tokenizer.surrounded(tokenizer.encodeAll(prefix + text)));
            } else {
                // What is cut at the end need not be read to it: a text may have megabytes.
                truncated += encoded.truncated() ? 1 : 0;
                ids.add(encoded.ids());
            }
        }

        /** Of what is cut the special ones at both ends stay. */
        private void add(String name, int[] all) {
            int most = tokenizer.maxTokens();
            if (all.length <= most) {
                ids.add(all);
                return;
            }
            if (!cut.allowed()) {
                throw wrong("`" + name + "` must have less than " + most + " tokens. Given: " + all.length);
            }
            truncated++;
            int from = cut.left() ? all.length - most : 0;
            int[] kept = Arrays.copyOfRange(all, from, from + most);
            int before = tokenizer.frame().before().length;
            int after = tokenizer.frame().after().length;
            System.arraycopy(all, 0, kept, 0, before);
            System.arraycopy(all, all.length - after, kept, most - after, after);
            ids.add(kept);
        }
    }
}
