package io.tokenwise.model.wav2vec2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.Embedding;
import io.tokenwise.TestModels;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import io.tokenwise.io.Safetensors;
import io.tokenwise.io.StoredType;
import io.tokenwise.io.WeightSource;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.references.Array;
import io.tokenwise.references.RandomModel;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What holds for wav2vec 2.0 as for every family: bits, budgets, memory, saved files. */
class Wav2Vec2FamilyTest {
    @TempDir
    private Path folder;

    static Stream<Map<String, Object>> layouts() {
        return Stream.of(OnSmallWav2Vec2.BASE, OnSmallWav2Vec2.LARGE);
    }

    /** transformers 5 writes what its processor is made of into one file; where both are there it takes that. */
    @Test
    void whetherRecordingsAreLevelledMayStandInTheProcessorsFile() throws IOException {
        OnSmallWav2Vec2.write(OnSmallWav2Vec2.model(OnSmallWav2Vec2.BASE), folder, "");
        Path older = folder.resolve("preprocessor_config.json");
        Path newer = folder.resolve("processor_config.json");
        Files.writeString(newer, "{\"processor_class\": \"Wav2Vec2Processor\"}");
        assertLevelled(false);
        Files.writeString(newer, "{\"feature_extractor\": {\"do_normalize\": true, \"sampling_rate\": 16000}}");
        assertLevelled(true);
        Files.delete(older);
        Files.writeString(newer, "{\"feature_extractor\": {\"do_normalize\": false, \"sampling_rate\": 16000}}");
        assertLevelled(false);
        Files.delete(newer);
        assertLevelled(true);
    }

    private void assertLevelled(boolean levelled) throws IOException {
        try (ModelFiles files = Models.open(folder)) {
            assertThat(Wav2Vec2Config.architecture(files.speech()).levelled()).isEqualTo(levelled);
        }
    }

    private static Backend backend(Precision precision) {
        return precision == Precision.F32 ? Backends.open(BackendChoice.FLOAT32, 2) : TestModels.oneDnn(precision, 2);
    }

    private static List<int[]> recordings(int... lengths) {
        return OnSmallWav2Vec2.recordings(lengths).stream()
                .map(OnSmallWav2Vec2::bits)
                .toList();
    }

    /** Of all recordings in one batch, a row a frame. */
    private static List<float[]> logits(Encoder encoder, List<int[]> recordings, Budget budget) {
        Backend backend = encoder.parameters().backend();
        try (Workspace workspace = backend.workspace(1L << 30)) {
            var batch = new TokenBatch();
            recordings.forEach(each -> encoder.add(batch, each));
            Pass pass = new Pass(backend.stream(), workspace).begin(budget);
            Tensor logits = ((CtcWriter) encoder.writer()).logits(pass, encoder.tokens(pass, batch));
            var rows = new ArrayList<float[]>();
            try (HostTensor values = pass.stream().read(logits)) {
                for (int i = 0; i < logits.rows(); i++) {
                    rows.add(new float[logits.columns()]);
                    values.copyRow(i, rows.get(i), 0);
                }
            }
            return rows;
        }
    }

