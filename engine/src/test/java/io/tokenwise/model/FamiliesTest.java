package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.tokenwise.TestModels;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.references.RandomModel;
import io.tokenwise.references.Reference;
import io.tokenwise.references.Result;
import io.tokenwise.references.TorchScript;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import io.tokenwise.tokenizer.TokenizerTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What holds for every family of text encoders, by small models with random weights on which every term matters: each layer is that of a program in
 * libtorch, written from the family's own sources apart from this engine.
 */
class FamiliesTest {
    private static final int WORDS = 97;
    /**
     * @param program of the reference
     * @param changes of what the reference's small config says
     * @param prefix of tensors in files of models with heads
     */
    record FamilyCase(String program, Map<String, Object> changes, String prefix) {
        RandomModel model() throws IOException {
            return RandomModel.small(program, changes, 5);
        }

        /** Writes a folder as Hugging Face has it. */
        void write(Path folder) throws IOException {
            model().write(folder, prefix);
            Files.writeString(folder.resolve("tokenizer.json"), TokenizerTest.SMALL);
        }

        @Override
        public String toString() {
            return program + (changes.isEmpty() ? "" : " " + changes);
        }
    }

    static final List<FamilyCase> FAMILIES = List.of(
            new FamilyCase("bert", Map.of(), "bert."),
            new FamilyCase(
                    "bert", Map.of("model_type", "roberta", "type_vocab_size", 1, "pad_token_id", 1), "roberta."),
            new FamilyCase("bert", Map.of("model_type", "xlm-roberta", "type_vocab_size", 1, "pad_token_id", 1), ""),
            new FamilyCase(
                    "bert", Map.of("model_type", "camembert", "type_vocab_size", 1, "pad_token_id", 1), "roberta."),
            new FamilyCase("distilbert", Map.of(), "distilbert."),
            new FamilyCase("bert", Map.of("model_type", "electra", "embedding_size", 48), "electra."),
            new FamilyCase("mpnet", Map.of(), "mpnet."),
            new FamilyCase("t5", Map.of(), ""),
            new FamilyCase(
                    "t5",
                    Map.of(
                            "model_type",
                            "mt5",
                            "feed_forward_proj",
                            "gated-gelu",
                            "d_kv",
                            16,
                            "relative_attention_num_buckets",
                            8,
                            "relative_attention_max_distance",
                            20),
                    "transformer."),
            new FamilyCase("deberta_v2", Map.of(), "deberta."),
            new FamilyCase(
                    "deberta_v2",
                    Map.of("position_biased_input", true, "type_vocab_size", 2, "max_relative_positions", 20),
                    "deberta."),
            new FamilyCase("jina_bert", Map.of(), ""),
            new FamilyCase("nomic_bert", Map.of(), ""),
            new FamilyCase(
                    "nomic_bert",
                    Map.of("qkv_proj_bias", false, "mlp_fc1_bias", false, "mlp_fc2_bias", false, "n_head", 1),
                    "bert."),
            new FamilyCase("modernbert", Map.of(), "model."),
            new FamilyCase(
                    "modernbert",
                    Map.of("attention_bias", false, "mlp_bias", false, "norm_bias", false, "local_attention", 5),
                    ""),
            new FamilyCase("qwen2", Map.of(), "model."),
            new FamilyCase("qwen2", Map.of("is_causal", false, "num_key_value_heads", 6), "model."),
            new FamilyCase(
                    "qwen2",
                    Map.of(
                            "head_dim",
                            32,
                            "num_key_value_heads",
                            1,
                            "rope_scaling",
                            Map.of("rope_type", "linear", "factor", 3.0)),
                    ""),
            new FamilyCase("qwen3", Map.of(), "model."),
            new FamilyCase("qwen3", Map.of("attention_bias", false, "head_dim", 32, "num_key_value_heads", 1), ""),
            new FamilyCase("qwen3", Map.of("is_causal", false), "model."),
            new FamilyCase("qwen3", Map.of("rope_scaling", Map.of("rope_type", "linear", "factor", 3.0)), ""),
            new FamilyCase("gemma3", Map.of("rope_scaling", Map.of("type", "linear", "factor", 8.0)), ""),
            new FamilyCase("gemma3", Map.of(), ""),
            new FamilyCase("gemma3", Map.of("use_bidirectional_attention", false), "model."),
            new FamilyCase("gemma3", Map.of("use_bidirectional_attention", false, "is_causal", false), ""),
            new FamilyCase(
                    "new", Map.of("rope_theta", 1234.5, "rope_scaling", Map.of("type", "ntk", "factor", 3.3)), "new."),
            new FamilyCase(
                    "new",
                    Map.of(
                            "model_type",
                            "gte",
                            "type_vocab_size",
                            0,
                            "rope_scaling",
                            Map.of("type", "ntk", "factor", 1.0)),
                    ""),
            new FamilyCase("eurobert", Map.of(), "model."),
            new FamilyCase("eurobert", Map.of("attention_bias", false, "mlp_bias", false, "head_dim", 16), ""));

