package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.tokenizer.SentencePieces.Metaspace;
import io.tokenwise.tokenizer.SentencePieces.Plain;
import io.tokenwise.tokenizer.SentencePieces.Splitting;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** Reads the steps of a tokenizer.json: {@code normalizer}, {@code pre_tokenizer} and {@code decoder}, each one or a Sequence. */
record StepsJson(JsonFile json) {
    private static final int MOST = 64;

    /** How much longer all steps together may make a text: those of published files make one character up to 18. */
    private static final long MOST_GROWTH = 4_096;

    /** Chars: at each place of a text as many may be compared. */
    private static final int LONGEST_PATTERN = 1_000;

    /** Of a character in NFKD, U+FDFA; of a string in a charsmap, as that is read. */
    private static final int OF_A_FORM = 18;

    private static final int OF_A_CHARSMAP = 128;
    private static final String MARK = "\u2581";

    /** The steps of a part one after the other; none if it is absent. */
    List<JsonFile> steps(String part) {
        List<JsonFile> steps = new ArrayList<>();
        if (json.has(part)) {
            add(part, json.root().get(part), 0, steps);
        }
        return steps;
    }

    private void add(String part, JsonNode step, int depth, List<JsonFile> to) {
        String type = step.path("type").asString("missing");
        JsonNode inner = switch (part) {
            case "normalizer" -> step.path("normalizers");
            case "pre_tokenizer" -> step.path("pretokenizers");
            default -> step.path("decoders");
        };
        if (type.equals("Sequence") && inner.isArray() && depth < 2) {
            inner.forEach(each -> add(part, each, depth + 1, to));
        } else {
            to.add(new JsonFile(json.file(), step));
        }
        if (to.size() > MOST) {
            throw new BadFileException(json.file(), part + " has more than " + MOST + " steps");
        }
    }

    static String type(JsonFile step) {
        return step.root().path("type").asString("missing");
    }

    BadFileException unsupported(String part, JsonFile step, String supported) {
        return new BadFileException(json.file(), part + ".type is " + type(step) + "; supported: " + supported);
    }

    List<Normalizer> normalizers() {
        List<JsonFile> steps = steps("normalizer");
        List<Normalizer> normalizers = steps.stream().map(this::normalizer).toList();
        requireGrowth("normalizer", steps);
        return normalizers;
    }

    private void requireGrowth(String part, List<JsonFile> steps) {
        long growth = 1;
        var spaced = new HashSet<String>();
        for (JsonFile step : steps) {
            // One step after the other that puts spaces around another character: each character gets them once.
            boolean another = isSpaced(step) && !spaced.isEmpty() && !spaced.contains(character(step));
            growth *= another ? 1 : growth(step);
            if (isSpaced(step)) {
                spaced.add(character(step));
            } else {
                spaced.clear();
            }
            if (growth > MOST_GROWTH) {
                throw new BadFileException(
                        json.file(),
                        part + " makes texts up to " + growth + " times as long; supported: " + MOST_GROWTH);
            }
        }
    }

    /** Whether a step only puts spaces around a character, as model2vec has such steps for all of ASCII's punctuation. */
    private static boolean isSpaced(JsonFile step) {
        String character = character(step);
        return type(step).equals("Replace")
                && character.codePointCount(0, character.length()) == 1
                && !character.equals(" ")
                && step.root().path("content").asString("").equals(" " + character + " ");
    }

    private static String character(JsonFile step) {
        return step.root().path("pattern").path("String").asString("");
    }

    /** How many times as long a step can make a text. */
    private static long growth(JsonFile step) {
        return switch (type(step)) {
            case "Prepend" -> 1L + step.root().path("prepend").asString("").length();
            case "Replace" ->
                Math.max(1, step.root().path("content").asString("").length());
            case "Precompiled" -> OF_A_CHARSMAP;
            case "NFC", "NFD", "NFKC", "NFKD", "BertNormalizer" -> OF_A_FORM;
            default -> 1;
        };
    }

    private Normalizer normalizer(JsonFile step) {
        return switch (type(step)) {
            case "Precompiled" -> Charsmap.read(json.file(), text("normalizer", step, "precompiled_charsmap"));
            case "Replace" -> replacing(step);
            case "Prepend" -> Normalizers.prepend(text("normalizer", step, "prepend"));
            case "Strip" -> Normalizers.strip(step.flag("strip_left", false), step.flag("strip_right", false));
            case "Lowercase" -> Normalizers.lowercase();
            case "BertNormalizer" -> Normalizers.bert(WordPiece.Cleaning.of(step));
            case "Nmt" -> Normalizers.nmt();
            case "NFC" -> new UnicodeForm(java.text.Normalizer.Form.NFC);
            case "NFD" -> new UnicodeForm(java.text.Normalizer.Form.NFD);
            case "NFKC" -> new UnicodeForm(java.text.Normalizer.Form.NFKC);
            case "NFKD" -> new UnicodeForm(java.text.Normalizer.Form.NFKD);
            default ->
                throw unsupported(
                        "normalizer",
                        step,
                        "Precompiled, Replace, Prepend, Strip, Lowercase, Nmt, NFC, NFD, NFKC, NFKD, BertNormalizer");
        };
    }

