package io.tokenwise.model.open;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BadFileException;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.references.RandomModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Folders whose other files ask for other steps than tokenizer.json has: Python follows them. */
class ChangedStepsTest {
    private static final String CASED = "{\"do_lower_case\": false}";

    @TempDir
    private Path made;

    private Path folder;

    /** A BERT with a tokenizer.json. */
    private void writeBert(String tokenizerConfig) throws IOException {
        RandomModel.small("bert", Map.of("vocab_size", 400), 5).write(made, "bert.");
        Files.writeString(
                made.resolve("vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nrene\nRen\n##é\n##e\n東\n京\n東京\nren\n");
        Files.writeString(made.resolve("tokenizer_config.json"), tokenizerConfig);
        save();
    }

    private void writeRoberta() throws IOException {
        OlderTokenizersTest.writeRoberta(made);
        save();
    }

    private void save() throws IOException {
        folder = made.resolve("saved");
        try (ModelFiles files = Models.open(made)) {
            ModelWriter.write(folder, files.description(), Map.of(), files.tokenizer(), ModelWriter.Existing.KEEP);
        }
        for (String copied : List.of("config.json", "model.safetensors")) {
            Files.copy(made.resolve(copied), folder.resolve(copied), StandardCopyOption.REPLACE_EXISTING);
        }
        assertThat(folder.resolve("tokenizer.json")).exists();
    }

    private void write(String file, String text) throws IOException {
        Files.writeString(folder.resolve(file), text);
    }

    private List<String> tokens(String text) throws IOException {
        return OlderTokenizersTest.tokens(folder, text);
    }

    private List<String> places(String text) throws IOException {
        try (ModelFiles files = Models.open(folder)) {
            return files.tokenizer().places(text).stream()
                    .map(place -> place.start() + "-" + place.end())
                    .toList();
        }
    }

    private void assertRefused(String message) {
        assertThatThrownBy(() -> Models.open(folder))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining(message)
                .message()
                .hasLineCount(1);
    }

    /** {@code BertTokenizerFast} makes its normalizer anew where the two differ. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{} | rene 東 京",
                "{'model_max_length': 9} | rene 東 京",
                "{'do_lower_case': false} | Ren ##é 東 京",
                "{'do_lower_case': false, 'tokenizer_class': 'DistilBertTokenizerFast'} | Ren ##é 東 京",
                "{'do_lower_case': false, 'strip_accents': true} | Ren ##e 東 京",
                "{'strip_accents': false} | ren ##é 東 京",
                "{'tokenize_chinese_chars': false, 'tokenizer_class': 'BertTokenizer'} | rene 東京",
                "{'do_lower_case': false, 'tokenizer_class': 'PreTrainedTokenizerFast'} | rene 東 京"
            })
    void aBertsNormalizerIsAsItsTokenizerConfigSays(String config, String words) throws IOException {
        writeBert("{}");
        write("tokenizer_config.json", config.replace('\'', '"'));
        assertThat(String.join(" ", tokens("René 東京"))).isEqualTo("[CLS] " + words + " [SEP]");
    }

    /** Python looks there where tokenizer_config.json names no class. */
    @Test
    void theClassMayStandInConfigJson() throws IOException {
        writeBert("{}");
        write("tokenizer_config.json", CASED);
        assertThat(tokens("Ren")).contains("Ren");
        String config = Files.readString(folder.resolve("config.json"));
        write("config.json", config.replaceFirst("\\{", "{\"tokenizer_class\": \"PreTrainedTokenizerFast\","));
        assertThat(tokens("Ren")).contains("ren");
    }

    @Test
    void whatIsNullThereIsNull() throws IOException {
        writeBert("{\"strip_accents\": false}");
        assertThat(tokens("René")).contains("ren", "##é");
        write("tokenizer_config.json", "{\"strip_accents\": null}");
        assertThat(tokens("René")).contains("rene");
        write("tokenizer_config.json", "{\"do_lower_case\": 1}");
        assertRefused("tokenizer_config.json: do_lower_case is 1; supported: true or false");
    }

    @Test
    void aRobertasFirstWordHasASpaceWhereItsTokenizerConfigSaysSo() throws IOException {
        writeRoberta();
        assertThat(tokens("on on")).containsExactly("<s>", "on", "Ġon", "</s>");
        write("tokenizer_config.json", "{\"add_prefix_space\": true, \"tokenizer_class\": \"RobertaTokenizer\"}");
        assertThat(tokens("on on")).containsExactly("<s>", "Ġon", "Ġon", "</s>");
        assertThat(places("on on")).containsExactly("0-2", "3-5");
        write("tokenizer_config.json", "{\"add_prefix_space\": true, \"trim_offsets\": false}");
        assertThat(places("on on")).containsExactly("0-2", "2-5");
    }

    /** As bespin-global/klue-sroberta-base-continue-learning-by-mnr and msmarco-roberta-base-ance-firstp ask for. */
    @Test
    void sentenceTransformersMakesLettersSmallFirst() throws IOException {
        writeBert(CASED);
        assertThat(tokens("Ren é")).contains("Ren");
        write("sentence_bert_config.json", "{\"do_lower_case\": true}");
        assertThat(tokens("René REN")).containsExactly("[CLS]", "ren", "##é", "ren", "[SEP]");
        write("sentence_bert_config.json", "{\"do_lower_case\": false}");
        assertThat(tokens("René")).contains("Ren");
    }

    @Test
    void beforeBytesToo() throws IOException {
        writeRoberta();
        assertThat(tokens("ON On")).doesNotContain("on", "Ġon");
        write("sentence_bert_config.json", "{\"do_lower_case\": true}");
        assertThat(tokens("ON On")).containsExactly("<s>", "on", "Ġon", "</s>");
    }

    /** As sentence-transformers 5.4 and later save what they have read so: bge's English models too, whose normalizer makes letters small anyway. */
    @Test
    void aStepOfSmallLettersMayStandBeforeABertsNormalizer() throws IOException {
        writeBert(CASED);
        Path tokenizer = folder.resolve("tokenizer.json");
        String json = Files.readString(tokenizer);
        String normalizer = json.replaceAll("(?s).*\"normalizer\"\\s*:\\s*(\\{[^}]*}).*", "$1");
        assertThat(normalizer).contains("BertNormalizer");
        String small = "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Lowercase\"}," + normalizer + "]}";
        Files.writeString(tokenizer, json.replace(normalizer, small));
        assertThat(tokens("René REN")).containsExactly("[CLS]", "ren", "##é", "ren", "[SEP]");
        // It is there already.
        write("sentence_bert_config.json", "{\"do_lower_case\": true}");
        assertThat(tokens("René REN")).containsExactly("[CLS]", "ren", "##é", "ren", "[SEP]");
        Files.writeString(tokenizer, json.replace(normalizer, small.replace("Lowercase", "NFC")));
        assertRefused("normalizer.type is Sequence; supported: BertNormalizer, or Lowercase and BertNormalizer");
    }

    @Test
    void whatIsNotFollowedIsRefused() throws IOException {
        writeBert("{}");
        write("tokenizer_config.json", "{\"truncation_side\": \"left\"}");
        assertRefused("tokenizer_config.json: truncation_side is \"left\"; supported: right");
        write("tokenizer_config.json", "{\"truncation_side\": \"right\"}");
        write("sentence_bert_config.json", "{\"config_args\": {\"trust_remote_code\": true}}");
        assertThat(tokens("rene")).contains("rene");
        write("sentence_bert_config.json", "{\"config_args\": {\"hidden_act\": \"relu\"}}");
        assertRefused("sentence_bert_config.json: config_args is {\"hidden_act\":\"relu\"}; supported: none but");
    }
}
