package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.MxbaiRerankTest;
import io.tokenwise.TestModels;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.HeadForm;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelShapes;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.Prompts;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextOutput;
import io.tokenwise.model.bert.BertFamily;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.RandomModel;
import io.tokenwise.session.Sessions;
import io.tokenwise.tokenizer.TokenTypes;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Classifiers of texts and of tokens, and cross-encoders, that are made adaptive. */
class ClassesDistillationTest {
    private static final int STEPS = 200;

    private static final HeadForm POOLED = HeadForm.pooled("pooler.dense", "classifier");

    private static final List<String> LABELS = List.of("a", "b", "c");

    @TempDir
    private Path folder;

    /** What is distilled, and what of it becomes adaptive. */
    private enum Kind {
        CLASSES("mlp", new TextOutput.SequenceClasses(POOLED, LABELS, false)),
        CLASSES_BY_TOKENS("tokens", new TextOutput.SequenceClasses(POOLED, LABELS, false)),
        SEVERAL_CLASSES("mlp", new TextOutput.SequenceClasses(POOLED, LABELS, true)),
        SCORES("mlp", new TextOutput.SequenceClasses(POOLED, List.of("score"), false)),
        SCORES_BY_TOKENS("tokens", new TextOutput.SequenceClasses(POOLED, List.of("score"), false)),
        TOKEN_CLASSES("mlp", new TextOutput.TokenClasses(Optional.empty(), "classifier", LABELS)),
        /** A causal model, whose last token answers. */
        ANSWERS("mlp", null, "qwen3"),
        /** The same without norms of heads. */
        QWEN2_ANSWERS("mlp,vo", null, "qwen2"),
        ANSWERS_BY_TOKENS("tokens", null, "qwen3");

        private final String adapt;
        private final TextOutput output;
        private final String causal;

        Kind(String adapt, TextOutput output) {
            this(adapt, output, "");
        }

        Kind(String adapt, TextOutput output, String causal) {
            this.adapt = adapt;
            this.output = output;
            this.causal = causal;
        }

        void write(Path folder) throws IOException {
            if (output != null) {
                ClassesDistillationTest.write(folder, output);
                return;
            }
            Map<String, Object> config = Map.of(
                    "architectures",
                    List.of(causal.replace("qwen", "Qwen") + "ForCausalLM"),
                    "hidden_size",
                    96,
                    "num_hidden_layers",
                    2,
                    "vocab_size",
                    30_522,
                    "tie_word_embeddings",
                    true);
            RandomModel.small(causal, config, 5).write(folder, "model.");
            Files.writeString(folder.resolve("chat_template.jinja"), MxbaiRerankTest.TASK);
            try (ModelFiles minilm = TestModels.files("minilm")) {
                Files.write(folder.resolve("tokenizer.json"), minilm.tokenizer().json());
            }
        }

        DistillConfig config() {
            AdaptiveLayers layers = AdaptiveLayers.parse(adapt, 4);
            return ChildRun.config(STEPS, 1).withLayers(layers.tokens() ? layers : layers.withMlpLearners(1));
        }
    }

    private static void write(Path folder, TextOutput output) throws IOException {
        var description = new TextDescription(
                "small", BertFamily.BERT, TestModels.SMALL, 40, output, Prompts.NONE, Optional.empty());
        try (Arena arena = Arena.ofConfined()) {
            TestModels.write(
                    folder,
                    description,
                    TestModels.weights(arena, ModelShapes.of(description).tensors(), 0.3));
        }
    }

    /** Marks around and between two texts, the second of another type. */
    private static List<int[]> pairs() {
        var random = new SplittableRandom(3);
        var pairs = new ArrayList<int[]>();
        for (int i = 0; i < 120; i++) {
            int first = random.nextInt(1, 8);
            int[] pair = random.ints(first + random.nextInt(4, 22) + 3, 1_000, 30_000)
                    .toArray();
            pair[0] = 101;
            pair[first + 1] = 102;
            pair[pair.length - 1] = 102;
            for (int k = first + 2; k < pair.length; k++) {
                pair[k] = TokenTypes.of(pair[k], 1);
            }
            pairs.add(pair);
        }
        return pairs;
    }

    private static DistillRun run(ModelFiles files, DistillConfig config, Path out) {
        List<int[]> inputs = files.description().family().name().startsWith("qwen")
                ? pairs().stream()
                        .map(pair -> IntStream.of(pair).map(TokenTypes::id).toArray())
                        .toList()
                : pairs();
        return new DistillRun(files, inputs, config, out, ModelWriter.Existing.KEEP, STEPS, StoredType.F32);
    }

