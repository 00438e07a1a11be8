package io.tokenwise.model.open;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BadFileException;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.references.RandomModel;
import io.tokenwise.tokenizer.ByteVocabulary;
import io.tokenwise.tokenizer.DebertaTokenizerTest;
import io.tokenwise.tokenizer.SentencePieceVocabularyTest;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Folders without tokenizer.json, as dslim's and cardiffnlp's: vocab.txt of a BERT, vocab.json and merges.txt of a RoBERTa, SentencePiece's files. */
class OlderTokenizersTest {
    @TempDir
    private Path folder;

    @BeforeEach
    void writeBert() throws IOException {
        RandomModel.small("bert", Map.of("vocab_size", 400), 5).write(folder, "bert.");
        write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nrene\nRen\n##é\n##e\n東\n京\n東京\n");
    }

    private void write(String file, String text) throws IOException {
        Files.writeString(folder.resolve(file), text);
    }

    private List<String> tokens(String text) throws IOException {
        return tokens(folder, text);
    }

    static List<String> tokens(Path folder, String text) throws IOException {
        try (ModelFiles files = Models.open(folder)) {
            Tokenizer tokenizer = files.tokenizer();
            return tokenizer.tokens(tokenizer.encode(text).ids());
        }
    }

    private void assertRefused(String message) {
        assertThatThrownBy(() -> Models.open(folder))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining(message)
                .message()
                .hasLineCount(1);
    }

    /** Where the file says nothing: transformers takes small letters, and of these no accents. */
    @Test
    void aBertsWordsAreAsItsTokenizerConfigSays() throws IOException {
        String text = "René 東京 [MASK]";
        assertThat(tokens(text)).containsExactly("[CLS]", "rene", "東", "京", "[MASK]", "[SEP]");
        write("tokenizer_config.json", "{\"do_lower_case\": false, \"strip_accents\": null}");
        assertThat(tokens(text)).containsExactly("[CLS]", "Ren", "##é", "東", "京", "[MASK]", "[SEP]");
        write(
                "tokenizer_config.json",
                "{\"do_lower_case\": false, \"strip_accents\": true, \"tokenize_chinese_chars\": false,"
                        + " \"tokenizer_class\": \"BertTokenizerFast\"}");
        assertThat(tokens(text)).containsExactly("[CLS]", "Ren", "##e", "東京", "[MASK]", "[SEP]");
        // Lines of Windows, as Python reads them too.
        write("vocab.txt", Files.readString(folder.resolve("vocab.txt")).replace("\n", "\r\n"));
        assertThat(tokens(text)).containsExactly("[CLS]", "Ren", "##e", "東京", "[MASK]", "[SEP]");
    }

    @Test
    void itsLengthHasAnOlderNameToo() throws IOException {
        write("tokenizer_config.json", "{\"max_len\": 7}");
        try (ModelFiles files = Models.open(folder)) {
            assertThat(files.description().maxTokens()).isEqualTo(7);
        }
        write("tokenizer_config.json", "{\"max_len\": 7, \"model_max_length\": 9}");
        try (ModelFiles files = Models.open(folder)) {
            assertThat(files.description().maxTokens()).isEqualTo(9);
        }
    }

    @Test
    void sentenceTransformersMayAskForSmallLetters() throws IOException {
        write("tokenizer_config.json", "{\"do_lower_case\": false}");
        assertThat(tokens("RENE")).containsExactly("[CLS]", "[UNK]", "[SEP]");
        write("sentence_bert_config.json", "{\"do_lower_case\": true}");
        assertThat(tokens("RENE")).containsExactly("[CLS]", "rene", "[SEP]");
    }

