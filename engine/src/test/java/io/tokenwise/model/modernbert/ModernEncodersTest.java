package io.tokenwise.model.modernbert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.NearRows;
import io.tokenwise.model.open.ConfigFields;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.references.RandomModel;
import io.tokenwise.references.Reference;
import io.tokenwise.references.TorchScript;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import io.tokenwise.tokenizer.TokenizerTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;

/** ModernBERT and NomicBERT: lengths around a window's borders in one batch, what a window hides, long texts, and configs that ask for something else. */
class ModernEncodersTest {
    private static final int WORDS = 97;
    private static final int[] LENGTHS = {1, 5, 63, 64, 65, 127, 128, 129, 130, 300};

    /** A window of 128 as published, of 64 to each side; heads of an odd number. */
    static final List<Arguments> MODELS = List.of(
            Arguments.of("modernbert", Map.of("local_attention", 128, "max_position_embeddings", 512)),
            Arguments.of(
                    "modernbert",
                    Map.of("local_attention", 128, "max_position_embeddings", 512, "num_attention_heads", 1)),
            Arguments.of("nomic_bert", Map.of("n_positions", 512)),
            Arguments.of("nomic_bert", Map.of("n_positions", 512, "activation_function", "gelu", "n_head", 1)));

    @TempDir
    private Path folder;

