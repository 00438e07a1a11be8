package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What lies beside a vocabulary that is in no tokenizer.json, as transformers reads it (tokenization_utils_base.py). Tokens that are not in the vocabulary are refused.
 *
 * @param config tokenizer_config.json
 * @param map special_tokens_map.json, which goes before that
 * @param added added_tokens.json
 */
public record SpecialTokens(JsonFile config, JsonFile map, JsonFile added) {
    private static final String DECODER = "added_tokens_decoder";
    private static final String INSTEAD = "; others are read from a tokenizer.json";

    /** Tokens that a message names. */
    private static final int MOST_SHOWN = 8;

    /**
     * One that a vocabulary must have.
     *
     * @param key what files call it, such as {@code mask_token}; empty if they do not
     * @param leftStrip whether it takes the white space before it too, where files do not say
     * @param normalized whether it is looked for in the text as normalizers leave it, where files do not say
     * @param special whether it is no text, whatever files say
     */
    record Usual(String key, String text, boolean leftStrip, boolean normalized, boolean special) {
        Usual(String key, String text) {
            this(key, text, false);
        }

        Usual(String key, String text, boolean leftStrip) {
            this(key, text, leftStrip, false, true);
        }
    }

    /** Of a vocabulary beside which nothing lies. */
    static SpecialTokens usual(String file) {
        var nothing = new JsonFile(file, JsonNodeFactory.instance.objectNode());
        return new SpecialTokens(nothing, nothing, nothing);
    }

    /**
     * Adds them to a tokenizer.json.
     *
     * @param id of a token in the vocabulary
     * @throws BadFileException if files speak of others
     */
    void addTo(ObjectNode root, List<Usual> usual, ToIntFunction<String> id) {
        requireNoOthers(usual, id);
        var added = root.putArray("added_tokens");
        for (Usual each : usual) {
            JsonFile flags = flags(each);
            added.addObject()
                    .put("id", id.applyAsInt(each.text()))
                    .put("content", each.text())
                    .put("single_word", flags.flag("single_word", false))
                    .put("lstrip", flags.flag("lstrip", flags.root().isEmpty() && each.leftStrip()))
                    .put("rstrip", flags.flag("rstrip", false))
                    .put("normalized", flags.flag("normalized", flags.root().isEmpty() && each.normalized()))
                    .put("special", each.special() || flags.flag("special", false));
        }
    }

    private void requireNoOthers(List<Usual> usual, ToIntFunction<String> id) {
        Set<String> texts = usual.stream().map(Usual::text).collect(Collectors.toCollection(LinkedHashSet::new));
        String shown = texts.stream().limit(MOST_SHOWN).collect(Collectors.joining(", "))
                + (texts.size() > MOST_SHOWN ? ", ..." : "");
        for (String key : List.of("additional_special_tokens", "extra_special_tokens")) {
            for (JsonFile file : List.of(map, config)) {
                if (!file.root()
                        .path(key)
                        .valueStream()
                        .allMatch(token -> texts.contains(token.path("content").asString(token.asString(""))))) {
                    throw file.refuse(key, "none but " + shown + INSTEAD);
                }
            }
        }
        added.root().forEachEntry((text, known) -> {
            if (!texts.contains(text) || !known.isInt() || known.intValue() != id.applyAsInt(text)) {
                throw added.refuse(text, "no token beside the vocabulary" + INSTEAD);
            }
        });
        config.root().path(DECODER).forEachEntry((key, token) -> {
            String text = token.path("content").asString("");
            if (!texts.contains(text) || !key.equals(Integer.toString(id.applyAsInt(text)))) {
                throw config.refuse(DECODER, shown + " with their ids in the vocabulary" + INSTEAD);
            }
        });
    }

    /** What files say of how it is found in a text. */
    private JsonFile flags(Usual token) {
        JsonFile file = map.has(token.key()) ? map : config;
        JsonNode said = file.root().path(token.key());
        String text = said.isObject() ? said.path("content").asString("") : said.asString("");
        if (file.has(token.key()) && !text.equals(token.text())) {
            throw file.refuse(token.key(), token.text() + INSTEAD);
        }
        JsonNode flags = Stream.concat(config.root().path(DECODER).valueStream(), Stream.of(said))
                .filter(each -> each.path("content").asString("").equals(token.text()))
                .findFirst()
                .orElseGet(JsonNodeFactory.instance::objectNode);
        return new JsonFile(file.file(), flags);
    }
}