    @Test
    void whatIsSavedHasATokenizerJson() throws IOException {
        write("tokenizer_config.json", "{\"do_lower_case\": false}");
        Path saved = folder.resolve("saved");
        try (ModelFiles files = Models.open(folder)) {
            ModelWriter.write(saved, files.description(), Map.of(), files.tokenizer(), ModelWriter.Existing.KEEP);
            Tokenizer again = Tokenizer.open(saved.resolve("tokenizer.json"), 64);
            assertThat(again.encode("René").ids())
                    .containsExactly(files.tokenizer().encode("René").ids());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tokenizer_config.json | {'tokenizer_class': 'BertJapaneseTokenizer'} | tokenizer_config.json:"
                        + " tokenizer_class is \"BertJapaneseTokenizer\"; supported: BertTokenizer or"
                        + " DistilBertTokenizer or ElectraTokenizer; others are read from a tokenizer.json",
                "tokenizer_config.json | {'do_basic_tokenize': false} | do_basic_tokenize is false; supported: true",
                "tokenizer_config.json | {'do_lower_case': 1} | do_lower_case is 1; supported: true or false",
                "tokenizer_config.json | {'additional_special_tokens': ['<e1>']} | additional_special_tokens is"
                        + " [\"<e1>\"]; supported: none but [PAD], [UNK], [CLS], [SEP], [MASK];",
                "tokenizer_config.json | {'added_tokens_decoder': {'12': {'content': 'x'}}} | added_tokens_decoder is"
                        + " {\"12\":{\"content\":\"x\"}}; supported: [PAD], [UNK], [CLS], [SEP], [MASK] with their ids",
                "tokenizer_config.json | {'added_tokens_decoder': {'99': {'content': '[CLS]'}}} | added_tokens_decoder is"
                        + " {\"99\":{\"content\":\"[CLS]\"}}; supported: [PAD], [UNK], [CLS], [SEP], [MASK] with their ids",
                "special_tokens_map.json | {'cls_token': '<s>'} | special_tokens_map.json: cls_token is \"<s>\";"
                        + " supported: [CLS]; others are read from a tokenizer.json",
                "special_tokens_map.json | {'mask_token': {'content': '<m>'}} | mask_token is {\"content\":\"<m>\"};"
                        + " supported: [MASK];",
                "special_tokens_map.json | {'mask_token': {'content': '[MASK]', 'lstrip': 0}} | lstrip is 0;"
                        + " supported: true or false",
                "special_tokens_map.json | [] | special_tokens_map.json: must hold a JSON object",
                "added_tokens.json | {'<e1>': 12} | added_tokens.json: <e1> is 12; supported: no token beside the"
                        + " vocabulary",
                "vocab.txt | [PAD] | vocab.txt: has no line [UNK]: not the vocabulary of a BERT",
            })
    void whatABertsFilesSayOtherwiseIsRefusedByName(String file, String json, String message) throws IOException {
        write(file, json.replace('\'', '"'));
        assertRefused(message);
    }

    @Test
    void theClassOfTheTokenizerMayStandInConfigJson() throws IOException {
        RandomModel.small("bert", Map.of("tokenizer_class", "BertweetTokenizer"), 5)
                .write(folder, "bert.");
        assertRefused("config.json: tokenizer_class is \"BertweetTokenizer\"; supported: BertTokenizer or");
        write("tokenizer_config.json", "{\"tokenizer_class\": \"BertTokenizer\"}");
        assertThat(tokens("rene")).containsExactly("[CLS]", "rene", "[SEP]");
    }

    private void writeRoberta() throws IOException {
        Files.delete(folder.resolve("vocab.txt"));
        writeRoberta(folder);
    }

    static void writeRoberta(Path folder) throws IOException {
        RandomModel.small("bert", Map.of("vocab_size", 400, "model_type", "roberta"), 5)
                .write(folder, "roberta.");
        ByteVocabulary vocabulary = ByteVocabulary.bytes();
        vocabulary.merge("o", "n");
        vocabulary.merge("Ġ", "on");
        for (String token : List.of("<s>", "<pad>", "</s>", "<unk>", "<mask>")) {
            vocabulary.add(token);
        }
        Files.writeString(folder.resolve("vocab.json"), vocabulary.vocabJson());
        Files.writeString(folder.resolve("merges.txt"), vocabulary.mergesTxt());
    }

    @Test
    void aRobertasWordsAreOfBytesBetweenItsMarks() throws IOException {
        writeRoberta();
        assertThat(tokens("on on <mask>")).containsExactly("<s>", "on", "Ġon", "<mask>", "</s>");
        write("tokenizer_config.json", "{\"add_prefix_space\": true, \"tokenizer_class\": \"RobertaTokenizer\"}");
        assertThat(tokens("on<mask> on")).containsExactly("<s>", "Ġon", "<mask>", "Ġon", "</s>");
        write("special_tokens_map.json", "{\"mask_token\": {\"content\": \"<mask>\", \"lstrip\": false}}");
        assertThat(tokens("on <mask>")).containsExactly("<s>", "Ġon", "Ġ", "<mask>", "</s>");
        try (ModelFiles files = Models.open(folder)) {
            Tokenizer tokenizer = files.tokenizer();
            assertThat(tokenizer.tokens(tokenizer.encodePair("on", "on", 9).ids()))
                    .containsExactly("<s>", "Ġon", "</s>", "</s>", "Ġon", "</s>");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "merges.txt | o n | o  n | merges.txt: line 2 must be two pieces with a space between them",
                "merges.txt | o n | on | merges.txt: line 2 must be two pieces with a space between them",
                "merges.txt | o n | o q2 | vocab.json and merges.txt: model.merges: number 1 needs the piece 'q2'",
                "merges.txt | #version: 0.2 | # | merges.txt: must begin with a line #version and end with the end of a",
                "vocab.json | <pad> | <fill> | vocab.json: has no <pad>: not the vocabulary of a RoBERTa",
                "vocab.json | :1, | :2, | vocab.json and merges.txt: model.vocab gives the id 2 twice",
                "vocab.json | :1, | :\"1\", | vocab.json and merges.txt: a token has the id \"1\"",
                "vocab.json | {\"Ā\" | [\"Ā\" | vocab.json: is not valid JSON",
            })
    void whatIsNoVocabularyOfARobertaIsRefusedByName(String file, String good, String bad, String message)
            throws IOException {
        writeRoberta();
        String text = Files.readString(folder.resolve(file));
        assertThat(text).contains(good);
        write(file, text.replace(good, bad));
        assertRefused(message);
    }

