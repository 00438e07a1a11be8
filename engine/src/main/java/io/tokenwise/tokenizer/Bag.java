package io.tokenwise.tokenizer;

import io.tokenwise.io.JsonFile;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import tools.jackson.core.JsonParser;

/**
 * How a model reads a text whose tokens it only averages: without special ones around them.
 *
 * @param nothing the id of what a text without tokens is
 * @param cut tokens after which tokenizer.json itself cuts a text; the largest number if it does not
 * @param unknown the id that is left out; -1 for none
 * @param chars characters of a text's begin that are looked at; the largest number for all
 */
record Bag(int nothing, int cut, int unknown, int chars) {
    /** What tokenizer.json says of it. */
    private record Said(int cut, String unknown) {}

    /** As sentence-transformers reads texts (StaticEmbedding.preprocess at cad21198): it tells the tokenizers library to pad nothing, not to cut nothing. */
    static Bag whole(int nothing, String file, byte[] json) {
        return new Bag(nothing, said(file, json).cut, -1, Integer.MAX_VALUE);
    }

    /**
     * As model2vec reads them (StaticModel.tokenize in model2vec/model.py at c901407): without unknown tokens, where the tokenizer's model names one, as Unigram does not, and of the begin
     * as many characters as so many tokens of the middle length have.
     *
     * @param vocabulary all tokens, null where an id has none
     * @param tokens that are wanted
     */
    static Bag known(int nothing, String file, byte[] json, String[] vocabulary, int tokens) {
        Said said = said(file, json);
        int unknown = said.unknown.isEmpty() ? -1 : Arrays.asList(vocabulary).indexOf(said.unknown);
        return new Bag(nothing, said.cut, unknown, Math.multiplyExact(tokens, middleLength(vocabulary)));
    }

    private static Said said(String file, byte[] json) {
        JsonFile all = JsonFile.parse(
                file, json, "model", Map.of("vocab", JsonParser::skipChildren, "merges", JsonParser::skipChildren));
        int cut = Integer.MAX_VALUE;
        if (all.has("truncation")) {
            if (!all.root().get("truncation").isObject()) {
                throw all.refuse("truncation", "null, or an object with max_length");
            }
            var truncation = new JsonFile(file, all.root().get("truncation"));
            truncation.supports("direction", "Right");
            cut = truncation.integer("max_length", 1, Integer.MAX_VALUE);
        }
        var model = new JsonFile(file, all.root().path("model"));
        boolean names = !model.root().path("type").asString("").equals("Unigram") && model.has("unk_token");
        return new Said(cut, names ? model.root().path("unk_token").asString("") : "");
    }

    /** Of tokens in characters; of an even number of tokens the mean of the two in the middle, rounded down. */
    private static int middleLength(String... vocabulary) {
        int[] lengths = Arrays.stream(vocabulary)
                .filter(Objects::nonNull)
                .mapToInt(token -> token.codePointCount(0, token.length()))
                .sorted()
                .toArray();
        return (lengths[(lengths.length - 1) / 2] + lengths[lengths.length / 2]) / 2;
    }

    /** What of a text is looked at. */
    String begin(String text) {
        return text.length() <= chars || text.codePointCount(0, text.length()) <= chars
                ? text
                : text.substring(0, text.offsetByCodePoints(0, chars));
    }

    /** How many tokens must be found for so many that are wanted. */
    int sought(int wanted) {
        return unknown < 0 ? wanted : Integer.MAX_VALUE;
    }

    /** Tokens without those that are left out. */
    int[] without(int... ids) {
        return unknown < 0
                ? ids
                : Arrays.stream(ids).filter(id -> id != unknown).toArray();
    }

    /** The first of a text's tokens, or what it is without any. */
    int[] first(int[] ids, int most) {
        return ids.length == 0 ? new int[] {nothing} : Arrays.copyOf(ids, Math.min(ids.length, most));
    }
}
