package io.tokenwise.model.qwen3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TestModels;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.Pooling;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.references.RandomModel;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Workspace;
import io.tokenwise.tokenizer.TokenizerTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What causal models that serve as encoders have beyond others: tokens do not see those after them, and the last one is the text. Qwen2's, Qwen3's and Gemma 3's. */
class DecodersAsEncodersTest {
    private static final Logger LOG = LoggerFactory.getLogger(DecodersAsEncodersTest.class);

    private static final int WORDS = 97;

    @TempDir
    private Path folder;

    /** With the last token's vector as the text's. */
    private void write(String family, Map<String, ?> changes) throws IOException {
        RandomModel.small(family, changes, 7).write(folder, "model.");
        Files.writeString(folder.resolve("tokenizer.json"), TokenizerTest.SMALL);
        Files.writeString(folder.resolve("modules.json"), """
            [{"type": "sentence_transformers.models.Transformer", "path": ""},
             {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}]\
            """);
        Files.createDirectories(folder.resolve("1_Pooling"));
        Files.writeString(folder.resolve("1_Pooling/config.json"), "{\"pooling_mode_lasttoken\": true}");
    }

    private static Map<String, ?> causal(String family) {
        return family.equals("gemma3") ? Map.of("use_bidirectional_attention", false) : Map.of();
    }

    private static int[] text(int tokens, long seed) {
        return new SplittableRandom(seed).ints(tokens, 4, WORDS).toArray();
    }

    /** Of each token its vector, one after the other. */
    private static float[] tokens(Encoder encoder, Workspace workspace, int[] text) {
        var batch = new TokenBatch();
        encoder.add(batch, text);
        Pass pass = new Pass(encoder.parameters().backend().stream(), workspace).begin(Budget.FULL);
        try (HostTensor tokens = pass.stream().read(encoder.tokens(pass, batch))) {
            var values = new float[tokens.size()];
            tokens.copyTo(values);
            return values;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen2", "qwen3", "gemma3"})
    void tokensDoNotSeeThoseAfterThem(String family) throws IOException {
        write(family, causal(family));
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open(folder);
                Encoder encoder = Encoder.load(files, backend);
                Workspace workspace = backend.workspace(1L << 26)) {
            int[] text = text(20, 3);
            float[] of20 = tokens(encoder, workspace, text);
            float[] of10 = tokens(encoder, workspace, Arrays.copyOf(text, 10));
            assertThat(Arrays.copyOf(of20, of10.length)).isEqualTo(of10);
            text[19]++;
            float[] ofOther = tokens(encoder, workspace, text);
            int before = 19 * encoder.hidden();
            assertThat(Arrays.copyOf(ofOther, before)).isEqualTo(Arrays.copyOf(of20, before));
            assertThat(ofOther).isNotEqualTo(of20);
        }
    }

    /** As EmbeddingGemma's do. */
    @Test
    void withoutCausalityTheyDo() throws IOException {
        write("gemma3", Map.of());
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open(folder);
                Encoder encoder = Encoder.load(files, backend);
                Workspace workspace = backend.workspace(1L << 26)) {
            int[] text = text(20, 3);
            float[] first = Arrays.copyOf(tokens(encoder, workspace, text), encoder.hidden());
            text[19]++;
            assertThat(Arrays.copyOf(tokens(encoder, workspace, text), encoder.hidden()))
                    .isNotEqualTo(first);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen2", "qwen3", "gemma3"})
    void theLastTokenIsTheText(String family) throws IOException {
        write(family, causal(family));
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open(folder);
                Encoder encoder = Encoder.load(files, backend);
                var sessions = new Sessions(encoder, backend, 256, 1);
                Workspace workspace = backend.workspace(1L << 26)) {
            List<int[]> texts = List.of(text(20, 3), text(1, 4), text(7, 5));
            float[][] vectors = sessions.encode(texts, Budget.FULL, null);
            for (int i = 0; i < texts.size(); i++) {
                float[] all = tokens(encoder, workspace, texts.get(i));
                assertThat(vectors[i]).isEqualTo(Arrays.copyOfRange(all, all.length - encoder.hidden(), all.length));
            }
            encoder.save(folder.resolve("saved"), files.tokenizer(), ModelWriter.Existing.KEEP);
            try (ModelFiles saved = Models.open(folder.resolve("saved"))) {
                assertThat(((TextDescription) saved.description()).pooling()).contains(Pooling.LAST);
            }
        }
    }

    /** Of narrow products, beside float32; learners of gated MLPs and of V and O by groups of heads among them. */
    @ParameterizedTest
    @CsvSource({
        "qwen2, BF16, .999",
        "qwen2, S8, .99",
        "qwen3, BF16, .999",
        "qwen3, S8, .99",
        "gemma3, BF16, .999",
        "gemma3, S8, .99"
    })
    void narrowPrecisionsGiveNearlyTheSame(String family, Precision precision, double least) throws IOException {
        // Sides of at least 32 columns, so that the library multiplies.
        RandomModel.small(family, Map.of("hidden_size", 96, "intermediate_size", 256, "head_dim", 32), 7)
                .write(folder, "");
        Files.writeString(folder.resolve("tokenizer.json"), TokenizerTest.SMALL);
        List<int[]> texts =
                IntStream.range(0, 100).mapToObj(i -> text(3 + i % 40, i)).toList();
        try (Backend exact = VectorBackend.open(1);
                Backend narrow = TestModels.oneDnn(precision, 1);
                ModelFiles files = Models.open(folder);
                Encoder adaptive = Encoder.load(files, exact)) {
            TestModels.acmize(adaptive, AdaptiveLayers.parse("mlp,vo", 2), texts.subList(0, 20));
            adaptive.save(folder.resolve("adaptive"), files.tokenizer(), ModelWriter.Existing.KEEP);
            for (Budget budget : List.of(Budget.FULL, Budget.fixed(.5))) {
                double cosine = cosine(vectors(exact, texts, budget), vectors(narrow, texts, budget));
                LOG.info("{} {} at {}: mean cosine {}", family, precision, budget, cosine);
                assertThat(cosine).isGreaterThan(least);
            }
        }
    }

    private float[][] vectors(Backend backend, List<int[]> texts, Budget budget) throws IOException {
        try (ModelFiles files = Models.open(folder.resolve("adaptive"));
                Encoder encoder = Encoder.load(files, backend);
                var sessions = new Sessions(encoder, backend, 512, 1)) {
            return sessions.encode(texts, budget, null);
        }
    }

    private static double cosine(float[][] a, float[][] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            double product = 0;
            double ofA = 0;
            double ofB = 0;
            for (int j = 0; j < a[i].length; j++) {
                product += (double) a[i][j] * b[i][j];
                ofA += (double) a[i][j] * a[i][j];
                ofB += (double) b[i][j] * b[i][j];
            }
            sum += product / Math.sqrt(ofA * ofB);
        }
        return sum / a.length;
    }