    @ParameterizedTest
    @EnumSource
    void whatTheStudentGivesComesNearerToTheTeachersAndIsSaved(Kind kind) throws Exception {
        kind.write(folder.resolve("dense"));
        Path out = folder.resolve("out");
        var losses = new ArrayList<Double>();
        var qualities = new ArrayList<History.Quality>();
        try (ModelFiles files = Models.open(folder.resolve("dense"));
                Backend backend = VectorBackend.open(1)) {
            DistillRun run = run(files, kind.config(), out);
            run.run(backend, new DistillRun.Listener() {
                @Override
                public void step(Distillation.Step step) {
                    if (step.phase() == Distillation.Phase.END_TO_END) {
                        losses.add(step.loss());
                    }
                }

                @Override
                public void quality(History.Quality quality) {
                    qualities.add(quality);
                }
            });
            int part = losses.size() / 4;
            assertThat(mean(losses.subList(losses.size() - part, losses.size())))
                    .isLessThan(mean(losses.subList(0, part)));
            assertThat(qualities).allSatisfy(quality -> {
                assertThat(quality.agreement()).isBetween(-1.0, 1.0 + 1e-6);
                assertThat(quality.spent()).isBetween(0.1, 1.0);
            });
            assertThat(qualities.getLast().agreement()).isGreaterThan(0.3);
            try (Encoder dense = Encoder.load(files, backend);
                    ModelFiles saved = Models.open(out);
                    Encoder adaptive = Encoder.load(saved, backend)) {
                assertThat(saved.description().kind())
                        .isEqualTo(files.description().kind());
                assertThat(adaptive.isAdaptive()).isTrue();
                List<int[]> texts = run.heldOut();
                float[][][] wanted = rows(dense, backend, texts, Budget.FULL);
                // Units of MLPs stand in another order, so sums are rounded otherwise.
                assertThat(farthest(rows(adaptive, backend, texts, Budget.FULL), wanted))
                        .isLessThan(1e-4);
                Budget half = adaptive.budget(0.5);
                float[][][] found = rows(adaptive, backend, texts, half);
                assertThat(farthest(found, wanted)).isGreaterThan(1e-3);
                assertThat(rows(adaptive, backend, texts.subList(3, 4), half)[0])
                        .isDeepEqualTo(found[3]);
            }
        }
    }

    private static float[][][] rows(Encoder model, Backend backend, List<int[]> texts, Budget budget) {
        try (var sessions = new Sessions(model, backend, 256, 1)) {
            return sessions.rows(texts, budget, null);
        }
    }

    private static double farthest(float[][][] found, float[][][] wanted) {
        double most = 0;
        for (int i = 0; i < wanted.length; i++) {
            assertThat(found[i]).hasSameDimensionsAs(wanted[i]);
            for (int row = 0; row < wanted[i].length; row++) {
                for (int k = 0; k < wanted[i][row].length; k++) {
                    most = Math.max(most, Math.abs(found[i][row][k] - wanted[i][row][k]));
                }
            }
        }
        return most;
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }

    /** On the way quality is that of the first inputs alone: the teacher is like itself. */
    @Test
    void someOfTheHeldOutInputsAreComparedWithTheSame() throws Exception {
        Kind.SCORES.write(folder.resolve("dense"));
        try (ModelFiles files = Models.open(folder.resolve("dense"));
                Backend backend = VectorBackend.open(1);
                Encoder dense = Encoder.load(files, backend)) {
            var heldOut = new HeldOut(dense, backend, pairs());
            assertThat(heldOut.quality(dense, 0, 200).agreement()).isCloseTo(1, within(1e-6));
        }
    }

    /** No token of a text may leave whose class is asked for. */
    @Test
    void tokensWithClassesStay() throws Exception {
        Kind.TOKEN_CLASSES.write(folder.resolve("dense"));
        try (ModelFiles files = Models.open(folder.resolve("dense"));
                Backend backend = VectorBackend.open(1)) {
            assertThat(files.description().adaptable().tokens()).isFalse();
            DistillRun run = run(files, Kind.SCORES_BY_TOKENS.config(), folder.resolve("out"));
            assertThatThrownBy(() -> run.run(backend, new DistillRun.Listener() {}))
                    .isInstanceOf(BadFileException.class)
                    .hasMessage(
                            folder.resolve("dense")
                                    + ": is a token classifier, whose tokens cannot leave; distill mlp or projections of attention");
        }
    }

    @Test
    void whatNothingIsTrainedToIsRefused() throws Exception {
        write(folder.resolve("words"), new TextOutput.MaskedTokens(BertFamily.words(TestModels.SMALL)));
        try (ModelFiles files = Models.open(folder.resolve("words"));
                ModelFiles masked = files.maskedTokens()) {
            assertThatThrownBy(() -> DistillRun.check(masked))
                    .isInstanceOf(BadFileException.class)
                    .hasMessage(folder.resolve("words")
                            + ": is a masked language model; of what reads texts only text encoders, classifiers and"
                            + " cross-encoders become adaptive");
        }
    }
}
