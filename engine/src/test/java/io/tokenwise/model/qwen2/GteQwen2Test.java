package io.tokenwise.model.qwen2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.RandomModel;
import io.tokenwise.references.Reference;
import io.tokenwise.references.TorchScript;
import io.tokenwise.tokenizer.ByteVocabulary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** gte-Qwen2's folder: code of its own, which lets tokens see each other and ends texts with a token that no tokenizer.json speaks of. */
class GteQwen2Test {
    private static final EngineOptions OPTIONS = EngineOptions.defaults()
            .withThreads(1)
            .withBackend(new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32));

    private static final int END = 256;

    @TempDir
    private Path folder;

    private RandomModel model;

    @BeforeEach
    void write() throws IOException {
        Map<String, Object> config = Map.of(
                "architectures",
                List.of("Qwen2ForCausalLM"),
                "auto_map",
                Map.of(
                        "AutoModel",
                        "modeling_qwen.Qwen2Model",
                        "AutoModelForCausalLM",
                        "modeling_qwen.Qwen2ForCausalLM"),
                "is_causal",
                false,
                "tie_word_embeddings",
                false,
                "use_sliding_window",
                false,
                "sliding_window",
                131_072,
                "vocab_size",
                260);
        // With the table of words that the files have too, which no vector needs.
        model = RandomModel.small("qwen2", config, 7).with("answer", Map.of("yes", 1, "no", 2), 8);
        model.write(folder, "model.");
        var vocabulary = ByteVocabulary.bytes();
        vocabulary.add("<|endoftext|>");
        write(
                "tokenizer.json",
                new String(vocabulary.qwen2Json())
                        .replace(
                                "\"added_tokens\":[]",
                                "\"added_tokens\":[{\"id\":256,\"content\":\"<|endoftext|>\",\"special\":true}]")
                        .replace(
                                "\"post_processor\":null",
                                "\"post_processor\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":false,\"use_regex\":false}"));
        write("tokenizer_config.json", """
                {"add_eos_token": true, "auto_map": {"AutoTokenizer": ["tokenization_qwen.Qwen2Tokenizer", "tokenization_qwen.Qwen2TokenizerFast"]},
                 "bos_token": null, "eos_token": "<|endoftext|>", "model_max_length": 32768, "tokenizer_class": "Qwen2Tokenizer"}
                """);
        write("modules.json", """
                [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
                 {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
                 {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]
                """);
        write("1_Pooling/config.json", "{\"word_embedding_dimension\": 48, \"pooling_mode_lasttoken\": true}");
        write(
                "config_sentence_transformers.json",
                "{\"prompts\": {\"query\": \"Instruct: Given a web search query\\nQuery: \"}, \"default_prompt_name\": null}");
    }

    private void write(String file, String text) throws IOException {
        Path path = folder.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    @Test
    void theVectorIsThatOfTheEndWhichSeesAll() throws IOException {
        assumeThat(TorchScript.isAvailable()).as("libtorch").isTrue();
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), OPTIONS);
                Reference torch = model.reference()) {
            String text = "the sea\n";
            int[] ids = text.chars().toArray();
            int[] ended = Arrays.copyOf(ids, ids.length + 1);
            ended[ids.length] = END;
            float[] wanted = torch.run(ended).last()[ids.length];
            double squares = 0;
            for (float value : wanted) {
                squares += (double) value * value;
            }
            float[] found = encoder.embed(text).vector();
            for (int i = 0; i < wanted.length; i++) {
                assertThat((double) found[i]).isCloseTo(wanted[i] / Math.sqrt(squares), within(1e-4));
            }
            Path saved = folder.resolve("saved");
            encoder.model().encoder().save(saved, encoder.model().files().tokenizer(), ModelWriter.Existing.KEEP);
            try (TextEncoder again = TextEncoder.open(saved.toString(), OPTIONS)) {
                assertThat(again.embed(text).vector()).containsExactly(found);
                assertThat(again.embedQuery(text).vector())
                        .containsExactly(encoder.embedQuery(text).vector());
            }
        }
    }

    /** As a tokenizer.json has it that was saved from that tokenizer: in its place, not twice. */
    @Test
    void anEndThatIsThereAlreadyIsOne() throws IOException {
        float[] wanted;
        Path saved = folder.resolve("saved");
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), OPTIONS)) {
            wanted = encoder.embed("sea").vector();
            encoder.model().encoder().save(saved, encoder.model().files().tokenizer(), ModelWriter.Existing.KEEP);
        }
        Files.copy(folder.resolve("tokenizer_config.json"), saved.resolve("tokenizer_config.json"));
        try (TextEncoder encoder = TextEncoder.open(saved.toString(), OPTIONS)) {
            assertThat(encoder.model().files().tokenizer().encode("sea").ids()).containsExactly('s', 'e', 'a', END);
            assertThat(encoder.embed("sea").vector()).containsExactly(wanted);
        }
    }

    /** Of code whose field is not there nobody knows what it does, and of other code neither. */
    @ParameterizedTest
    @CsvSource(
            delimiterString = " | ",
            quoteCharacter = '`',
            value = {
                "config.json | \"is_causal\":false | \"use_cache\":false | ; supported: nothing, or an AutoModel modeling_qwen.Qwen2Model beside is_causal false, which says what gte-Qwen2's code does",
                "config.json | \"is_causal\":false | \"is_causal\":true | ; supported: nothing, or an AutoModel modeling_qwen.Qwen2Model beside is_causal false",
                "config.json | modeling_qwen.Qwen2Model | modeling_other.Qwen2Model | ; supported: nothing, or an AutoModel modeling_qwen.Qwen2Model beside is_causal false",
                "tokenizer_config.json | \"add_eos_token\": true, | \"errors\": \"replace\", | tokenizer_config.json: add_eos_token is missing; supported: true, as of gte-Qwen2, whose tokenizer it names",
                "tokenizer_config.json | \"add_eos_token\": true | \"add_eos_token\": 1 | tokenizer_config.json: add_eos_token is 1; supported: true or false",
                "tokenizer_config.json | \"eos_token\": \"<|endoftext|>\" | \"eos_token\": \"<end>\" | tokenizer_config.json: eos_token is \"<end>\"; supported: one of added_tokens in tokenizer.json",
                "tokenizer_config.json | \"eos_token\": \"<|endoftext|>\" | \"eos_token\": null | tokenizer_config.json: eos_token is missing; supported: one of added_tokens in tokenizer.json",
                "tokenizer.json | \"id\":256 | \"id\":\"x\" | tokenizer.json: ",
                "tokenizer.json | {\"version\" | [{\"version\" | tokenizer.json: ",
                "tokenizer.json | \"decoder\":null | \"decoder\":null,,  | tokenizer.json: ",
            })
    void whatIsNotKnownIsRefused(String file, String good, String bad, String message) throws IOException {
        String text = Files.readString(folder.resolve(file));
        assertThat(text).contains(good);
        write(file, text.replace(good, bad));
        assertThatThrownBy(() -> Models.open(folder))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining(message)
                .message()
                .hasLineCount(1);
    }
}
