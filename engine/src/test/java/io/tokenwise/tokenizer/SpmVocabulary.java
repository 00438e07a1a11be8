package io.tokenwise.tokenizer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A small SentencePiece vocabulary of byte pair encoding, and the tokenizer.json that Hugging Face's library reads it from. */
final class SpmVocabulary {
    /** As Llama 2's tokenizer.json has them. */
    static final String LLAMA2 = """
            "normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"\u2581"},
             {"type":"Replace","pattern":{"String":" "},"content":"\u2581"}]},"pre_tokenizer":null,
            "decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"\u2581"},"content":" "},
             {"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}""";

    /** As Gemma's has them. */
    static final String GEMMA = """
            "normalizer":{"type":"Replace","pattern":{"String":" "},"content":"\u2581"},
            "pre_tokenizer":{"type":"Split","pattern":{"String":" "},"behavior":"MergedWithPrevious","invert":false},
            "decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"\u2581"},"content":" "},
             {"type":"ByteFallback"},{"type":"Fuse"}]}""";

    /** As Mistral's and others since then have them. */
    static final String METASPACE = """
            "normalizer":null,
            "pre_tokenizer":{"type":"Metaspace","replacement":"\u2581","prepend_scheme":"first","split":false},
            "decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"\u2581"},"content":" "},
             {"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}""";

    final Map<String, Integer> ids = new LinkedHashMap<>();
    final List<String[]> merges = new ArrayList<>();
    boolean byteFallback = true;
    boolean fuseUnknown = true;
    boolean ignoreMerges;

    /** Special tokens, bytes, characters, and what merges make of words. */
    SpmVocabulary(List<String> words) {
        for (String special : List.of("<unk>", "<s>", "</s>")) {
            add(special);
        }
        for (int i = 0; i < 256; i++) {
            add("<0x%02X>".formatted(i));
        }
        add("\u2581");
        for (char c = '!'; c <= '~'; c++) {
            if (c != '~') {
                add(String.valueOf(c));
            }
        }
        for (int c : new int[] {0x301, 0x3B1, 0x3B2, 0x430, 0x431, 0x4E00, 0x4E01, 0x1F600, '\n'}) {
            add(Character.toString(c));
        }
        merge("\u2581", "\u2581");
        merge("\u2581\u2581", "\u2581\u2581");
        merge("\n", "\n");
        // A piece that goes on after a word, as Gemma has one.
        merge("d", "\u2581");
        merge("\u03b1", "\u03b2");
        Random random = new Random(2);
        for (String word : words) {
            String piece = random.nextInt(3) > 0 ? "\u2581" + word : word;
            boolean known = piece.chars().allMatch(c -> ids.containsKey(String.valueOf((char) c)));
            if (known && random.nextBoolean()) {
                for (int i = 1; i < piece.length(); i++) {
                    merge(piece.substring(0, i), piece.substring(i, i + 1));
                }
            } else if (known) {
                for (int i = piece.length() - 1; i > 0; i--) {
                    merge(piece.substring(i - 1, i), piece.substring(i));
                }
            }
        }
    }

    private void add(String piece) {
        ids.putIfAbsent(piece, ids.size());
    }

    private void merge(String left, String right) {
        if (!ids.containsKey(left + right)) {
            merges.add(new String[] {left, right});
            add(left + right);
        }
    }

    /** The mark before texts is Llama's and Gemma's; pairs are written one after the other. */
    byte[] json(String steps, boolean asArrays) {
        JsonMapper mapper = JsonMapper.shared();
        ObjectNode root = mapper.createObjectNode().put("version", "1.0");
        ArrayNode added = root.putArray("added_tokens");
        for (String special : List.of("<unk>", "<s>", "</s>")) {
            added.addObject()
                    .put("id", ids.get(special))
                    .put("content", special)
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", true);
        }
        root.setAll((ObjectNode) mapper.readTree("{" + steps + "}"));
        root.set("post_processor", mapper.readTree("""
                {"type":"TemplateProcessing",
                 "single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
                 "pair":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},
                  {"SpecialToken":{"id":"<s>","type_id":1}},{"Sequence":{"id":"B","type_id":1}}],
                 "special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]}}}"""));
        ObjectNode model = root.putObject("model")
                .put("type", "BPE")
                .putNull("dropout")
                .put("unk_token", "<unk>")
                .putNull("continuing_subword_prefix")
                .putNull("end_of_word_suffix")
                .put("fuse_unk", fuseUnknown)
                .put("byte_fallback", byteFallback)
                .put("ignore_merges", ignoreMerges);
        ids.forEach(model.putObject("vocab")::put);
        ArrayNode list = model.putArray("merges");
        for (String[] merge : merges) {
            if (asArrays) {
                list.addArray().add(merge[0]).add(merge[1]);
            } else {
                list.add(merge[0] + " " + merge[1]);
            }
        }
        return mapper.writeValueAsBytes(root);
    }
}
