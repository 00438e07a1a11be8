package io.tokenwise.model.wav2vec2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tokenwise.SpeechRecognizer;
import io.tokenwise.TimedText;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import io.tokenwise.model.AdaptiveConfig;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.StoredTensor;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.references.OrtReference;
import io.tokenwise.references.RandomModel;
import io.tokenwise.references.Reference;
import io.tokenwise.references.Result;
import io.tokenwise.references.TorchScript;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** wav2vec 2.0 against a program in libtorch that was written from transformers' sources apart from this engine. */
class Wav2Vec2Test {
    private static final double TOLERANCE = 1e-4;

    /** What is measured of a row. */
    private enum Far {
        /** Each value's difference, by the root of the mean of the row's squares. */
        VALUES {
            @Override
            double of(float[] found, float[] wanted) {
                double largest = 0;
                for (int i = 0; i < wanted.length; i++) {
                    largest = Math.max(largest, Math.abs(found[i] - wanted[i]));
                }
                return largest / Math.sqrt(squares(wanted) / wanted.length);
            }
        },
        /** The norm of the difference, by that of the row. */
        ROWS {
            @Override
            double of(float[] found, float[] wanted) {
                var difference = new float[wanted.length];
                for (int i = 0; i < wanted.length; i++) {
                    difference[i] = found[i] - wanted[i];
                }
                return Math.sqrt(squares(difference) / squares(wanted));
            }
        };

        abstract double of(float[] found, float[] wanted);

        private static double squares(float... row) {
            double squares = 0;
            for (float value : row) {
                squares += (double) value * value;
            }
            return squares;
        }
    }

