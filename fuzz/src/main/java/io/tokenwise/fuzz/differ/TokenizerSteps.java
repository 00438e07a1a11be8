package io.tokenwise.fuzz.differ;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The random steps of a tokenizer.json around its model, which they are written into.
 *
 * @param root the tokenizer.json
 * @param letters gives one that texts have
 */
record TokenizerSteps(SplittableRandom random, ObjectNode root, Supplier<String> letters) {
    /** What stands before and behind SentencePiece's models; a name for it. */
    String sentencePiece() {
        int layout = random.nextInt(6);
        String replacement = random.nextInt(8) == 0 ? "_" : TokenizerFiles.MARK;
        ArrayNode normalizers = TokenizerFiles.MAPPER.createArrayNode();
        for (int count = random.nextInt(3); count > 0; count--) {
            normalizers.add(normalizer());
        }
        switch (layout) {
            case 0 -> {
                if (random.nextBoolean()) {
                    normalizers.addObject().put("type", "Prepend").put("prepend", TokenizerFiles.MARK);
                }
                normalizers.add(replace(" ", TokenizerFiles.MARK));
            }
            case 1 -> {
                normalizers.add(replace(" ", TokenizerFiles.MARK));
                ObjectNode split = root.putObject("pre_tokenizer").put("type", "Split");
                split.putObject("pattern").put("String", " ");
                split.put("behavior", "MergedWithPrevious").put("invert", false);
            }
            case 2, 3 -> root.set("pre_tokenizer", metaspace(replacement));
            case 4 -> cutting(List.of(stretches(), metaspace(replacement)));
            default -> cutting(List.of(stretches()));
        }
        if (!normalizers.isEmpty()) {
            root.putObject("normalizer").put("type", "Sequence").set("normalizers", normalizers);
        }
        decoder(layout, replacement);
        return ", layout " + layout + ", " + normalizers.size() + " normalizers";
    }

    /** Cuts texts at white space or around punctuation, before other steps or alone. */
    ObjectNode stretches() {
        return TokenizerFiles.MAPPER
                .createObjectNode()
                .put("type", Words.any(random, "WhitespaceSplit", "Whitespace", "Punctuation"));
    }

    /** Writes what cuts texts. */
    void cutting(List<ObjectNode> steps) {
        if (steps.size() == 1) {
            root.set("pre_tokenizer", steps.getFirst());
        } else {
            root.putObject("pre_tokenizer")
                    .put("type", "Sequence")
                    .putArray("pretokenizers")
                    .addAll(steps);
        }
    }

    private ObjectNode metaspace(String replacement) {
        return TokenizerFiles.MAPPER
                .createObjectNode()
                .put("type", "Metaspace")
                .put("replacement", replacement)
                .put("prepend_scheme", Words.any(random, "always", "first", "never"))
                .put("split", random.nextBoolean());
    }

    private void decoder(int layout, String replacement) {
        if (layout >= 2 && random.nextBoolean()) {
            root.set("decoder", metaspace(replacement));
            return;
        }
        ArrayNode steps = root.putObject("decoder").put("type", "Sequence").putArray("decoders");
        steps.add(replace(TokenizerFiles.MARK, " "));
        steps.addObject().put("type", "ByteFallback");
        steps.addObject().put("type", "Fuse");
        if (random.nextBoolean()) {
            steps.addObject()
                    .put("type", "Strip")
                    .put("content", " ")
                    .put("start", random.nextInt(3))
                    .put("stop", 0);
        }
    }

    private JsonNode normalizer() {
        ObjectNode step = TokenizerFiles.MAPPER.createObjectNode();
        return switch (random.nextInt(6)) {
            case 0 -> step.put("type", Words.any(random, "NFC", "NFD", "NFKC", "NFKD"));
            case 1 -> step.put("type", "Lowercase");
            case 2 -> step.put("type", "Nmt");
            case 3 ->
                step.put("type", "Strip")
                        .put("strip_left", random.nextBoolean())
                        .put("strip_right", random.nextBoolean());
            case 4 -> replace(letters.get(), Words.any(random, "", letters.get(), letters.get() + letters.get()));
            default -> {
                step.put("type", "Replace").putObject("pattern").put("Regex", " {2,}");
                yield step.put("content", Words.any(random, " ", TokenizerFiles.MARK));
            }
        };
    }

