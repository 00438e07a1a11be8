package io.tokenwise.io;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * Checks a tokenizer.json before native code sees it. That library trusts the file: when a template names a token that is
 * not there, or a normalizer's data are broken, it panics, and a panic below JNI ends the process. So only the parts that
 * make up a BERT tokenizer are let through.
 */
final class TokenizerJson {
    private TokenizerJson() {}

    /** The vocabulary, indexed by id. */
    static String[] check(JsonFile json) {
        requireType(json, "model", "WordPiece");
        requireType(json, "normalizer", "BertNormalizer");
        requireType(json, "pre_tokenizer", "BertPreTokenizer");
        requireType(json, "post_processor", "TemplateProcessing", "BertProcessing");
        if (json.has("decoder")) {
            requireType(json, "decoder", "WordPiece");
        }
        String[] vocabulary = vocabulary(json);
        checkPostProcessor(json, vocabulary.length);
        return vocabulary;
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
            // The library numbers a token that the vocabulary lacks by itself, whatever id the file gives it.
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

    /** A text has one special token before it and one after, both known; the form for pairs of texts is not used. */
    private static void checkPostProcessor(JsonFile json, int vocabularySize) {
        JsonNode processor = json.root().get("post_processor");
        if (processor.get("type").stringValue().equals("BertProcessing")) {
            id(json, processor.path("cls").path(1), vocabularySize);
            id(json, processor.path("sep").path(1), vocabularySize);
            return;
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
        for (int i = 0; i <= 2; i += 2) {
            String token = single.get(i).path("SpecialToken").path("id").asString("");
            JsonNode ids = processor.path("special_tokens").path(token).path("ids");
            if (ids.size() != 1) {
                throw new BadFileException(
                        json.file(),
                        "post_processor uses " + token + ", for which its special_tokens give no single id");
            }
            id(json, ids.get(0), vocabularySize);
        }
    }
}
