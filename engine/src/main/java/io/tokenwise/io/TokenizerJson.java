package io.tokenwise.io;

import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * Checks a tokenizer.json before native code sees it: that library trusts the file and ends the process when, say, a
 * template names a token that is not there.
 */
final class TokenizerJson {
    private static final int MAX_IDS = 1 << 24;

    private TokenizerJson() {}

    /** The vocabulary, indexed by id; null where no token has the id. */
    static String[] check(JsonFile json) {
        JsonNode model = json.root().path("model");
        JsonFile modelFields = new JsonFile(json.file() + ": model", model);
        if (!model.path("type").asString("").equals("WordPiece")) {
            throw modelFields.refuse("type", "WordPiece");
        }
        JsonNode words = model.path("vocab");
        if (!words.isObject() || words.isEmpty()) {
            throw new BadFileException(json.file(), "model.vocab must be an object of tokens and their ids");
        }
        if (!words.has(model.path("unk_token").asString(""))) {
            throw new BadFileException(json.file(), "model.unk_token is not in model.vocab");
        }
        checkTemplate(json);
        return vocabulary(json, words);
    }

    private static String[] vocabulary(JsonFile json, JsonNode words) {
        int largest = 0;
        for (Map.Entry<String, JsonNode> word : words.properties()) {
            largest = Math.max(largest, id(json, word.getValue()));
        }
        for (JsonNode added : json.root().path("added_tokens")) {
            largest = Math.max(largest, id(json, added.path("id")));
        }
        String[] vocabulary = new String[largest + 1];
        words.properties().forEach(word -> vocabulary[word.getValue().intValue()] = word.getKey());
        for (JsonNode added : json.root().path("added_tokens")) {
            vocabulary[added.get("id").intValue()] = added.path("content").asString("");
        }
        return vocabulary;
    }

    private static int id(JsonFile json, JsonNode id) {
        if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0 || id.intValue() >= MAX_IDS) {
            throw new BadFileException(
                    json.file(), "a token has the id " + id + ", ids are integers from 0 to " + (MAX_IDS - 1));
        }
        return id.intValue();
    }

    /** Every special token of a template must be defined by it, with ids. */
    private static void checkTemplate(JsonFile json) {
        JsonNode template = json.root().path("post_processor");
        JsonNode defined = template.path("special_tokens");
        for (String list : new String[] {"single", "pair"}) {
            for (JsonNode piece : template.path(list)) {
                if (piece.has("SpecialToken")) {
                    String token = piece.path("SpecialToken").path("id").asString("");
                    if (!defined.path(token).path("ids").isArray()) {
                        throw new BadFileException(
                                json.file(),
                                "post_processor uses " + token + ", which its special_tokens do not define");
                    }
                    defined.get(token).get("ids").forEach(id -> id(json, id));
                }
            }
        }
    }
}