    @Test
    void aVocabularyIsNoLargerThanAnyThatIsPublished() throws IOException {
        write("vocab.txt", "a\r\n".repeat((1 << 19) + 1));
        assertRefused(
                "vocab.txt: has 1572867 bytes and 524289 ends of lines; supported: up to 16777216 bytes and 524288");
        write("vocab.txt", " ".repeat((16 << 20) + 1));
        assertRefused("vocab.txt: has 16777217 bytes and 0 ends of lines");
    }

    @Test
    void mergesMustBeThere() throws IOException {
        writeRoberta();
        Files.delete(folder.resolve("merges.txt"));
        assertRefused("merges.txt: no such file");
        write("tokenizer_config.json", "{\"tokenizer_class\": \"GPT2Tokenizer\"}");
        assertRefused("tokenizer_class is \"GPT2Tokenizer\"; supported: RobertaTokenizer; others are read from");
    }

    @ParameterizedTest
    @ValueSource(strings = {"spiece.model", "tokenizer.model"})
    void sentencePiecesFilesAreNamedWithTheWayOut(String file) throws IOException {
        Files.move(folder.resolve("vocab.txt"), folder.resolve(file));
        assertRefused("tokenizer.json: no such file, and " + file + " is not read; in Python it is written by"
                + " AutoTokenizer.from_pretrained(folder).save_pretrained(folder)");
    }

    private void writeSentencePieces(String modelType) throws IOException {
        Files.delete(folder.resolve("vocab.txt"));
        RandomModel.small("bert", Map.of("vocab_size", 400, "model_type", modelType), 5)
                .write(folder, modelType.equals("bert") ? "bert." : "roberta.");
        Files.write(
                folder.resolve("sentencepiece.bpe.model"), SentencePieceVocabularyTest.model("\u2581le", "\u2581chat"));
    }

    private int[] ids(String text) throws IOException {
        try (ModelFiles files = Models.open(folder)) {
            return files.tokenizer().encode(text).ids();
        }
    }

    /** As cardiffnlp's twitter-xlm-roberta-base-sentiment and Jean-Baptiste's camembert-ner. */
    @Test
    void whosePiecesAreSentencePiecesIsSeenByTheTokenizersClassOrTheModel() throws IOException {
        writeSentencePieces("xlm-roberta");
        assertThat(ids("le chat")).containsExactly(0, 4, 5, 2);
        write("tokenizer_config.json", "{\"tokenizer_class\": \"CamembertTokenizerFast\"}");
        assertThat(ids("le chat")).containsExactly(5, 7, 8, 6);
        write(
                "special_tokens_map.json",
                "{\"additional_special_tokens\": [\"<s>NOTUSED\", {\"content\": \"</s>NOTUSED\"}]}");
        assertThat(ids("le<mask>")).containsExactly(5, 7, 9, 6);
        // As transformers writes what the file itself does not have.
        write("added_tokens.json", "{\"<mask>\": 9}");
        assertThat(ids("le<mask>")).containsExactly(5, 7, 9, 6);
        write("added_tokens.json", "{\"<mask>\": 8}");
        assertRefused(
                "added_tokens.json: <mask> is 8; supported: no token beside the vocabulary; others are read from");
        write("added_tokens.json", "{}");
        write("special_tokens_map.json", "{\"additional_special_tokens\": [\"<e1>\"]}");
        assertRefused("additional_special_tokens is [\"<e1>\"]; supported: none but <s>, <pad>, </s>, <unk>, <mask>,");
        write("special_tokens_map.json", "{}");
        write("tokenizer_config.json", "{\"tokenizer_class\": \"T5Tokenizer\"}");
        assertRefused(
                "tokenizer_class is \"T5Tokenizer\"; supported: XLMRobertaTokenizer or CamembertTokenizer; others");
    }