    private static final BackendChoice FLOAT = new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32);

    @TempDir
    private Path folder;

    static Stream<Map<String, Object>> forms() {
        return Stream.of(
                OnSmallWav2Vec2.BASE,
                OnSmallWav2Vec2.LARGE,
                OnSmallWav2Vec2.HUBERT,
                OnSmallWav2Vec2.NORMLESS_HUBERT,
                // Each layout's norms with the other's layers, an odd kernel, one group, other activations.
                Map.of(
                        "do_stable_layer_norm",
                        true,
                        "num_conv_pos_embeddings",
                        5,
                        "conv_bias",
                        false,
                        "feat_extract_activation",
                        "relu",
                        "num_conv_pos_embedding_groups",
                        1),
                Map.of("feat_extract_norm", "layer", "hidden_act", "silu", "num_conv_pos_embedding_groups", 48));
    }

    @ParameterizedTest
    @MethodSource("forms")
    void everyStageIsTheReferences(Map<String, Object> form) throws IOException {
        assumeTrue(TorchScript.isAvailable());
        RandomModel model = OnSmallWav2Vec2.model(form);
        try (Reference reference = model.referenceInDoubles()) {
            isTheReferences(model, reference::run, Far.VALUES, 400, 719, 720, 5_000, 80_000, 401);
        }
    }

    /** Its graph is another program than the one in libtorch. */
    @ParameterizedTest
    @MethodSource("layouts")
    void everyStageIsOnnxRuntimesToo(Map<String, Object> layout) throws IOException {
        RandomModel model = OnSmallWav2Vec2.model(layout);
        try (OrtReference reference = OrtReference.of(model)) {
            isTheReferences(model, reference::run, Far.VALUES, 5_000);
        }
    }

    /** In one ragged batch. */
    private void isTheReferences(RandomModel model, Function<float[], Result> reference, Far ofLayers, int... lengths)
            throws IOException {
        OnSmallWav2Vec2.write(model, folder, OnSmallWav2Vec2.prefix(model));
        List<float[]> recordings = OnSmallWav2Vec2.recordings(lengths);
        try (Backend backend = Backends.open(FLOAT, 2);
                ModelFiles files = Models.open(folder);
                var parameters = new Parameters(backend);
                Workspace workspace = backend.workspace(1L << 31)) {
            Wav2Vec2 network = load(files, parameters);
            var batch = new TokenBatch();
            recordings.forEach(
                    each -> batch.add(OnSmallWav2Vec2.bits(each), files.speech().tokens(OnSmallWav2Vec2.bits(each))));
            var layers = new ArrayList<Tensor>();
            Pass pass = new Pass(backend.stream(), workspace).begin(Budget.FULL).collectLayers(layers);
            pass.over(batch);
            Tensor features = network.features().forward(pass, batch);
            Tensor embeddings = network.embeddings(pass, batch);
            Tensor last = network.layers(pass, embeddings, 0);
            Tensor logits = network.ctc().logits(pass, last);
            for (int i = 0; i < lengths.length; i++) {
                Result expected = reference.apply(recordings.get(i));
                int first = batch.offsets()[i];
                String of = lengths[i] + " samples, ";
                assertNear(pass, features, first, expected.part("features"), Far.VALUES, of + "features");
                assertNear(pass, embeddings, first, expected.embeddings(), Far.VALUES, of + "embeddings");
                assertThat(layers).hasSameSizeAs(expected.layers());
                for (int layer = 0; layer < layers.size(); layer++) {
                    float[][] wanted = expected.layers().get(layer);
                    assertNear(pass, layers.get(layer), first, wanted, ofLayers, of + "layer " + layer);
                }
                assertNear(pass, last, first, expected.last(), Far.VALUES, of + "last");
                assertNear(pass, logits, first, expected.part("logits"), Far.VALUES, of + "logits");
                assertThat(batch.length(i)).isEqualTo(expected.last().length);
            }
        }
    }

    /** As the feature extractor does it unless a file says otherwise, and letters as they are written. */
    @Test
    void aRecordingIsLevelledAndItsLettersAreThoseOfTheReference() throws IOException {
        assumeTrue(TorchScript.isAvailable());
        RandomModel model = OnSmallWav2Vec2.model(OnSmallWav2Vec2.LARGE);
        OnSmallWav2Vec2.write(model, folder, "wav2vec2.");
        Files.delete(folder.resolve("preprocessor_config.json"));
        float[] samples = OnSmallWav2Vec2.recordings(20_000).getFirst();
        for (int i = 0; i < samples.length; i++) {
            samples[i] = .1f + .05f * samples[i];
        }
        try (SpeechRecognizer recognizer = SpeechRecognizer.open(
                        folder.toString(),
                        EngineOptions.defaults().withThreads(1).withBackend(FLOAT));
                Reference reference = model.reference()) {
            var heard = new StringBuilder();
            int last = 0;
            for (float[] logits : reference.run(levelled(samples)).part("logits")) {
                int best = IntStream.range(0, logits.length)
                        .reduce(0, (most, token) -> logits[token] > logits[most] ? token : most);
                heard.append(best == 0 || best == last ? "" : best == 1 ? " " : Character.toString(0x3b0 + best));
                last = best;
            }
            assertThat(recognizer.transcribe(samples))
                    .singleElement()
                    .extracting(TimedText::text)
                    .isEqualTo(heard.toString().strip());
        }
    }

    /** To mean 0 and variance 1. */
    private static float[] levelled(float... samples) {
        double mean = IntStream.range(0, samples.length)
                .mapToDouble(i -> samples[i])
                .average()
                .orElseThrow();
        double variance = IntStream.range(0, samples.length)
                .mapToDouble(i -> Math.pow(samples[i] - mean, 2))
                .average()
                .orElseThrow();
        var levelled = new float[samples.length];
        for (int i = 0; i < samples.length; i++) {
            levelled[i] = (float) ((samples[i] - mean) / Math.sqrt(variance + 1e-7));
        }
        return levelled;
    }

    /**
     * Of wav2vec2-base, and of the large models' layout in its sizes. In layers it is rows that are compared: peaked softmax makes of what products round .6 to
     * 1.2e-4 in single values of the fourth layer, libtorch's floats as ours (docs/lab/speech-quality.md), and 1.4 and 2.3e-5 in rows.
     */
    @ParameterizedTest
    @MethodSource("layouts")
    void theSizesOfThePublishedOnesAreTheReferencesToo(Map<String, Object> layout) throws IOException {
        assumeTrue(
                TorchScript.isAvailable() && Boolean.getBoolean("tokenwise.long"),
                "takes a minute: -Dtokenwise.long=true");
        var config = new LinkedHashMap<String, Object>(layout);
        config.putAll(Map.of("hidden_size", 768, "num_hidden_layers", 12, "num_attention_heads", 12));
        config.putAll(Map.of("intermediate_size", 3072, "conv_dim", Collections.nCopies(7, 512), "vocab_size", 32));
        config.putAll(Map.of("num_conv_pos_embeddings", 128, "num_conv_pos_embedding_groups", 16));
        config.put("conv_bias", layout.equals(OnSmallWav2Vec2.LARGE));
        RandomModel model = OnSmallWav2Vec2.model(config);
        try (Reference reference = model.referenceInDoubles()) {
            isTheReferences(model, reference::run, Far.ROWS, 400, 16_000, 80_000);
        }
    }

    static Stream<Map<String, Object>> layouts() {
        return Stream.of(OnSmallWav2Vec2.BASE, OnSmallWav2Vec2.LARGE);
    }

    /** With its weights. */
    private static Wav2Vec2 load(ModelFiles files, Parameters parameters) {
        var parts = new LayerBuilder(parameters, files.speech().architecture(), AdaptiveConfig.DENSE);
        Wav2Vec2 network = Wav2Vec2.of(files.speech(), parts);
        StoredTensor.loadAll(parts.stored(), files.weights());
        parameters.all().forEach(Parameter::changed);
        network.prepare(parameters.backend().stream());
        network.slots().forEach(slot -> slot.block().prepare(parameters.backend().stream()));
        return network;
    }

    private static void assertNear(Pass pass, Tensor found, int first, float[][] wanted, Far far, String what) {
        var values = new float[found.columns()];
        try (HostTensor rows = pass.stream().read(found)) {
            for (int row = 0; row < wanted.length; row++) {
                rows.copyRow(first + row, values, 0);
                assertThat(far.of(values, wanted[row]))
                        .as("%s, row %d", what, row)
                        .isLessThanOrEqualTo(TOLERANCE);
            }
        }
    }
}
