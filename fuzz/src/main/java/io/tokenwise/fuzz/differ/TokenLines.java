package io.tokenwise.fuzz.differ;

import io.tokenwise.tokenizer.TokenTypes;
import io.tokenwise.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/** What a tokenizer makes of texts, in lines: tokens with their places, ids between marks, of two texts with types, and the texts that ids give. */
final class TokenLines {
    /** Texts here have fewer. */
    private static final int MOST_TOKENS = 1 << 20;

    /** A tokenizer, ours or the other. */
    interface Cutter {
        /** Each as {@code id@start-end}, in chars. */
        List<String> places(String text);

        /** With what stands around a text. */
        int[] ids(String text);

        /** Each as {@code id:type}. */
        List<String> pair(String first, String second);

        String decoded(int[] ids, boolean withSpecial);
    }

    private TokenLines() {}

    /** What a file has. */
    static byte[] tokenizer(JsonNode file) {
        return TokenizerFiles.MAPPER.writeValueAsBytes(file.get("tokenizer"));
    }

    static Answer read(byte[] file) {
        JsonNode root = TokenizerFiles.MAPPER.readTree(file);
        return of(new Ours(Tokenizer.open("tokenizer.json", tokenizer(root), MOST_TOKENS)), root);
    }

    static Answer of(Cutter cutter, JsonNode root) {
        List<String> texts =
                root.get("texts").valueStream().map(JsonNode::stringValue).toList();
        boolean pairs = hasPairs(root.get("tokenizer").get("post_processor"));
        var lines = new ArrayList<String>();
        for (int i = 0; i < texts.size(); i++) {
            String text = texts.get(i);
            int[] ids = cutter.ids(text);
            lines.add("text " + i + ": " + TokenizerFiles.MAPPER.writeValueAsString(text));
            lines.add("tokens " + String.join(" ", cutter.places(text)));
            lines.add("ids " + Arrays.toString(ids));
            lines.add("decoded " + TokenizerFiles.MAPPER.writeValueAsString(cutter.decoded(ids, true)));
            lines.add("without special ones " + TokenizerFiles.MAPPER.writeValueAsString(cutter.decoded(ids, false)));
            if (pairs) {
                lines.add("pair " + String.join(" ", cutter.pair(text, texts.getFirst())));
            }
        }
        return Answer.read(String.join("\n", lines));
    }

    /** Without a word about pairs the other library joins two texts with types that depend on nothing that the file says. */
    private static boolean hasPairs(JsonNode processor) {
        return processor.has("pair") || processor.has("cls");
    }

    private record Ours(Tokenizer tokenizer) implements Cutter {
        @Override
        public List<String> places(String text) {
            return tokenizer.places(text).stream()
                    .map(place -> place.id() + "@" + place.start() + "-" + place.end())
                    .toList();
        }

        @Override
        public int[] ids(String text) {
            return tokenizer.encode(text).ids();
        }

        @Override
        public List<String> pair(String first, String second) {
            return Arrays.stream(
                            tokenizer.encodePair(first, second, MOST_TOKENS).ids())
                    .mapToObj(id -> TokenTypes.id(id) + ":" + TokenTypes.type(id))
                    .collect(Collectors.toList());
        }

        @Override
        public String decoded(int[] ids, boolean withSpecial) {
            return tokenizer.decode(ids, withSpecial);
        }
    }
}
