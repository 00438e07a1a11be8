package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * What a BERT's tokenizer.json says, checked: only the parts that make up such a tokenizer are let through.
 *
 * @param vocabulary all tokens, indexed by id
 * @param words how many of them, from the first on, words are cut into; the others are added tokens
 * @param added tokens that are found in a text as they stand, and their ids
 * @param unknown id of words that cannot be cut into tokens
 * @param before id of the token before a text
 * @param after id of the token after a text
 * @param prefix what pieces begin with that continue a word
 * @param longestWord characters of the longest word that is cut; longer ones are unknown
 * @param cleanText whether control characters are removed
 * @param splitChinese whether each ideograph is a word
 */
record TokenizerJson(
        String[] vocabulary,
        int words,
        Map<String, Integer> added,
        int unknown,
        int before,
        int after,
        String prefix,
        int longestWord,
        boolean cleanText,
        boolean splitChinese,
        boolean stripAccents,
        boolean lowercase) {
    /** As long as a word that is worth looking at; it bounds the time that a text takes. */
    private static final int MOST_CHARACTERS = 10_000;

    static TokenizerJson read(JsonFile json) {
        requireType(json, "model", "WordPiece");
        requireType(json, "normalizer", "BertNormalizer");
        requireType(json, "pre_tokenizer", "BertPreTokenizer");
        requireType(json, "post_processor", "TemplateProcessing", "BertProcessing");
        if (json.has("decoder")) {
            requireType(json, "decoder", "WordPiece");
        }
        String[] vocabulary = vocabulary(json);
        int[] frame = frame(json, vocabulary.length);
        JsonFile model = new JsonFile(json.file(), json.root().get("model"));
        JsonFile normalizer = new JsonFile(json.file(), json.root().get("normalizer"));
        boolean lowercase = normalizer.flag("lowercase", true);
        JsonNode words = model.root().get("vocab");
        return new TokenizerJson(
                vocabulary,
                words.size(),
                added(json),
                words.get(model.root().get("unk_token").stringValue()).intValue(),
                frame[0],
                frame[1],
                model.root().path("continuing_subword_prefix").asString("##"),
                model.integer("max_input_chars_per_word", 1, MOST_CHARACTERS, 100),
                normalizer.flag("clean_text", true),
                normalizer.flag("handle_chinese_chars", true),
                normalizer.flag("strip_accents", lowercase),
                lowercase);
    }

    /** Tokens that are found in a text before it is cleaned. Others are rare and not supported. */
    private static Map<String, Integer> added(JsonFile json) {
        Map<String, Integer> added = new HashMap<>();
        for (JsonNode token : json.root().path("added_tokens")) {
            String text = token.path("content").asString("");
            for (String field : List.of("single_word", "lstrip", "rstrip", "normalized")) {
                if (new JsonFile(json.file(), token).flag(field, false)) {
                    throw new BadFileException(
                            json.file(), "added token " + text + ": " + field + " is true; supported: false");
                }
            }
            if (!text.isEmpty()) {
                added.put(text, token.path("id").intValue());
            }
        }
        return added;
    }

    private static void requireType(JsonFile json, String part, String... supported) {
        String type = json.root().path(part).path("type").asString("missing");
        if (!List.of(supported).contains(type)) {
            throw new BadFileException(
                    json.file(), part + ".type is " + type + "; supported: " + String.join(" or ", supported));
        }
    }

    private static String[] vocabulary(JsonFile json) {
        JsonNode words = json.root().path("model").path("vocab");
        if (!words.isObject() || words.isEmpty()) {
            throw new BadFileException(json.file(), "model.vocab must be an object of tokens and their ids");
        }
        if (!words.has(json.root().path("model").path("unk_token").asString(""))) {
            throw new BadFileException(json.file(), "model.unk_token is not in model.vocab");
        }
        JsonNode added = json.root().path("added_tokens");
        String[] vocabulary = new String[words.size() + added.size()];
        words.properties().forEach(word -> put(json, vocabulary, words.size(), word.getKey(), word.getValue()));
        int size = words.size();
        for (JsonNode token : added) {
            String text = token.path("content").asString("");
            // Hugging Face's library numbers a token that the vocabulary lacks by itself, whatever id the file gives
            // it.
            if (words.has(text)
                    ? !token.path("id").equals(words.get(text))
                    : token.path("id").asInt(-1) != size) {
                throw new BadFileException(
                        json.file(),
                        "added token " + text + " has not the id that model.vocab gives it, or the next free one");
            }
            if (!words.has(text)) {
                vocabulary[size++] = text;
            }
        }
        return Arrays.copyOf(vocabulary, size);
    }

    private static void put(JsonFile json, String[] vocabulary, int words, String token, JsonNode id) {
        int index = id(json, id, words);
        if (vocabulary[index] != null) {
            throw new BadFileException(json.file(), "model.vocab gives the id " + id + " twice");
        }
        vocabulary[index] = token;
    }

    private static int id(JsonFile json, JsonNode id, int end) {
        if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0 || id.intValue() >= end) {
            throw new BadFileException(
                    json.file(), "a token has the id " + id + ", ids here go from 0 to " + (end - 1));
        }
        return id.intValue();
    }

    /** The ids of the tokens before and after a text: one each, both known. The form for pairs of texts is not used. */
    private static int[] frame(JsonFile json, int vocabularySize) {
        JsonNode processor = json.root().get("post_processor");
        if (processor.get("type").stringValue().equals("BertProcessing")) {
            return new int[] {
                id(json, processor.path("cls").path(1), vocabularySize),
                id(json, processor.path("sep").path(1), vocabularySize)
            };
        }
        JsonNode single = processor.path("single");
        boolean framed = single.size() == 3
                && single.get(0).propertyNames().equals(Set.of("SpecialToken"))
                && single.get(1).path("Sequence").path("id").asString("").equals("A")
                && single.get(2).propertyNames().equals(Set.of("SpecialToken"));
        if (!framed) {
            throw new BadFileException(
                    json.file(), "post_processor.single must be a special token, sequence A, a special token");
        }
        return new int[] {special(json, single.get(0), vocabularySize), special(json, single.get(2), vocabularySize)};
    }

    private static int special(JsonFile json, JsonNode part, int vocabularySize) {
        String token = part.path("SpecialToken").path("id").asString("");
        JsonNode ids = json.root()
                .get("post_processor")
                .path("special_tokens")
                .path(token)
                .path("ids");
        if (ids.size() != 1) {
            throw new BadFileException(
                    json.file(), "post_processor uses " + token + ", for which its special_tokens give no single id");
        }
        return id(json, ids.get(0), vocabularySize);
    }
}