    private Normalizer replacing(JsonFile step) {
        JsonNode pattern = step.root().path("pattern");
        String by = text("normalizer", step, "content");
        switch (pattern.path("Regex").asString("")) {
            case " {2,}" -> {
                return Normalizers.replaceRows(c -> c == ' ', 2, _ -> false, by);
            }
            case "\\s+" -> {
                return Normalizers.replaceRows(White::is, 1, _ -> false, by);
            }
            // DeBERTa's, as transformers 5 writes it.
            case "\\s{2,}|[\\n\\r\\t]" -> {
                return Normalizers.replaceRows(White::is, 2, c -> c == '\n' || c == '\r' || c == '\t', by);
            }
            default -> {}
        }
        return Normalizers.replace(pattern("normalizer", pattern), by);
    }

    /** A pattern that is a text; of regular expressions none are run. */
    private String pattern(String part, JsonNode pattern) {
        String wanted = pattern.path("String").asString("");
        if (wanted.isEmpty()) {
            throw new BadFileException(
                    json.file(),
                    part + ": pattern is " + pattern + "; supported: {\"String\": a text} or, in a normalizer, "
                            + "{\"Regex\": \" {2,}\"}, {\"Regex\": \"\\\\s+\"} or {\"Regex\": \"\\\\s{2,}|[\\\\n\\\\r\\\\t]\"}");
        }
        if (wanted.length() > LONGEST_PATTERN) {
            throw new BadFileException(
                    json.file(),
                    part + ": a pattern of " + wanted.length() + " chars; supported: up to " + LONGEST_PATTERN);
        }
        return wanted;
    }

    private String text(String part, JsonFile step, String field) {
        JsonNode value = step.root().path(field);
        if (!value.isString()) {
            throw new BadFileException(json.file(), part + "." + field + " must be a text");
        }
        return value.stringValue();
    }

    /** How texts are cut before SentencePiece's models see them, by the steps behind those at white space or punctuation. */
    Splitting splitting(List<JsonFile> steps) {
        if (steps.isEmpty()) {
            return new Plain(false);
        }
        JsonFile last = steps.getLast();
        boolean afterSpaces = type(last).equals("Split")
                && last.root().path("pattern").path("String").asString("").equals(" ")
                && last.root().path("behavior").asString("").equals("MergedWithPrevious")
                && !last.flag("invert", false);
        if (steps.size() == 1 && afterSpaces) {
            return new Plain(true);
        }
        if (type(last).equals("Metaspace") && steps.size() == 1) {
            return metaspace(last);
        }
        throw unsupported(
                "pre_tokenizer",
                steps.getFirst(),
                "Metaspace, Split after each space, none; with BPE also ByteLevel; before it Whitespace, WhitespaceSplit or Punctuation");
    }

    private Metaspace metaspace(JsonFile step) {
        String mark = step.has("replacement") ? text("pre_tokenizer", step, "replacement") : MARK;
        if (mark.length() != 1) {
            throw step.refuse("replacement", "one character, such as \"" + MARK + "\"");
        }
        step.supports("prepend_scheme", "always", "first", "never");
        String scheme = step.root().path("prepend_scheme").asString("always");
        boolean prepends = step.flag("add_prefix_space", true);
        if (!prepends && step.has("prepend_scheme") && !scheme.equals("never")) {
            throw step.refuse("add_prefix_space", "true, since prepend_scheme is " + scheme);
        }
        return new Metaspace(
                mark.charAt(0),
                prepends && scheme.equals("first"),
                prepends && scheme.equals("always"),
                step.flag("split", true));
    }

    List<Decoder> decoders() {
        List<JsonFile> steps = steps("decoder");
        List<Decoder> decoders = steps.stream().map(this::decoder).toList();
        requireGrowth("decoder", steps);
        return decoders;
    }

    private Decoder decoder(JsonFile step) {
        return switch (type(step)) {
            case "WordPiece" ->
                Decoder.wordPiece(step.root().path("prefix").asString("##"), step.flag("cleanup", true));
            case "Metaspace" -> {
                Metaspace metaspace = metaspace(step);
                yield Decoder.metaspace(String.valueOf(metaspace.mark()), metaspace.first() || metaspace.always());
            }
            case "Replace" ->
                Decoder.replace(pattern("decoder", step.root().path("pattern")), text("decoder", step, "content"));
            case "ByteFallback" -> Decoder.byteFallback();
            case "ByteLevel" -> Decoder.byteLevel();
            case "Fuse" -> Decoder.fuse();
            case "Strip" -> strip(step);
            default ->
                throw unsupported(
                        "decoder", step, "WordPiece, Metaspace, Replace, ByteFallback, ByteLevel, Fuse, Strip");
        };
    }

    private Decoder strip(JsonFile step) {
        String content = text("decoder", step, "content");
        if (content.codePointCount(0, content.length()) != 1) {
            throw step.refuse("content", "one character");
        }
        return Decoder.strip(
                content.codePointAt(0),
                step.integer("start", 0, Integer.MAX_VALUE),
                step.integer("stop", 0, Integer.MAX_VALUE));
    }
}
