package io.tokenwise.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A small vocabulary of bytes with its merges, and the tokenizer.json that Hugging Face's library reads it from. */
public final class ByteVocabulary {
    static final String SPLIT = """
        {"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":""},"behavior":"Isolated","invert":false},
         {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false}]}\
        """;

    final Map<String, Integer> ids = new LinkedHashMap<>();
    final List<String[]> merges = new ArrayList<>();
    boolean ignoreMerges;

    private ByteVocabulary() {}

    /** The 256 bytes, and so many merges of the pairs that are most frequent in some texts; many of them at a time, which is rough but fast. */
    static ByteVocabulary trained(List<String> texts, Patterns pattern, int merges) {
        ByteVocabulary vocabulary = bytes();
        Map<String, Integer> counts = new HashMap<>();
        for (String text : texts) {
            for (int at = 0; at < text.length(); ) {
                int end = pattern.end(text, at, text.length());
                counts.merge(text.substring(at, end), 1, Integer::sum);
                at = end;
            }
        }
        List<List<String>> words = new ArrayList<>();
        List<Integer> times = new ArrayList<>();
        counts.forEach((word, count) -> {
            words.add(new ArrayList<>(printed(word)
                    .chars()
                    .mapToObj(c -> String.valueOf((char) c))
                    .toList()));
            times.add(count);
        });
        while (vocabulary.merges.size() < merges) {
            List<String[]> best = best(words, times, Math.min(200, merges - vocabulary.merges.size()));
            if (best.isEmpty()) {
                break;
            }
            best.forEach(vocabulary::merge);
            words.forEach(word -> best.forEach(pair -> apply(word, pair)));
        }
        return vocabulary;
    }

    /** The 256 bytes and no merges. */
    public static ByteVocabulary bytes() {
        var vocabulary = new ByteVocabulary();
        for (int value = 0; value < 256; value++) {
            vocabulary.ids.put(printed(value), value);
        }
        return vocabulary;
    }

    /** Adds a token that no merge gives. */
    public void add(String token) {
        ids.putIfAbsent(token, ids.size());
    }

    /** Adds a merge, and what it gives, if that is new. */
    public void merge(String... pair) {
        merges.add(pair);
        ids.putIfAbsent(pair[0] + pair[1], ids.size());
    }

    private static List<String[]> best(List<List<String>> words, List<Integer> times, int most) {
        Map<String, Integer> pairs = new HashMap<>();
        for (int w = 0; w < words.size(); w++) {
            List<String> word = words.get(w);
            for (int i = 1; i < word.size(); i++) {
                pairs.merge(word.get(i - 1) + ' ' + word.get(i), times.get(w), Integer::sum);
            }
        }
        Set<String> used = new HashSet<>();
        List<String[]> best = new ArrayList<>();
        pairs.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue()
                        .reversed()
                        .thenComparing(Map.Entry.comparingByKey()))
                .forEach(e -> {
                    String[] pair = e.getKey().split(" ");
                    if (best.size() < most && used.add(pair[0]) && used.add(pair[1])) {
                        best.add(pair);
                    }
                });
        return best;
    }

    private static void apply(List<String> word, String... pair) {
        for (int i = 1; i < word.size(); i++) {
            if (word.get(i - 1).equals(pair[0]) && word.get(i).equals(pair[1])) {
                word.set(i - 1, pair[0] + pair[1]);
                word.remove(i);
            }
        }
    }

    /** The character that stands for a byte. */
    static String printed(int value) {
        boolean seen = value > ' ' && value < 0x7F || value > 0xA0 && value != 0xAD;
        int other = 0x100;
        for (int i = 0; i < value; i++) {
            other += i > ' ' && i < 0x7F || i > 0xA0 && i != 0xAD ? 0 : 1;
        }
        return String.valueOf((char) (seen ? value : other));
    }

    /** A text as byte-level vocabularies write it. */
    static String printed(String text) {
        var printed = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            printed.append(printed(b & 0xFF));
        }
        return printed.toString();
    }

    /** As the library reads it; without normalizer, special tokens and post_processor. */
    public byte[] json(String preTokenizer, String regex) {
        JsonMapper mapper = JsonMapper.shared();
        ObjectNode root = mapper.createObjectNode().put("version", "1.0");
        root.putArray("added_tokens");
        root.putNull("normalizer");
        JsonNode cutting = mapper.readTree(preTokenizer);
        cutting.findParents("pattern").forEach(step -> ((ObjectNode) step.get("pattern")).put("Regex", regex));
        root.set("pre_tokenizer", cutting);
        root.putNull("post_processor");
        root.putNull("decoder");
        ObjectNode model = root.putObject("model").put("type", "BPE").put("ignore_merges", ignoreMerges);
        ObjectNode vocab = model.putObject("vocab");
        ids.forEach(vocab::put);
        ArrayNode pairs = model.putArray("merges");
        merges.forEach(pair -> pairs.add(pair[0] + " " + pair[1]));
        return mapper.writeValueAsBytes(root);
    }

    /** The same with Qwen 2's pattern, of which a mark and the end of the line behind it are one word. */
    public byte[] qwen2Json() {
        return json(SPLIT, Patterns.QWEN2.regex());
    }

    /** The ids, as a RoBERTa was first published. */
    public String vocabJson() {
        return JsonMapper.shared().writeValueAsString(ids);
    }

    /** The merges beside it. */
    public String mergesTxt() {
        var lines = new StringBuilder("#version: 0.2\n");
        merges.forEach(pair -> lines.append(pair[0]).append(' ').append(pair[1]).append('\n'));
        return lines.toString();
    }

    /** The same for us. */
    Bpe bpe() {
        String[] pieces = ids.keySet().toArray(String[]::new);
        return new Bpe(
                pieces,
                new PieceTable("tokenizer.json", pieces),
                merges(pieces, merges),
                new Bpe.Options(-1, false, false, ignoreMerges));
    }

    static Merges merges(String[] pieces, List<String[]> pairs) {
        var read = new Merges("tokenizer.json", new PieceTable("tokenizer.json", pieces));
        for (String[] pair : pairs) {
            String both = pair[0] + pair[1];
            read.add(both.toCharArray(), pair[0].length(), both.length());
        }
        return read;
    }
}