    @Test
    void queriesAndKeysAreNotCut() throws IOException {
        write("qwen3", Map.of());
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open(folder);
                Encoder encoder = Encoder.load(files, backend)) {
            assertThatThrownBy(
                            () -> TestModels.acmize(encoder, AdaptiveLayers.parse("mlp,qk,vo", 2), List.of(text(9, 1))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("layers.0.attention: queries and keys have positions, norms or heads that cannot be cut"
                            + " into learners: make mlp,vo adaptive");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "qwen2|use_sliding_window|true|use_sliding_window is true; supported: false",
                "qwen2|num_key_value_heads|4|num_key_value_heads is 4; supported: a divisor of num_attention_heads, 6",
                "qwen2|head_dim|15|head_dim is 15; supported: an even number, since rotary positions turn pairs of"
                        + " columns",
                "qwen3|use_sliding_window|true|use_sliding_window is true; supported: false",
                "qwen3|num_key_value_heads|4|num_key_value_heads is 4; supported: a divisor of num_attention_heads, 6",
                "qwen3|head_dim|15|head_dim is 15; supported: an even number, since rotary positions turn pairs of"
                        + " columns",
                "gemma3|is_causal|false|is_causal is false; supported: true beside use_bidirectional_attention, which says"
                        + " how far windows go",
                "gemma3|attn_logit_softcapping|50|attn_logit_softcapping is 50; supported: nothing",
                "gemma3|hidden_activation|tanh|hidden_activation is \"tanh\"; supported: gelu or gelu_pytorch_tanh or"
                        + " gelu_new or silu or swish or relu",
            })
    void whatIsNotSupportedIsNamed(String family, String field, String value, String message) throws IOException {
        write(family, Map.of());
        Path config = folder.resolve("config.json");
        String text = Files.readString(config).replaceAll("\"" + field + "\"\\s*:\\s*[^,}]+,?", "");
        String shown = value.matches("[a-z]+") && !value.matches("true|false") ? "\"" + value + "\"" : value;
        Files.writeString(config, text.replaceFirst("\\{", "{\"" + field + "\": " + shown + ", "));
        assertThatThrownBy(() -> Models.open(folder))
                .isInstanceOf(BadFileException.class)
                .hasMessageEndingWith(message);
    }
}
