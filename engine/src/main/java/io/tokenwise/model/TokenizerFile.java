package io.tokenwise.model;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.tokenizer.BertVocabulary;
import io.tokenwise.tokenizer.RobertaVocabulary;
import io.tokenwise.tokenizer.SentencePieceVocabulary;
import io.tokenwise.tokenizer.SentencePieceVocabulary.Layout;
import io.tokenwise.tokenizer.SpecialTokens;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * The tokenizer of a folder: its tokenizer.json, with what Python or code of gte-Qwen2 changes in it, or what transformers makes of the older files of a BERT
 * (vocab.txt), a RoBERTa (vocab.json and merges.txt), an XLM-RoBERTa, a CamemBERT (sentencepiece.bpe.model) or a DeBERTa (spm.model).
 *
 * @param file what messages call it
 * @param json a tokenizer.json
 */
public record TokenizerFile(String file, byte[] json) {
    public static final String NAME = "tokenizer.json";
    static final String CONFIG = "tokenizer_config.json";
    private static final String ADDED = "added_tokens.json";
    static final String CLASS = "tokenizer_class";

    /** Others of SentencePiece, which are not read. */
    private static final List<String> SENTENCE_PIECE = List.of("spiece.model", "tokenizer.model");

    /** What Python notes in a tokenizer.json of how it cut and padded last. */
    private static final Set<String> NOTES = Set.of("truncation", "padding");

    /** Whether a folder has one. */
    static boolean isIn(ModelFolder folder) {
        return Stream.concat(
                        Stream.of(NAME, BertVocabulary.FILE, RobertaVocabulary.FILE),
                        Stream.concat(Stream.of(Layout.values()).map(layout -> layout.file), SENTENCE_PIECE.stream()))
                .anyMatch(folder::has);
    }

    /**
     * What a folder has.
     *
     * @throws io.tokenwise.api.BadFileException if that is nothing that is read
     */
    public static TokenizerFile of(ModelFolder folder) throws IOException {
        JsonFile config = ifThere(folder, CONFIG);
        config.supports("truncation_side", "right");
        TokenizerFile read = read(folder, config);
        return new TokenizerFile(read.file, ChangedSteps.of(folder, config, read.file, read.json));
    }

    /** A tokenizer.json without the steps that other files ask for. */
    public static TokenizerFile asItLies(ModelFolder folder) throws IOException {
        return read(folder, ifThere(folder, CONFIG));
    }

    private static TokenizerFile read(ModelFolder folder, JsonFile config) throws IOException {
        if (!folder.has(NAME) && folder.has(BertVocabulary.FILE)) {
            SpecialTokens beside =
                    beside(folder, config, List.of("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer"));
            String file = folder.file(BertVocabulary.FILE);
            return new TokenizerFile(
                    file, BertVocabulary.tokenizerJson(file, folder.json(BertVocabulary.FILE), beside));
        }
        if (!folder.has(NAME) && folder.has(RobertaVocabulary.FILE)) {
            SpecialTokens beside = beside(folder, config, List.of("RobertaTokenizer"));
            return new TokenizerFile(
                    folder.file(RobertaVocabulary.FILE) + " and " + RobertaVocabulary.MERGES,
                    RobertaVocabulary.tokenizerJson(
                            folder.read(RobertaVocabulary.FILE),
                            folder.file(RobertaVocabulary.MERGES),
                            folder.json(RobertaVocabulary.MERGES),
                            beside));
        }
        List<Layout> layouts =
                Stream.of(Layout.values()).filter(each -> folder.has(each.file)).toList();
        if (!folder.has(NAME) && !layouts.isEmpty()) {
            return sentencePieces(folder, config, layouts);
        }
        for (String other : SENTENCE_PIECE) {
            folder.refuseInstead(NAME, other, "AutoTokenizer.from_pretrained(folder).save_pretrained(folder)");
        }
        byte[] json = folder.json(NAME);
        return new TokenizerFile(
                folder.file(NAME), EndOfText.isIn(config) ? EndOfText.behind(config, folder.file(NAME), json) : json);
    }

    /** @param layouts those of whose files there is one */
    private static TokenizerFile sentencePieces(ModelFolder folder, JsonFile config, List<Layout> layouts)
            throws IOException {
        List<String> classes =
                layouts.stream().map(layout -> layout.tokenizerClass).toList();
        SpecialTokens beside = beside(folder, config, classes);
        String named = className(naming(folder, config));
        String type =
                ifThere(folder, ModelFolder.CONFIG).root().path("model_type").asString("");
        Layout layout = layouts.stream()
                .filter(each -> named.isEmpty() ? type.equals(each.modelType) : named.equals(each.tokenizerClass))
                .findFirst()
                .orElseThrow(() -> new BadFileException(
                        folder.file(layouts.getFirst().file),
                        "is read of " + String.join(" and ", classes) + "; others are read from a tokenizer.json"));
        String file = folder.file(layout.file);
        byte[] bytes = folder.json(layout.file);
        return new TokenizerFile(file, SentencePieceVocabulary.tokenizerJson(file, bytes, layout, beside));
    }

    /** All of a tokenizer.json but its vocabulary. */
    static JsonFile steps(String file, byte[] json) {
        return JsonFile.parse(
                file, json, "model", Map.of("vocab", JsonParser::skipChildren, "merges", JsonParser::skipChildren));
    }

    /** The file that names the tokenizer's class: tokenizer_config.json, or else config.json, which may not. */
    static JsonFile naming(ModelFolder folder, JsonFile config) throws IOException {
        return config.has(CLASS) ? config : ifThere(folder, ModelFolder.CONFIG);
    }

    /** The class that a file names, the fast one as the slow one; "" if it names none. */
    static String className(JsonFile file) {
        return file.root().path(CLASS).asString("").replaceFirst("Fast$", "");
    }

    /** Whether another says the same; its fields in another order do not count as that. */
    boolean isSame(TokenizerFile other) {
        return Arrays.equals(json, other.json) || JsonFile.areSame(file, json, other.file, other.json, NOTES);
    }

    /**
     * What lies beside a vocabulary of an older form.
     *
     * @param classes transformers' tokenizers that have it; where no file names one it goes by the model
     */
    private static SpecialTokens beside(ModelFolder folder, JsonFile config, List<String> classes) throws IOException {
        JsonFile named = naming(folder, config);
        if (named.has(CLASS) && !classes.contains(className(named))) {
            throw named.refuse(CLASS, String.join(" or ", classes) + "; others are read from a tokenizer.json");
        }
        return new SpecialTokens(config, ifThere(folder, "special_tokens_map.json"), ifThere(folder, ADDED));
    }

    private static JsonFile ifThere(ModelFolder folder, String file) throws IOException {
        return folder.has(file)
                ? folder.read(file)
                : new JsonFile(folder.file(file), JsonNodeFactory.instance.objectNode());
    }
}