    private static Backend float32() {
        return Backends.open(new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32), 1);
    }

    private void write(RandomModel model) throws IOException {
        model.write(folder, "");
        Files.writeString(folder.resolve("tokenizer.json"), TokenizerTest.SMALL);
    }

    private static int[] text(int length, long seed) {
        return new SplittableRandom(seed).ints(length, 4, WORDS).toArray();
    }

    @ParameterizedTest
    @FieldSource("MODELS")
    void everyLayerOfARaggedBatchIsLibtorchs(String program, Map<String, Object> changes) throws IOException {
        assumeThat(TorchScript.isAvailable()).isTrue();
        RandomModel model = RandomModel.small(program, changes, 5);
        write(model);
        try (Backend backend = float32();
                ModelFiles files = Models.open(folder);
                Encoder encoder = Encoder.load(files, backend);
                Workspace workspace = backend.workspace(1L << 28);
                Reference reference = model.reference()) {
            var batch = new TokenBatch();
            for (int length : LENGTHS) {
                encoder.add(batch, text(length, length));
            }
            var layers = new ArrayList<Tensor>();
            var pass = new Pass(backend.stream(), workspace);
            Tensor last = encoder.tokens(pass.begin(Budget.FULL).collectLayers(layers), batch);
            for (int i = 0; i < LENGTHS.length; i++) {
                var expected = reference.run(text(LENGTHS[i], LENGTHS[i]));
                for (int layer = 0; layer < layers.size(); layer++) {
                    float[][] wanted = expected.layers().get(layer);
                    NearRows.check(pass, layers.get(layer), batch.offsets()[i], wanted, "layer " + layer);
                }
                NearRows.check(pass, last, batch.offsets()[i], expected.last(), "the last layer");
            }
        }
    }

    private static float[][] tokens(Encoder encoder, Backend backend, int[] text) {
        try (Workspace workspace = backend.workspace(1L << 28)) {
            var batch = new TokenBatch();
            encoder.add(batch, text);
            var pass = new Pass(backend.stream(), workspace);
            try (HostTensor values = pass.stream().read(encoder.tokens(pass.begin(Budget.FULL), batch))) {
                float[][] rows = new float[values.rows()][values.columns()];
                for (int row = 0; row < rows.length; row++) {
                    values.copyRow(row, rows[row], 0);
                }
                return rows;
            }
        }
    }

    /** Two layers of which the second has a window of 4 to each side, and the first alone, which sees all. */
    @Test
    void aWindowHidesWhatIsFurtherAwayBitForBit() throws IOException {
        Map<String, Object> changes = new LinkedHashMap<>(Map.of("num_hidden_layers", 1, "local_attention", 8));
        changes.put("layer_types", List.of("sliding_attention"));
        for (boolean global : new boolean[] {false, true}) {
            if (global) {
                changes.put("layer_types", List.of("full_attention"));
            }
            write(RandomModel.small("modernbert", changes, 7));
            try (Backend backend = float32();
                    ModelFiles files = Models.open(folder);
                    Encoder encoder = Encoder.load(files, backend)) {
                int[] text = text(40, 1);
                float[][] before = tokens(encoder, backend, text);
                text[20] = text[20] == 5 ? 6 : 5;
                float[][] after = tokens(encoder, backend, text);
                for (int i = 0; i < text.length; i++) {
                    boolean seen = global || Math.abs(i - 20) <= 4;
                    assertThat(Arrays.equals(after[i], before[i]))
                            .as("token %d, global %s", i, global)
                            .isEqualTo(!seen);
                }
            }
        }
    }

    /**
     * A quarter of ModernBERT's widths, heads of its size, and four layers: what a session of its longest text holds is what it says, and batches change no bit.
     * What a token holds grows with the widths at most, so that at the published ones it is below a gibibyte.
     */
    @Test
    void textsOf8192TokensRunWithinTheirMemory() throws IOException {
        Map<String, Object> shape = new LinkedHashMap<>(
                Map.of("hidden_size", 192, "intermediate_size", 288, "num_hidden_layers", 4, "num_attention_heads", 3));
        shape.putAll(Map.of("vocab_size", WORDS, "max_position_embeddings", 8192, "global_attn_every_n_layers", 3));
        write(RandomModel.of("modernbert", shape, 3));
        try (Backend backend = float32();
                ModelFiles files = Models.open(folder);
                Encoder encoder = Encoder.load(files, backend)) {
            assertThat(Sessions.memoryLimit(encoder, 8192)).isLessThan((1L << 30) / 4);
            int[] text = text(8192, 2);
            try (var sessions = new Sessions(encoder, backend, 8192, 1)) {
                float[] alone = sessions.encode(List.of(text), Budget.FULL, null)[0];
                float[][] together = sessions.encode(List.of(text(17, 3), text, text(300, 4)), Budget.FULL, null);
                assertThat(together[1]).isEqualTo(alone);
                assertThat(IntStream.range(0, alone.length).allMatch(i -> Float.isFinite(alone[i])))
                        .isTrue();
            }
        }
    }

    static final List<Arguments> REFUSED = List.of(
            Arguments.of("nomic_bert", Map.of("prenorm", true), "prenorm"),
            Arguments.of("nomic_bert", Collections.singletonMap("n_embd", null), "has no n_embd; NomicBERT is read as"),
            Arguments.of(
                    "jina_bert",
                    Map.of(
                            "auto_map",
                            Map.of("AutoModel", "jinaai/jina-bert-v2-qk-post-norm--modeling_bert.JinaBertModel")),
                    "auto_map"),
            Arguments.of("nomic_bert", Map.of("moe_every_n_layers", 2), "moe_every_n_layers"),
            Arguments.of("nomic_bert", Map.of("rotary_emb_interleaved", true), "rotary_emb_interleaved"),
            Arguments.of("nomic_bert", Map.of("rotary_emb_fraction", 0.5), "rotary_emb_fraction"),
            Arguments.of("nomic_bert", Map.of("activation_function", "tanh"), "activation_function"),
            Arguments.of("nomic_bert", Map.of("n_head", 16), "even number"),
            Arguments.of("modernbert", Map.of("hidden_activation", "tanh"), "hidden_activation"),
            Arguments.of("modernbert", Map.of("layer_types", List.of("full_attention")), "layer_types"),
            Arguments.of(
                    "modernbert",
                    Map.of("rope_parameters", Map.of("full_attention", Map.of("rope_type", "yarn"))),
                    "rope_type"));

    @ParameterizedTest
    @FieldSource("REFUSED")
    void configsThatAskForSomethingElseAreRefusedInALine(String program, Map<String, Object> changes, String field)
            throws IOException {
        RandomModel model = RandomModel.small(program, Map.of(), 5);
        var config = new LinkedHashMap<>(model.config());
        config.putAll(changes);
        write(new RandomModel(program, config, model.weights()));
        assertThatThrownBy(() -> Models.open(folder).close())
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining(field)
                .hasMessageNotContaining("\n");
    }

    /** Angles of more take more memory than they are worth. */
    @Test
    void modernBertsTextsAreCutToWhatIsSupported() throws IOException {
        write(RandomModel.small("modernbert", Map.of("max_position_embeddings", 10_000), 5));
        Files.writeString(folder.resolve("sentence_bert_config.json"), "{\"max_seq_length\": 9000}");
        try (ModelFiles files = Models.open(folder)) {
            assertThat(files.description().maxTokens()).isEqualTo(8_192);
        }
        assertThat(ConfigFields.of(folder).orElseThrow().longest()).isEqualTo(10_000);
    }

    /** Longer texts than those of training need other angles: they are cut, though the folder speaks of them. */
    @Test
    void nomicsTextsAreCutToThoseOfTraining() throws IOException {
        Map<String, Object> scaled =
                Map.of("n_positions", 256, "rotary_scaling_factor", 2, "max_trained_positions", 64);
        write(RandomModel.small("nomic_bert", scaled, 5));
        Files.writeString(folder.resolve("sentence_bert_config.json"), "{\"max_seq_length\": 256}");
        try (ModelFiles files = Models.open(folder)) {
            assertThat(files.description().maxTokensOfPart()).isEqualTo(64);
        }
    }
}