    @Test
    void camembertsAndOthersModels() throws IOException {
        writeSentencePieces("camembert");
        assertThat(ids("le chat")).containsExactly(5, 7, 8, 6);
        Files.writeString(folder.resolve("vocab.txt"), "");
        writeSentencePieces("bert");
        assertRefused(
                "sentencepiece.bpe.model: is read of XLMRobertaTokenizer and CamembertTokenizer; others are read from a tokenizer.json");
        // As the older folders of paraphrase-multilingual-MiniLM-L12-v2.
        write("tokenizer_config.json", "{\"tokenizer_class\": \"XLMRobertaTokenizer\"}");
        assertThat(ids("le chat")).containsExactly(0, 4, 5, 2);
    }

    /** As microsoft/deberta-v3-base and cross-encoder/nli-deberta-v3-base. */
    @Test
    void debertasPiecesHaveTheIdsOfItsFile() throws IOException {
        Files.delete(folder.resolve("vocab.txt"));
        Files.write(folder.resolve("spm.model"), DebertaTokenizerTest.model("\u2581le", "\u2581,", "\u2581chat"));
        assertRefused("spm.model: is read of DebertaV2Tokenizer; others are read from a tokenizer.json");
        write(
                "tokenizer_config.json",
                "{\"do_lower_case\": true, \"split_by_punct\": true, \"vocab_type\": \"spm\","
                        + " \"tokenizer_class\": \"DebertaV2Tokenizer\"}");
        assertThat(ids(" Le,chat [MASK] ")).containsExactly(1, 4, 5, 6, 7, 2);
        write("added_tokens.json", "{\"[MASK]\": 7}");
        write("special_tokens_map.json", "{\"mask_token\": \"[MASK]\", \"bos_token\": \"[CLS]\"}");
        write(
                "tokenizer_config.json",
                "{\"do_lower_case\": false, \"tokenizer_class\": \"DebertaV2TokenizerFast\", \"added_tokens_decoder\":"
                        + " {\"7\": {\"content\": \"[MASK]\", \"lstrip\": true}}}");
        assertThat(ids("le chat [MASK] Le,")).containsExactly(1, 4, 6, 7, 3, 2);
        write("added_tokens.json", "{\"[MASK]\": 128000}");
        assertRefused(
                "added_tokens.json: [MASK] is 128000; supported: no token beside the vocabulary; others are read");
        write("added_tokens.json", "{}");
        write("special_tokens_map.json", "{\"cls_token\": \"<s>\"}");
        assertRefused("special_tokens_map.json: cls_token is \"<s>\"; supported: [CLS]; others are read from");
        write("special_tokens_map.json", "{}");
        write("tokenizer_config.json", "{\"tokenizer_class\": \"XLMRobertaTokenizer\"}");
        assertRefused("tokenizer_class is \"XLMRobertaTokenizer\"; supported: DebertaV2Tokenizer; others are read");
        write("tokenizer_config.json", "{\"tokenizer_class\": \"DebertaV2Tokenizer\", \"do_lower_case\": \"no\"}");
        assertRefused("tokenizer_config.json: do_lower_case is \"no\"; supported: true or false");
        write("tokenizer_config.json", "{\"tokenizer_class\": \"DebertaV2Tokenizer\"}");
        write("spm.model", "version https://git-lfs.github.com/spec/v1\n");
        assertRefused("spm.model: is a pointer of Git LFS and not the file itself");
    }

    /** As microsoft/deberta-v3-base, whose tokenizer_config.json names no class. */
    @Test
    void debertasConfigSaysWhoseFileItIs(@TempDir Path model) throws IOException {
        RandomModel.small("deberta_v2", Map.of("vocab_size", 8), 5).write(model, "deberta.");
        Files.write(model.resolve("spm.model"), DebertaTokenizerTest.model("\u2581le", "\u2581,", "\u2581chat"));
        Files.writeString(
                model.resolve("tokenizer_config.json"), "{\"do_lower_case\": false, \"vocab_type\": \"spm\"}");
        try (ModelFiles files = Models.open(model)) {
            assertThat(files.tokenizer().encode("le chat [MASK]").ids()).containsExactly(1, 4, 6, 7, 2);
        }
    }
}