    /** What normalizers leave of an added token, near enough to see whether that is anything. */
    String normalized(String text) {
        String left = root.path("normalizer").path("type").asString("").equals("BertNormalizer")
                ? Normalizer.normalize(text, Normalizer.Form.NFD).replaceAll("[\\p{Mn}\\p{C}\\uFFFD]", "")
                : text;
        for (JsonNode step : root.path("normalizer").path("normalizers")) {
            String type = step.get("type").stringValue();
            left = switch (type) {
                case "NFC", "NFD", "NFKC", "NFKD" -> Normalizer.normalize(left, Normalizer.Form.valueOf(type));
                case "Lowercase" -> left.toLowerCase(Locale.ROOT);
                case "Nmt" ->
                    left.replaceAll("[\\x01-\\x08\\x0B\\x0E-\\x1F\\x7F\\x8F\\x9F]", "")
                            .replaceAll("[\\u200B-\\u200F\\u2581\\uFEFF\\uFFFD]", " ");
                case "Strip" ->
                    left.replaceAll(step.get("strip_left").booleanValue() ? "(?U)^\\s+" : "^$", "")
                            .replaceAll(step.get("strip_right").booleanValue() ? "(?U)\\s+\\z" : "^$", "");
                case "Replace" ->
                    left.replace(
                            step.get("pattern").path("String").asString("  "),
                            step.get("content").stringValue());
                default -> left;
            };
        }
        return left;
    }

    static boolean isWhite(String text) {
        return text.matches("(?U)\\s*");
    }

    private static ObjectNode replace(String wanted, String by) {
        ObjectNode step = TokenizerFiles.MAPPER.createObjectNode().put("type", "Replace");
        step.putObject("pattern").put("String", wanted);
        return step.put("content", by);
    }

    /** What stands around a text, or around two. */
    void frame(Set<String> pieces, boolean byteLevel) {
        var all = new ArrayList<>(pieces);
        int first = random.nextInt(all.size());
        int last = random.nextInt(all.size());
        switch (random.nextInt(byteLevel ? 5 : 3)) {
            case 0 -> root.set("post_processor", template(all.get(first), first, all.get(last), last));
            case 1 -> around("BertProcessing", all.get(first), first, all.get(last), last);
            case 3 ->
                around("RobertaProcessing", all.get(first), first, all.get(last), last)
                        .put("trim_offsets", random.nextBoolean())
                        .put("add_prefix_space", random.nextBoolean());
            case 4 ->
                root.putObject("post_processor")
                        .put("type", "ByteLevel")
                        .put("add_prefix_space", random.nextBoolean())
                        .put("trim_offsets", random.nextBoolean())
                        .put("use_regex", true);
            default -> {
                // None.
            }
        }
    }

    private ObjectNode around(String type, String first, int firstId, String last, int lastId) {
        ObjectNode processor = root.putObject("post_processor").put("type", type);
        processor.putArray("sep").add(last).add(lastId);
        processor.putArray("cls").add(first).add(firstId);
        return processor;
    }

    private JsonNode template(String first, int firstId, String last, int lastId) {
        ObjectNode processor = TokenizerFiles.MAPPER.createObjectNode().put("type", "TemplateProcessing");
        ArrayNode single = processor.putArray("single");
        ArrayNode pair = processor.putArray("pair");
        mark(single, first, 0);
        single.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
        int second = random.nextInt(2);
        mark(pair, first, 0);
        pair.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
        mark(pair, last, second);
        pair.addObject().putObject("Sequence").put("id", "B").put("type_id", second);
        if (random.nextBoolean()) {
            mark(single, last, 0);
            mark(pair, last, second);
        }
        ObjectNode special = processor.putObject("special_tokens");
        special(special, first, firstId);
        special(special, last, lastId);
        return processor;
    }

    private static void mark(ArrayNode template, String token, int type) {
        template.addObject().putObject("SpecialToken").put("id", token).put("type_id", type);
    }

    private static void special(ObjectNode tokens, String token, int id) {
        ObjectNode entry = tokens.putObject(token).put("id", token);
        entry.putArray("ids").add(id);
        entry.putArray("tokens").add(token);
    }
}