    @TempDir
    private Path folder;

    private static List<int[]> texts(int... lengths) {
        var random = new SplittableRandom(3);
        var texts = new ArrayList<int[]>();
        for (int length : lengths) {
            // 0 to 3 are marks, of which a family may think something of its own.
            texts.add(random.ints(length, 4, WORDS).toArray());
        }
        return texts;
    }

    private static Backend float32() {
        return Backends.open(new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32), 1);
    }

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void everyLayerIsTheReferences(FamilyCase family) throws IOException {
        assumeThat(TorchScript.isAvailable()).isTrue();
        family.write(folder);
        try (Backend backend = float32();
                ModelFiles files = Models.open(folder);
                Encoder encoder = Encoder.load(files, backend);
                Workspace workspace = backend.workspace(1L << 28);
                Reference reference = family.model().reference()) {
            for (int[] text : texts(3, 4, 17, 40, 90)) {
                var batch = new TokenBatch();
                encoder.add(batch, text);
                var layers = new ArrayList<Tensor>();
                var pass = new Pass(backend.stream(), workspace);
                Tensor last = encoder.tokens(pass.begin(Budget.FULL).collectLayers(layers), batch);
                Result expected = reference.run(text);
                assertThat(layers).hasSameSizeAs(expected.layers());
                for (int i = 0; i < layers.size(); i++) {
                    NearRows.check(pass, layers.get(i), 0, expected.layers().get(i), "layer " + i);
                }
                assertThat(last.rows()).isEqualTo(expected.last().length);
                NearRows.check(pass, last, 0, expected.last(), "the last layer");
            }
        }
    }

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void aTextGivesTheSameBitsAloneAndInABatch(FamilyCase family) throws IOException {
        family.write(folder);
        try (Backend backend = float32();
                ModelFiles files = Models.open(folder);
                Encoder encoder = Encoder.load(files, backend);
                var sessions = new Sessions(encoder, backend, 256, 1)) {
            List<int[]> texts = texts(3, 40, 17, 4, 90, 33);
            float[][] together = sessions.encode(texts, Budget.FULL, null);
            for (int i = 0; i < texts.size(); i++) {
                assertThat(sessions.encode(List.of(texts.get(i)), Budget.FULL, null)[0])
                        .isEqualTo(together[i]);
            }
        }
    }

    /** Learners of all that can have some; full budget is the dense model, also after it was saved and opened. */
    @ParameterizedTest
    @FieldSource("FAMILIES")
    void itsLayersBecomeAdaptive(FamilyCase family) throws IOException {
        family.write(folder);
        List<int[]> texts = texts(3, 40, 17, 4);
        try (Backend backend = float32();
                ModelFiles files = Models.open(folder);
                Encoder encoder = Encoder.load(files, backend)) {
            float[][] dense = vectors(encoder, texts, Budget.FULL);
            String layers = "mlp,vo";
            TestModels.acmize(encoder, AdaptiveLayers.parse(layers, 2), texts(60, 60, 60));
            TestModels.randomizeGates(encoder, .3);
            float[][] full = vectors(encoder, texts, Budget.FULL);
            float[][] half = vectors(encoder, texts, Budget.flops(.5));
            assertNear(full, dense, 1e-4);
            assertThat(half).isNotEqualTo(full);
            encoder.save(folder.resolve("adaptive"), files.tokenizer(), ModelWriter.Existing.KEEP);
            try (ModelFiles saved = Models.open(folder.resolve("adaptive"));
                    Encoder again = Encoder.load(saved, backend)) {
                assertThat(vectors(again, texts, Budget.FULL)).isEqualTo(full);
                assertThat(vectors(again, texts, Budget.flops(.5))).isEqualTo(half);
            }
        }
    }

    private static float[][] vectors(Encoder encoder, List<int[]> texts, Budget budget) {
        try (var sessions = new Sessions(encoder, encoder.parameters().backend(), 256, 1)) {
            return sessions.encode(texts, budget, null);
        }
    }

    private static void assertNear(float[][] found, float[][] wanted, double bound) {
        for (int i = 0; i < wanted.length; i++) {
            for (int j = 0; j < wanted[i].length; j++) {
                assertThat((double) found[i][j]).isCloseTo(wanted[i][j], org.assertj.core.data.Offset.offset(bound));
            }
        }
    }

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void whatIsSavedIsTheSame(FamilyCase family) throws IOException {
        family.write(folder);
        List<int[]> texts = texts(3, 40, 17);
        try (Backend backend = float32();
                ModelFiles files = Models.open(folder);
                Encoder encoder = Encoder.load(files, backend)) {
            float[][] wanted = vectors(encoder, texts, Budget.FULL);
            for (StoredType type : StoredType.values()) {
                Path target = folder.resolve("as-" + type);
                encoder.save(target, files.tokenizer(), ModelWriter.Existing.KEEP, type);
                try (ModelFiles saved = Models.open(target);
                        Encoder again = Encoder.load(saved, backend)) {
                    // By its words a checkpoint knows its model again, in another process too.
                    assertThat(saved.description().architecture())
                            .isEqualTo(files.description().architecture())
                            .hasToString(files.description().architecture().toString());
                    assertThat(saved.description().family())
                            .isSameAs(files.description().family());
                    float[][] found = vectors(again, texts, Budget.FULL);
                    if (type == StoredType.F32) {
                        assertThat(found).isEqualTo(wanted);
                    } else {
                        assertCosine(found, wanted, .98);
                    }
                }
            }
        }
    }

    private static void assertCosine(float[][] found, float[][] wanted, double least) {
        for (int i = 0; i < wanted.length; i++) {
            double product = 0;
            double squares = 0;
            double wantedSquares = 0;
            for (int j = 0; j < wanted[i].length; j++) {
                product += (double) found[i][j] * wanted[i][j];
                squares += (double) found[i][j] * found[i][j];
                wantedSquares += (double) wanted[i][j] * wanted[i][j];
            }
            assertThat(product / Math.sqrt(squares * wantedSquares)).isGreaterThan(least);
        }
    }

    @ParameterizedTest(name = "{0} {1}: {2}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "roberta     | hidden_act                     | \"gelu_new\"     | hidden_act is \"gelu_new\"; supported: gelu",
                "roberta     | position_embedding_type        | \"relative_key\" | position_embedding_type is \"relative_key\"; supported: absolute",
                "xlm-roberta | is_decoder                     | true             | is_decoder or add_cross_attention is true; supported: an encoder",
                "camembert   | num_attention_heads            | 5                | hidden_size 48 is not a multiple of num_attention_heads 5",
                "roberta     | max_position_embeddings        | 4                | max_position_embeddings is 4; supported: an integer from 5",
                "distilbert  | n_heads                        | 5                | dim 48 is not a multiple of n_heads 5",
                "distilbert  | vocab_size                     | 6                | has tokens up to 6, the model knows only 6",
                "distilbert  | activation                     | \"relu\"         | activation is \"relu\"; supported: gelu",
                "electra     | embedding_size                 | 24               | embedding_size is 24; supported: an integer from 48 to 48",
                "deberta_v2  | position_buckets               | 3                | position_buckets is 3; supported: an integer from 4 to 128",
                "deberta_v2  | position_buckets               | 7                | position_buckets is 7; supported: an even number",
                "deberta_v2  | pos_att_type                   | [\"c2p\"]         | pos_att_type is [\"c2p\"]; supported: \"p2c|c2p\"",
                "deberta_v2  | share_att_key                  | false            | share_att_key is false; supported: true",
                "deberta_v2  | norm_rel_ebd                   | \"none\"         | norm_rel_ebd is \"none\"; supported: \"layer_norm\"",
                "deberta_v2  | conv_kernel_size               | 3                | conv_kernel_size is 3; supported: an integer from 0 to 0",
                "deberta_v2  | position_buckets               | 16               | encoder.rel_embeddings.weight",
                "t5          | relative_attention_num_buckets | 30               | relative_attention_num_buckets is 30; supported: a multiple of 4",
                "t5          | feed_forward_proj              | \"gated-tanh\"   | feed_forward_proj is \"gated-tanh\"; supported: relu",
                "t5          | is_gated_act                   | true             | is_gated_act is true; supported: false, since feed_forward_proj is relu",
                "t5          | d_kv                           | 16               | encoder.block.0.layer.0.SelfAttention",
                "t5          | architectures                  | [\"T5ForSequenceClassification\"] | supported: models of t5 without a head",
                "t5          | num_layers                     | 4                | has no tensor encoder.block.3.",
                "mpnet       | relative_attention_num_buckets | 31               | relative_attention_num_buckets is 31; supported: an integer from 32 to 32",
                "jina_bert   | feed_forward_type              | \"original\"     | feed_forward_type is \"original\"; supported: geglu",
                "jina_bert   | emb_pooler                     | \"cls\"          | emb_pooler is \"cls\"; supported: mean",
                "new         | hidden_act                     | \"quick_gelu\"   | hidden_act is \"quick_gelu\"; supported: gelu or",
                "new         | rope_scaling                   | {\"type\":\"dynamic\"} | rope_scaling is {\"type\":\"dynamic\"}; supported: nothing, or type ntk",
                "eurobert    | hidden_act                     | \"tanh\"         | hidden_act is \"tanh\"; supported: gelu or",
                "eurobert    | rope_scaling                   | {\"type\":\"ntk\"}   | rope_scaling is {\"type\":\"ntk\"}; supported: nothing, or rope_type linear with a factor",
                "qwen2       | rope_scaling                   | {\"type\":\"yarn\",\"factor\":4.0} | rope_scaling is {\"type\":\"yarn\",\"factor\":4.0}; supported: nothing, or rope_type linear",
                "qwen2       | num_attention_heads            | 5                | hidden_size 48 is not a multiple of num_attention_heads 5",
                "qwen2       | use_bidirectional_attention    | true             | use_bidirectional_attention is true; supported: false",
                "qwen2       | num_hidden_layers              | 1                | config.json says fewer layers than there are weights of",
                "qwen3       | rope_scaling                   | {\"rope_type\":\"yarn\",\"factor\":4.0} | rope_scaling is {\"rope_type\":\"yarn\",\"factor\":4.0}; supported: nothing, or rope_type linear",
                "qwen3       | rope_scaling                   | {\"rope_type\":\"linear\",\"factor\":0.5} | factor is 0.5; supported: ",
                "modernbert  | rope_scaling                   | {\"type\":\"linear\",\"factor\":4.0} | rope_scaling is {\"type\":\"linear\",\"factor\":4.0}; supported: nothing",
                "mpnet       | model_type                     | \"bert\"         | has no tensor embeddings.token_type_embeddings.weight",
                "mpnet       | num_hidden_layers              | 4                | has no tensor encoder.layer.3.",
                "mpnet       | num_hidden_layers              | 1                | config.json says fewer layers than there are weights of",
                "distilbert  | n_layers                       | 1                | config.json says fewer layers than there are weights of",
                "qwen3       | num_hidden_layers              | 1                | config.json says fewer layers than there are weights of",
            })
    void whatIsNotSupportedIsRefusedByName(String family, String field, String value, String fact) throws IOException {
        FAMILIES.stream()
                .filter(some -> some.program().equals(family)
                        || family.equals(some.changes().get("model_type")))
                .findFirst()
                .orElseThrow()
                .write(folder);
        Path file = folder.resolve("config.json");
        var mapper = new JsonMapper();
        var config = (ObjectNode) mapper.readTree(file);
        config.set(field, mapper.readTree(value));
        Files.writeString(file, config.toString());
        try (Backend backend = float32()) {
            assertThatThrownBy(() -> {
                        try (ModelFiles files = Models.open(folder)) {
                            Encoder.load(files, backend).close();
                        }
                    })
                    .isInstanceOf(BadFileException.class)
                    .hasMessageContaining(fact)
                    .message()
                    .hasLineCount(1);
        }
    }

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void damagedFilesAreRefusedOrOpened(FamilyCase family) throws IOException {
        family.write(folder);
        try (Backend backend = float32()) {
            DamagedFolder.assertOpenedOrRefused(folder, List.of("config.json", "model.safetensors"), backend);
        }
    }
}
