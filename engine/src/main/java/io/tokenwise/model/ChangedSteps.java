package io.tokenwise.model;

import io.tokenwise.io.JsonFile;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A tokenizer.json as Python has it once a folder is open: transformers' tokenizers of BERT's kind take from tokenizer_config.json what stands there (models/bert/tokenization_bert_fast.py
 * at 096f9d3e, and later of Chinese characters too), those of bytes whether a text begins with a space (models/roberta/tokenization_roberta_fast.py at 01ae98ae), and sentence-transformers makes letters small first where its own file asks for it (base/modules/transformer.py at cad21198).
 */
final class ChangedSteps {
    private static final List<String> BERTS =
            List.of("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MPNetTokenizer");

    /** What a BertNormalizer calls what stands in tokenizer_config.json. */
    private static final Map<String, String> CLEANING = Map.of(
            "do_lower_case", "lowercase",
            "strip_accents", "strip_accents",
            "tokenize_chinese_chars", "handle_chinese_chars");

    private static final String SPACE = "add_prefix_space";
    private static final String NORMALIZER = "normalizer";
    private static final String NORMALIZERS = "normalizers";
    private static final String TRIMS = "trim_offsets";
    private static final String TYPE = "type";
    private static final String SEQUENCE = "Sequence";
    private static final String LOWERCASE = "Lowercase";

    private ChangedSteps() {}

    /** @param config the tokenizer_config.json beside it, which may be empty */
    static byte[] of(ModelFolder folder, JsonFile config, String file, byte[] json) throws IOException {
        boolean cleans = isOfBert(TokenizerFile.naming(folder, config))
                && CLEANING.keySet().stream().anyMatch(config.root()::has);
        boolean small = SentenceFiles.wantSmallLetters(folder);
        if (!cleans && !small && !config.has(SPACE) && !config.has(TRIMS)) {
            return json;
        }
        JsonNode steps = TokenizerFile.steps(file, json).root();
        JsonNode normalizer = cleans ? cleaning(steps.path(NORMALIZER), config) : steps.path(NORMALIZER);
        byte[] changed = replaced(file, json, steps, NORMALIZER, small ? ofSmallLetters(normalizer) : normalizer);
        for (String part : List.of("pre_tokenizer", "post_processor")) {
            changed = replaced(file, changed, steps, part, spacing(steps.path(part), config));
        }
        return changed;
    }

    private static byte[] replaced(String file, byte[] json, JsonNode steps, String part, JsonNode by) {
        return by.equals(steps.path(part)) ? json : JsonFile.replaced(file, json, part, by);
    }

    /** Whether a tokenizer is one of these, or nobody says which. */
    private static boolean isOfBert(JsonFile named) {
        return !named.has(TokenizerFile.CLASS) || BERTS.contains(TokenizerFile.className(named));
    }

    /** Of the post_processor too, by which places of tokens go. */
    private static JsonNode spacing(JsonNode part, JsonFile config) {
        if (!isType(part, "ByteLevel") && !isType(part, "RobertaProcessing")) {
            return part;
        }
        ObjectNode changed = ((ObjectNode) part).deepCopy();
        if (config.has(SPACE)) {
            changed.put(SPACE, config.flag(SPACE, true));
        }
        if (config.has(TRIMS)) {
            changed.put(TRIMS, config.flag(TRIMS, true));
        }
        return changed;
    }

    private static JsonNode cleaning(JsonNode normalizer, JsonFile config) {
        if (!isType(normalizer, "BertNormalizer")) {
            return normalizer;
        }
        ObjectNode changed = ((ObjectNode) normalizer).deepCopy();
        CLEANING.forEach((field, name) -> {
            if (config.has(field)) {
                changed.put(name, config.flag(field, true));
            } else if (config.root().has(field)) {
                changed.putNull(name);
            }
        });
        return changed;
    }

    private static JsonNode ofSmallLetters(JsonNode normalizer) {
        boolean several = isType(normalizer, SEQUENCE);
        if (isType(normalizer, LOWERCASE)
                || several && normalizer.path(NORMALIZERS).valueStream().anyMatch(step -> isType(step, LOWERCASE))) {
            return normalizer;
        }
        ObjectNode changed = JsonNodeFactory.instance.objectNode().put(TYPE, SEQUENCE);
        var steps = changed.putArray(NORMALIZERS);
        steps.addObject().put(TYPE, LOWERCASE);
        if (several) {
            normalizer.path(NORMALIZERS).forEach(steps::add);
        } else if (normalizer.isObject()) {
            steps.add(normalizer);
        }
        return changed;
    }

    private static boolean isType(JsonNode step, String type) {
        return step.path(TYPE).asString("").equals(type);
    }
}
