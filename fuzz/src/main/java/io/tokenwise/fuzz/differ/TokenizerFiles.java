package io.tokenwise.fuzz.differ;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Random tokenizers with texts for them: {@code {"tokenizer": a tokenizer.json, "texts": [..]}}. WordPiece, whole words, byte-level BPE, BPE of characters and Unigram,
 * each over letters of its own, with merges or scores, added tokens and the steps before and behind that its kind has.
 */
final class TokenizerFiles {
    static final JsonMapper MAPPER = JsonMapper.shared();

    /** What stands for a space. */
    static final String MARK = "\u2581";

    private static final String UNKNOWN = "[UNK]";
    private static final List<String> WHITE = List.of(" ", " ", " ", "  ", "\n", "\t", "\u00a0", "\u3000", "\r\n");
    private static final String GPT2 =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
    private static final String MODERN = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|%s"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String CASED =
            "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]%s[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]%s"
                    + "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|";
    private static final String O200K = CASED.formatted("*", "+") + CASED.formatted("+", "*")
            + "\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private final SplittableRandom random;

    /** What texts and pieces are made of. */
    private final List<String> letters = new ArrayList<>();

    private final List<String> words = new ArrayList<>();
    private final ObjectNode root = MAPPER.createObjectNode().put("version", "1.0");
    private final TokenizerSteps steps;
    private final List<String> addedTexts = new ArrayList<>();

    private TokenizerFiles(SplittableRandom random) {
        this.random = random;
        for (int i = 0; i < 12; i++) {
            String letter = Character.toString(random.nextInt('a', 'z' + 1));
            letters.add(i % 4 == 0 ? letter.toUpperCase(Locale.ROOT) : letter);
        }
        Words.text(random, 16).codePoints().mapToObj(Character::toString).forEach(letters::add);
        for (int i = 0; i < 30; i++) {
            words.add(word(1 + random.nextInt(6)));
        }
        steps = new TokenizerSteps(random, root, this::letter);
    }

    static Kind.Made make(SplittableRandom random) {
        return new TokenizerFiles(random).make();
    }

    private Kind.Made make() {
        root.putNull("truncation");
        root.putNull("padding");
        root.putArray("added_tokens");
        for (String part : List.of("normalizer", "pre_tokenizer", "post_processor", "decoder")) {
            root.putNull(part);
        }
        String variety = switch (random.nextInt(5)) {
            case 0 -> wordPiece();
            case 1 -> wordLevel();
            case 2 -> byteLevel();
            case 3 -> characters();
            default -> unigram();
        };
        ObjectNode file = MAPPER.createObjectNode();
        file.set("tokenizer", root);
        ArrayNode texts = file.putArray("texts");
        for (int i = 0; i < 4; i++) {
            texts.add(text());
        }
        return new Kind.Made(variety, MAPPER.writeValueAsBytes(file));
    }

    private String wordPiece() {
        String prefix = Words.any(random, "##", "##", "##", "@@", "_");
        Set<String> pieces = new LinkedHashSet<>(List.of(UNKNOWN));
        for (String word : words) {
            String cut = part(random.nextBoolean() ? word.toLowerCase(Locale.ROOT) : word);
            pieces.add(random.nextBoolean() ? cut : prefix + cut);
        }
        letters.forEach(letter -> {
            if (random.nextInt(4) > 0) {
                pieces.add(letter);
            }
            if (random.nextInt(4) > 0) {
                pieces.add(prefix + letter);
            }
        });
        pieces.remove("");
        ObjectNode normalizer = root.putObject("normalizer").put("type", "BertNormalizer");
        for (String flag : List.of("clean_text", "handle_chinese_chars", "lowercase")) {
            normalizer.put(flag, random.nextBoolean());
        }
        switch (random.nextInt(3)) {
            case 0 -> normalizer.putNull("strip_accents");
            default -> normalizer.put("strip_accents", random.nextBoolean());
        }
        root.putObject("pre_tokenizer").put("type", "BertPreTokenizer");
        root.putObject("decoder").put("type", "WordPiece").put("prefix", prefix).put("cleanup", random.nextBoolean());
        ObjectNode model = root.putObject("model").put("type", "WordPiece").put("unk_token", UNKNOWN);
        model.put("continuing_subword_prefix", prefix);
        model.put("max_input_chars_per_word", random.nextBoolean() ? 100 : 1 + random.nextInt(8));
        ids(model, pieces);
        added(pieces, true);
        steps.frame(pieces, false);
        return "WordPiece";
    }

    private String wordLevel() {
        Set<String> pieces = new LinkedHashSet<>(List.of(UNKNOWN));
        pieces.addAll(words);
        pieces.addAll(letters);
        normalizerOrNone();
        if (random.nextInt(4) > 0) {
            steps.cutting(List.of(steps.stretches()));
        }
        ids(root.putObject("model").put("type", "WordLevel").put("unk_token", UNKNOWN), pieces);
        added(pieces, true);
        steps.frame(pieces, false);
        return "WordLevel";
    }

