package io.tokenwise.tokenizer;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A Unigram vocabulary with scores of which many are the same, and the tokenizer.json that Hugging Face's library reads it from. Its layout is
 * that of XLM-RoBERTa, as transformers' convert_slow_tokenizer.py makes it (XLMRobertaConverter, SpmConverter).
 */
final class UnigramVocabulary {
    static final String METASPACE =
            "{\"type\":\"Metaspace\",\"replacement\":\"\u2581\",\"prepend_scheme\":\"%s\",\"split\":%s}";
    static final String WHITE_AND_METASPACE =
            "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"WhitespaceSplit\"},"
                    + METASPACE.formatted("always", true) + "]}";

    final Map<String, Double> scores = new LinkedHashMap<>();
    String normalizer = "null";
    String preTokenizer = METASPACE.formatted("always", true);
    boolean byteFallback;

    private UnigramVocabulary() {}

    /** The special tokens, pieces of English and pieces of other scripts. */
    static UnigramVocabulary of(String[] wordPieces, int most) {
        var vocabulary = new UnigramVocabulary();
        for (String special : new String[] {"<s>", "<pad>", "</s>", "<unk>"}) {
            vocabulary.scores.put(special, 0.0);
        }
        Random random = new Random(1);
        vocabulary.put("\u2581", random);
        for (char c = '!'; c <= '~'; c++) {
            if (c != 'q' && c != '~') {
                vocabulary.put(String.valueOf(c), random);
            }
        }
        var scripts = new TenScripts(7);
        while (vocabulary.scores.size() < most / 2) {
            for (String word : scripts.sentence().split("\\s+")) {
                int length = word.codePointCount(0, word.length());
                if (length > 0) {
                    int from = random.nextInt(length);
                    int to = from + 1 + random.nextInt(Math.min(3, length - from));
                    String piece = word.substring(word.offsetByCodePoints(0, from), word.offsetByCodePoints(0, to));
                    vocabulary.put((from == 0 ? "\u2581" : "") + piece, random);
                }
            }
        }
        for (int i = 0; i < wordPieces.length && vocabulary.scores.size() < most; i++) {
            String piece = wordPieces[i];
            if (!piece.startsWith("[")) {
                vocabulary.put(piece.startsWith("##") ? piece.substring(2) : "\u2581" + piece, random);
            }
        }
        vocabulary.scores.put("<mask>", 0.0);
        return vocabulary;
    }

    /** Scores are quarters, whose sums have no rounding: so ways through a word are exactly equal. */
    private void put(String piece, Random random) {
        if (piece.codePoints().noneMatch(Character::isISOControl)) {
            scores.putIfAbsent(piece, -4 - random.nextInt(24) / 4.0);
        }
    }

    /** With the pieces of all bytes. */
    UnigramVocabulary withBytes() {
        byteFallback = true;
        for (int i = 0; i < 256; i++) {
            scores.put("<0x%02X>".formatted(i), -20.0);
        }
        return this;
    }

    byte[] json() {
        JsonMapper mapper = JsonMapper.shared();
        ObjectNode root = mapper.createObjectNode().put("version", "1.0");
        ArrayNode added = root.putArray("added_tokens");
        for (String special : new String[] {"<s>", "<pad>", "</s>", "<unk>", "<mask>"}) {
            added.addObject()
                    .put("id", id(special))
                    .put("content", special)
                    .put("single_word", false)
                    .put("lstrip", special.equals("<mask>"))
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", true);
        }
        root.set("normalizer", mapper.readTree(normalizer));
        root.set("pre_tokenizer", mapper.readTree(preTokenizer));
        root.set("post_processor", mapper.readTree("""
                {"type":"TemplateProcessing",
                 "single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}}],
                 "pair":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}},
                  {"SpecialToken":{"id":"</s>","type_id":0}},{"Sequence":{"id":"B","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}}],
                 "special_tokens":{"<s>":{"id":"<s>","ids":[0],"tokens":["<s>"]},"</s>":{"id":"</s>","ids":[2],"tokens":["</s>"]}}}"""));
        root.set("decoder", mapper.readTree(METASPACE.formatted("always", true)));
        ObjectNode model = root.putObject("model").put("type", "Unigram").put("unk_id", 3);
        ArrayNode pieces = model.putArray("vocab");
        scores.forEach((piece, score) -> pieces.addArray().add(piece).add(score));
        model.put("byte_fallback", byteFallback);
        return mapper.writeValueAsBytes(root);
    }

    int id(String piece) {
        return scores.keySet().stream().toList().indexOf(piece);
    }
}