    private Encoder load(Backend backend, Path from) throws IOException {
        try (ModelFiles files = Models.open(from)) {
            return Encoder.load(files, backend);
        }
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void aRecordingGivesTheSameBitsAloneAndInABatch(Map<String, Object> layout) throws IOException {
        OnSmallWav2Vec2.write(OnSmallWav2Vec2.model(layout), folder, "wav2vec2.");
        List<int[]> recordings = recordings(400, 16_000, 719, 5_001, 720);
        try (Backend backend = backend(Precision.F32);
                Encoder encoder = load(backend, folder)) {
            List<float[]> together = logits(encoder, recordings, Budget.FULL);
            int first = 0;
            for (int[] recording : recordings) {
                List<float[]> alone = logits(encoder, List.of(recording), Budget.FULL);
                for (float[] row : alone) {
                    assertThat(row).isEqualTo(together.get(first++));
                }
            }
            assertThat(first).isEqualTo(together.size());
        }
    }

    static Stream<Arguments> adapted() {
        return layouts()
                .flatMap(layout -> Stream.of(Arguments.of(layout, "mlp", 3), Arguments.of(layout, "mlp,qk,vo", 9)));
    }

    /** Full budget is the dense model of its files: bit for bit, unless attention is laid out by learners. Units and heads are not those from before, but do the same. */
    @ParameterizedTest
    @MethodSource("adapted")
    void itsLayersBecomeAdaptive(Map<String, Object> layout, String adapted, int modules) throws IOException {
        OnSmallWav2Vec2.write(OnSmallWav2Vec2.model(layout), folder, "");
        List<int[]> recordings = recordings(400, 8_000, 3_000);
        try (Backend backend = backend(Precision.F32);
                Encoder encoder = load(backend, folder)) {
            List<float[]> dense = logits(encoder, recordings, Budget.FULL);
            TestModels.acmize(encoder, AdaptiveLayers.parse(adapted, 2), recordings(16_000));
            TestModels.randomizeGates(encoder, .3);
            List<float[]> full = logits(encoder, recordings, Budget.FULL);
            List<float[]> half = logits(encoder, recordings, Budget.flops(.5));
            for (int i = 0; i < dense.size(); i++) {
                assertThat(full.get(i)).containsExactly(dense.get(i), within(1e-4f));
            }
            assertThat(half.getFirst()).isNotEqualTo(full.getFirst());
            encoder.save(folder.resolve("adaptive"), null, ModelWriter.Existing.KEEP);
            try (ModelFiles files = Models.open(folder.resolve("adaptive"));
                    Encoder again = Encoder.load(files, backend);
                    Encoder alone = Encoder.load(files.dense(), backend)) {
                List<float[]> denseAlone = logits(alone, recordings, Budget.FULL);
                for (int i = 0; i < full.size(); i++) {
                    assertThat(full.get(i))
                            .containsExactly(denseAlone.get(i), within(adapted.equals("mlp") ? 0 : 1e-4f));
                }
                assertThat(again.acms()).hasSize(modules);
                assertSame(logits(again, recordings, Budget.FULL), full);
                assertSame(logits(again, recordings, Budget.flops(.5)), half);
            }
        }
    }

    private static void assertSame(List<float[]> found, List<float[]> wanted) {
        assertThat(found).hasSameSizeAs(wanted);
        for (int i = 0; i < found.size(); i++) {
            assertThat(found.get(i)).isEqualTo(wanted.get(i));
        }
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void whatIsSavedIsTheSame(Map<String, Object> layout) throws IOException {
        OnSmallWav2Vec2.write(OnSmallWav2Vec2.model(layout), folder, "wav2vec2.");
        List<int[]> recordings = recordings(400, 8_000);
        try (Backend backend = backend(Precision.F32);
                ModelFiles files = Models.open(folder);
                Encoder encoder = load(backend, folder)) {
            List<float[]> wanted = logits(encoder, recordings, Budget.FULL);
            for (StoredType type : StoredType.values()) {
                Path target = folder.resolve("as-" + type);
                encoder.save(target, null, ModelWriter.Existing.KEEP, type);
                try (ModelFiles saved = Models.open(target);
                        Encoder again = Encoder.load(saved, backend)) {
                    assertThat(saved.speech().architecture())
                            .isEqualTo(files.speech().architecture());
                    assertThat(saved.speech().sound()).isEqualTo(files.speech().sound());
                    assertThat(saved.speech().vocabulary().decode(2, 1, 3))
                            .isEqualTo(files.speech().vocabulary().decode(2, 1, 3));
                    List<float[]> found = logits(again, recordings, Budget.FULL);
                    if (type == StoredType.F32) {
                        assertSame(found, wanted);
                    } else {
                        assertThat(meanCosine(found, wanted)).isGreaterThan(.99);
                    }
                }
            }
        }
    }

    static Stream<Arguments> written() {
        return Stream.of(
                Arguments.of(OnSmallWav2Vec2.BASE, "Wav2Vec2ForCTC"),
                Arguments.of(OnSmallWav2Vec2.HUBERT, "HubertForCTC"),
                Arguments.of(OnSmallWav2Vec2.NORMLESS_HUBERT, "HubertForCTC"));
    }

    /** Under the names of transformers; its kernel is in two parts, whose length is the kernel's own. */
    @ParameterizedTest
    @MethodSource("written")
    void filesAreThoseThatTransformersReads(Map<String, Object> layout, String architecture) throws IOException {
        RandomModel model = OnSmallWav2Vec2.model(layout);
        OnSmallWav2Vec2.write(model, folder, OnSmallWav2Vec2.prefix(model));
        Path saved = folder.resolve("saved");
        try (Backend backend = backend(Precision.F32);
                Encoder encoder = load(backend, folder)) {
            encoder.save(saved, null, ModelWriter.Existing.KEEP);
            // What it writes it may replace.
            encoder.save(saved, null, ModelWriter.Existing.REPLACE);
        }
        try (WeightSource before = Safetensors.open(folder.resolve("model.safetensors"));
                WeightSource after = Safetensors.open(saved.resolve("model.safetensors"))) {
            assertThat(after.names()).containsExactlyInAnyOrderElementsOf(before.names());
            for (String name : before.names()) {
                assertThat(after.shape(name)).as(name).isEqualTo(before.shape(name));
            }
        }
        JsonNode config = JsonMapper.shared().readTree(saved.resolve("config.json"));
        assertThat(config.get("architectures").get(0).stringValue()).isEqualTo(architecture);
        assertThat(config.get("model_type").stringValue())
                .isEqualTo(model.config().get("model_type"));
        List<int[]> recordings = recordings(3_000);
        try (Backend backend = backend(Precision.F32);
                Encoder encoder = load(backend, folder);
                Encoder same = load(backend, saved)) {
            assertSame(logits(same, recordings, Budget.FULL), logits(encoder, recordings, Budget.FULL));
        }
    }

    /** As PyTorch names the two parts since 2.0. */
    @Test
    void newerNamesAreTheSame() throws IOException {
        RandomModel model = OnSmallWav2Vec2.model(OnSmallWav2Vec2.LARGE);
        OnSmallWav2Vec2.write(model, folder, "wav2vec2.");
        Map<String, Array> newer = new LinkedHashMap<>();
        model.weights()
                .forEach((name, array) -> newer.put(
                        name.replace("weight_g", "parametrizations.weight.original0")
                                .replace("weight_v", "parametrizations.weight.original1"),
                        array));
        Path other = folder.resolve("newer");
        OnSmallWav2Vec2.write(new RandomModel(model.family(), model.config(), newer), other, "");
        List<int[]> recordings = recordings(3_000);
        try (Backend backend = backend(Precision.F32);
                Encoder encoder = load(backend, folder);
                Encoder same = load(backend, other)) {
            assertSame(logits(same, recordings, Budget.FULL), logits(encoder, recordings, Budget.FULL));
        }
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void narrowProductsSayAlmostTheSame(Map<String, Object> layout) throws IOException {
        OnSmallWav2Vec2.write(OnSmallWav2Vec2.model(layout), folder, "wav2vec2.");
        List<int[]> recordings = recordings(16_000, 8_000, 400);
        List<float[]> wanted;
        try (Backend backend = backend(Precision.F32);
                Encoder encoder = load(backend, folder)) {
            wanted = logits(encoder, recordings, Budget.FULL);
        }
        // What fewer CPUs have instructions for comes last: there the test is skipped.
        for (Precision precision : List.of(Precision.S8, Precision.BF16)) {
            try (Backend backend = backend(precision);
                    Encoder encoder = load(backend, folder)) {
                double cosine = meanCosine(logits(encoder, recordings, Budget.FULL), wanted);
                LoggerFactory.getLogger(Wav2Vec2FamilyTest.class)
                        .info("{} of {}: mean cosine of frames {}", precision, layout, cosine);
                assertThat(cosine).isGreaterThan(precision == Precision.BF16 ? .999 : .98);
            }
        }
    }

    private static double meanCosine(List<float[]> found, List<float[]> wanted) {
        double sum = 0;
        for (int i = 0; i < wanted.size(); i++) {
            sum += Embedding.cosine(found.get(i), wanted.get(i));
        }
        return sum / wanted.size();
    }

    /** A session's limit is kept by the longest recording, and is not far from what that needs. */
    @Test
    void memoryIsThatOfTheLongestRecording() throws IOException {
        OnSmallWav2Vec2.write(OnSmallWav2Vec2.model(OnSmallWav2Vec2.BASE), folder, "");
        try (Backend backend = backend(Precision.F32);
                Encoder encoder = load(backend, folder)) {
            long limit = Sessions.memoryLimit(encoder, encoder.description().maxTokens());
            try (Workspace workspace = backend.workspace(limit)) {
                var batch = new TokenBatch();
                encoder.add(batch, recordings(480_000).getFirst());
                Pass pass = new Pass(backend.stream(), workspace).begin(Budget.FULL);
                encoder.writer().write(pass, encoder.tokens(pass, batch), 480_000);
                pass.begin(Budget.FULL);
                assertThat(workspace.bytes()).isBetween(limit / 4, limit);
            }
        }
    }

    /** Whose only frames reach over what many frames of a longer one share. */
    @Test
    void memoryIsThatOfShortRecordingsToo() throws IOException {
        Map<String, Object> far = Map.of(
                "conv_dim", List.of(4, 40),
                "conv_kernel", List.of(10, 1_024),
                "conv_stride", List.of(80, 4),
                "num_feat_extract_layers", 2);
        OnSmallWav2Vec2.write(OnSmallWav2Vec2.model(far), folder, "");
        try (Backend backend = backend(Precision.F32);
                Encoder encoder = load(backend, folder)) {
            int count = 200;
            int[] shortest = recordings(1_023 * 80 + 10).getFirst();
            try (Workspace workspace = backend.workspace(Sessions.memoryLimit(encoder, count))) {
                var batch = new TokenBatch();
                for (int i = 0; i < count; i++) {
                    encoder.add(batch, shortest);
                }
                assertThat(batch.tokens()).isEqualTo(count);
                Pass pass = new Pass(backend.stream(), workspace).begin(Budget.FULL);
                ((CtcWriter) encoder.writer()).logits(pass, encoder.tokens(pass, batch));
            }
        }
    }
}