    private void normalizerOrNone() {
        if (random.nextInt(3) == 0) {
            root.putObject("normalizer").put("type", Words.any(random, "NFC", "NFD", "NFKC", "NFKD", "Lowercase"));
        }
    }

    private String byteLevel() {
        Set<String> pieces = new LinkedHashSet<>();
        for (int value = 0; value < 256; value++) {
            pieces.add(printed(value));
        }
        List<String[]> merges = new ArrayList<>();
        for (String word : words) {
            String spaced = random.nextBoolean() ? " " + word : word;
            var symbols = new ArrayList<String>();
            for (byte b : spaced.getBytes(StandardCharsets.UTF_8)) {
                symbols.add(printed(b & 0xFF));
            }
            merge(symbols, pieces, merges);
        }
        boolean prefixSpace = random.nextBoolean();
        String regex = Words.any(random, "", GPT2, MODERN.formatted("\\p{N}{1,3}"), MODERN.formatted("\\p{N}"), O200K);
        ObjectNode bytes = MAPPER.createObjectNode().put("type", "ByteLevel");
        List<ObjectNode> cuts = new ArrayList<>();
        if (random.nextInt(4) == 0) {
            cuts.add(steps.stretches());
        }
        if (regex.isEmpty()) {
            bytes.put("add_prefix_space", prefixSpace).put("trim_offsets", random.nextBoolean());
            bytes.put("use_regex", random.nextInt(4) > 0);
        } else {
            bytes.put("add_prefix_space", false)
                    .put("trim_offsets", random.nextBoolean())
                    .put("use_regex", false);
            boolean invert = random.nextBoolean();
            ObjectNode split = MAPPER.createObjectNode().put("type", "Split");
            split.putObject("pattern").put("Regex", regex);
            split.put("behavior", invert ? "Removed" : "Isolated").put("invert", invert);
            cuts.add(split);
        }
        cuts.add(bytes);
        steps.cutting(cuts);
        normalizerOrNone();
        root.set("decoder", bytes.deepCopy());
        ObjectNode model = root.putObject("model").put("type", "BPE").put("ignore_merges", random.nextBoolean());
        ids(model, pieces);
        merges(model, merges);
        added(pieces, true);
        steps.frame(pieces, true);
        return "byte-level BPE" + (regex.isEmpty() ? "" : ", split");
    }

    private String characters() {
        Set<String> pieces = new LinkedHashSet<>(List.of(UNKNOWN));
        boolean byteFallback = random.nextBoolean();
        if (byteFallback) {
            bytePieces(pieces::add);
        }
        pieces.add(MARK);
        letters.stream().filter(letter -> random.nextInt(8) > 0).forEach(pieces::add);
        List<String[]> merges = new ArrayList<>();
        for (String word : words) {
            var symbols = new ArrayList<>((random.nextBoolean() ? MARK + word : word)
                    .codePoints()
                    .mapToObj(Character::toString)
                    .toList());
            symbols.retainAll(pieces);
            merge(symbols, pieces, merges);
        }
        String said = steps.sentencePiece();
        ObjectNode model = root.putObject("model").put("type", "BPE");
        // Without either the other library gives places that do not fit the text.
        if (!byteFallback || random.nextBoolean()) {
            model.put("unk_token", UNKNOWN);
        }
        model.put("fuse_unk", random.nextBoolean()).put("byte_fallback", byteFallback);
        model.put("ignore_merges", random.nextBoolean());
        ids(model, pieces);
        merges(model, merges);
        added(pieces, true);
        steps.frame(pieces, false);
        return "BPE" + (byteFallback ? ", bytes" : "") + said;
    }

    private String unigram() {
        Map<String, Double> scores = new LinkedHashMap<>();
        boolean exact = random.nextBoolean();
        scores.put(UNKNOWN, 0.0);
        boolean byteFallback = random.nextInt(3) == 0;
        if (byteFallback) {
            bytePieces(piece -> scores.put(piece, -20.0));
        }
        scores.put(MARK, score(exact));
        letters.stream().filter(letter -> random.nextInt(8) > 0).forEach(letter -> scores.put(letter, score(exact)));
        for (String word : words) {
            for (int i = 0; i < 3; i++) {
                String cut = part(random.nextBoolean() ? MARK + word : word);
                if (!cut.isEmpty()) {
                    scores.put(cut, score(exact));
                }
            }
        }
        String said = steps.sentencePiece();
        ObjectNode model = root.putObject("model").put("type", "Unigram").put("unk_id", 0);
        ArrayNode vocab = model.putArray("vocab");
        scores.forEach((piece, score) -> vocab.addArray().add(piece).add(score));
        model.put("byte_fallback", byteFallback);
        added(scores.keySet(), true);
        steps.frame(scores.keySet(), false);
        return "Unigram" + (byteFallback ? ", bytes" : "") + said;
    }

    /** Quarters have sums without rounding, so that several ways through a word are equal. */
    private double score(boolean exact) {
        return exact ? -1 - random.nextInt(24) / 4.0 : -random.nextDouble(12);
    }

    private static void bytePieces(Consumer<String> to) {
        for (int value = 0; value < 256; value++) {
            to.accept("<0x%02X>".formatted(value));
        }
    }

    private void ids(ObjectNode model, Set<String> pieces) {
        ObjectNode vocab = model.putObject("vocab");
        pieces.forEach(piece -> vocab.put(piece, vocab.size()));
    }

    private void merges(ObjectNode model, List<String[]> merges) {
        ArrayNode list = model.putArray("merges");
        boolean spaces = merges.stream().noneMatch(pair -> (pair[0] + pair[1]).contains(" ")) && random.nextBoolean();
        for (String[] pair : merges) {
            if (spaces) {
                list.add(pair[0] + " " + pair[1]);
            } else {
                list.addArray().add(pair[0]).add(pair[1]);
            }
        }
    }

    /** Merges neighbours in any order, and leaves off somewhere. */
    private void merge(List<String> symbols, Set<String> pieces, List<String[]> merges) {
        while (symbols.size() > 1 && random.nextInt(6) > 0) {
            int at = random.nextInt(symbols.size() - 1);
            String[] pair = {symbols.get(at), symbols.remove(at + 1)};
            symbols.set(at, pair[0] + pair[1]);
            boolean known = merges.stream().anyMatch(other -> other[0].equals(pair[0]) && other[1].equals(pair[1]));
            if (!known) {
                // Training gives orders in which a piece comes after its parts; so does any place behind these.
                merges.add(pair);
                pieces.add(pair[0] + pair[1]);
            }
        }
    }

    /** Some tokens that are found as they stand: new ones, or pieces. */
    private void added(Set<String> pieces, boolean normalized) {
        var all = new ArrayList<>(pieces);
        var taken = new LinkedHashSet<String>();
        ArrayNode list = (ArrayNode) root.get("added_tokens");
        int next = pieces.size();
        for (int count = random.nextInt(5); count > 0; count--) {
            String content = switch (random.nextInt(3)) {
                case 0 -> all.get(random.nextInt(all.size()));
                case 1 -> "<" + word(2) + ">";
                default -> word(3);
            };
            if (content.isBlank() || !taken.add(content)) {
                continue;
            }
            int id = all.indexOf(content);
            boolean special = random.nextBoolean();
            boolean singleWord = random.nextInt(4) == 0;
            boolean leftStrip = random.nextInt(4) == 0;
            boolean rightStrip = random.nextInt(4) == 0;
            boolean later = normalized && random.nextBoolean();
            String found = later ? steps.normalized(content) : content;
            list.addObject()
                    .put("id", id < 0 ? next++ : id)
                    .put("content", content)
                    .put("single_word", singleWord)
                    // Where the one before has taken all of one that is white space, the other library ends the
                    // process.
                    .put("lstrip", leftStrip && !TokenizerSteps.isWhite(found))
                    .put("rstrip", rightStrip)
                    // One of which nothing is left it finds between any two bytes, and ends where they are of one
                    // character.
                    .put("normalized", later && !found.isEmpty())
                    .put("special", special);
            addedTexts.add(content);
        }
    }

    /** Words that the vocabulary knows, their letters, tokens that were added, and anything. */
    private String text() {
        var text = new StringBuilder();
        for (int count = random.nextInt(14); count > 0; count--) {
            text.append(
                    switch (random.nextInt(8)) {
                        case 0 -> Words.text(random, 8);
                        case 1 -> addedTexts.isEmpty() ? "" : addedTexts.get(random.nextInt(addedTexts.size()));
                        case 2 -> Integer.toString(random.nextInt(100_000));
                        case 3 -> word(random.nextInt(8));
                        case 4 ->
                            Words.any(random, ".", ", ", "'s", "'LL", "!", "?!", "(", "-", "/", MARK, "\u0301", "_");
                        default -> words.get(random.nextInt(words.size()));
                    });
            if (random.nextInt(3) > 0) {
                text.append(WHITE.get(random.nextInt(WHITE.size())));
            }
        }
        return text.toString();
    }

    private String word(int most) {
        var word = new StringBuilder();
        for (int count = most; count > 0; count--) {
            word.append(letter());
        }
        return word.toString();
    }

    private String letter() {
        return letters.get(random.nextInt(letters.size()));
    }

    /** Some characters of a word that stand together. */
    private String part(String word) {
        int length = word.codePointCount(0, word.length());
        int from = random.nextInt(length);
        int to = from + 1 + random.nextInt(length - from);
        return word.substring(word.offsetByCodePoints(0, from), word.offsetByCodePoints(0, to));
    }

    /** The character that stands for a byte in vocabularies of bytes. */
    private static String printed(int value) {
        boolean seen = value > ' ' && value < 0x7F || value > 0xA0 && value != 0xAD;
        int other = 0x100;
        for (int i = 0; i < value; i++) {
            other += i > ' ' && i < 0x7F || i > 0xA0 && i != 0xAD ? 0 : 1;
        }
        return String.valueOf((char) (seen ? value : other));
    }
}
