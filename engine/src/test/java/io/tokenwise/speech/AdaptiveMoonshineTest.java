package io.tokenwise.speech;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.TestModels;
import io.tokenwise.TestMoonshines;
import io.tokenwise.acm.block.AdaptiveAttention;
import io.tokenwise.acm.block.AdaptiveBlock;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.acm.choose.Spending;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.autograd.Gradients;
import io.tokenwise.autograd.Matrix;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.distill.DistillConfig;
import io.tokenwise.distill.DistillRun;
import io.tokenwise.distill.Distillation;
import io.tokenwise.distill.History;
import io.tokenwise.io.BadFileException;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.io.ModelWriter;
import io.tokenwise.io.SpeechDescription;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.Encoder;
import io.tokenwise.nn.Budget;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TeacherForcing;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.HostMemory;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A small Moonshine with adaptive MLPs and self-attention in encoder and decoder: gradients, distillation, budgets, files. */
class AdaptiveMoonshineTest {
    private static final int MOST_TOKENS = 12;
    private static final int LEARNERS = 4;

    @TempDir
    private Path folder;

    private final Backend backend = VectorBackend.open(2);
    private final Workspace workspace = new Workspace(HostMemory::allocate, 1L << 28);
    private final Pass pass = new Pass(backend.stream(), workspace);
    private Path dense;

    @BeforeEach
    void write() throws IOException {
        dense = folder.resolve("dense");
        TestMoonshines.writeSmall(dense);
    }

    @AfterEach
    void close() {
        workspace.close();
        backend.close();
    }

    private Encoder load(Path directory) throws IOException {
        try (ModelFiles files = ModelFiles.open(directory)) {
            return Encoder.load(files, backend);
        }
    }

    private static TokenBatch recordings(Encoder model, int... seeds) {
        var batch = new TokenBatch();
        for (int seed : seeds) {
            model.add(batch, TestMoonshines.bits(TestMoonshines.noise(.4 + .1 * seed, seed)));
        }
        return batch;
    }

    private static int[] begun(int[] text) {
        var begun = new int[text.length + 1];
        begun[0] = SpeechDescription.BEGIN;
        System.arraycopy(text, 0, begun, 1, text.length);
        return begun;
    }

    /** What each of two recordings is written as at a budget, one after the other. */
    private TokenBatch written(Encoder model, Budget budget) {
        var texts = new TokenBatch();
        for (int seed = 1; seed <= 2; seed++) {
            Tensor frames = model.tokens(pass.begin(budget), recordings(model, seed));
            texts.add(begun(model.decoder().write(pass, frames, MOST_TOKENS)));
        }
        return texts;
    }

    /** Both recordings at once, their texts given: the likeliest next tokens are those that are written. */
    private void assertPredicted(Encoder model, Budget budget) {
        TokenBatch texts = written(model, budget);
        TokenBatch recordings = recordings(model, 1, 2);
        Tensor frames = model.tokens(pass.begin(budget), recordings);
        Tensor logits = model.decoder().logits(pass, frames, recordings, texts);
        for (int text = 0; text < 2; text++) {
            for (int i = texts.offsets()[text]; i < texts.offsets()[text + 1]; i++) {
                int next = backend.stream().argmax(logits, i);
                boolean last = i + 1 == texts.offsets()[text + 1];
                if (!last) {
                    assertThat(next).as("text %d, token %d", text, i).isEqualTo(texts.inputs()[i + 1]);
                } else if (texts.length(text) <= MOST_TOKENS) {
                    assertThat(next).isEqualTo(SpeechDescription.END);
                }
            }
        }
        assertThat(texts.tokens()).isGreaterThan(6);
    }

    @Test
    void givenItsTextTheDecoderPredictsIt() throws IOException {
        try (Encoder model = load(dense)) {
            assertPredicted(model, Budget.FULL);
        }
    }

    /** Central differences of a sum of frames and logits with random weights, along a random direction of each of some weights. */
    @Test
    void gradientsAreThoseOfFiniteDifferences() throws IOException {
        try (Encoder model = load(dense)) {
            TokenBatch texts = written(model, Budget.FULL);
            List<String> names = model.parameters().all().stream()
                    .map(Parameter::name)
                    .filter(name -> name.matches("(encoder|decoder)\\.layers\\.[01]\\..*weight"))
                    .toList();
            assertThat(names).hasSize(2 * (2 + 2 + 2) + 2 * (2 + 3 + 3 + 2));
            for (String name : names) {
                Parameter parameter = model.parameters().get(name);
                model.parameters().train(parameter);
                backend.stream().fill(parameter.gradient(), 0);
                sum(model, texts, true);
                var random = new SplittableRandom(5);
                var direction = new float[parameter.value().size()];
                double expected = 0;
                for (int i = 0; i < direction.length; i++) {
                    direction[i] = (float) random.nextGaussian();
                    expected += direction[i] * parameter.gradient().floats().get(i);
                }
                float step = 1e-3f;
                double above = moved(model, texts, parameter, direction, step);
                double below = moved(model, texts, parameter, direction, -step);
                assertThat((above - below) / (2 * step))
                        .as(name)
                        .isCloseTo(expected, within(.02 * Math.max(Math.abs(expected), 1)));
            }
        }
    }

    private double moved(Encoder model, TokenBatch texts, Parameter parameter, float[] direction, float step) {
        var before = new float[direction.length];
        for (int i = 0; i < before.length; i++) {
            before[i] = parameter.value().floats().get(i);
            parameter.value().floats().set(i, before[i] + step * direction[i]);
        }
        parameter.changed();
        double sum = sum(model, texts, false);
        for (int i = 0; i < before.length; i++) {
            parameter.value().floats().set(i, before[i]);
        }
        parameter.changed();
        return sum;
    }

    private double sum(Encoder model, TokenBatch texts, boolean backward) {
        TokenBatch recordings = recordings(model, 1, 2);
        var tape = new Tape();
        pass.begin(Budget.FULL).train(tape);
        Tensor frames = model.tokens(pass, recordings);
        Tensor logits = model.decoder().logits(pass, frames, recordings, texts);
        var gradients = new Gradients(backend.stream(), workspace);
        var random = new SplittableRandom(7);
        double sum = 0;
        for (Tensor y : List.of(frames, logits)) {
            Tensor dy = pass.tensor(y.rows(), y.columns());
            for (int i = 0; i < y.size(); i++) {
                dy.floats().set(i, (float) (random.nextGaussian() / Math.sqrt(y.size())));
                sum += (double) dy.floats().get(i) * y.floats().get(i);
            }
            gradients.add(y, dy);
        }
        if (backward) {
            tape.backward(gradients, backend.stream(), workspace);
        }
        return sum;
    }

    /** With gates of random weights, token by token other learners: in the encoder, and in the decoder of whole texts. */
    @ParameterizedTest
    @ValueSource(strings = {"qk,vo", "qkvo", "q,k,v,o", "k", "v", "qo"})
    void groupedAttentionIsTheMaskedOneOfTraining(String layers) throws IOException {
        try (Encoder model = load(dense)) {
            TokenBatch texts = written(model, Budget.FULL);
            TokenBatch recordings = recordings(model, 1, 2);
            acmize(model, layers, recordings, texts);
            TestModels.randomizeGates(model, .3);
            assertThat(model.adaptiveBlocks()).hasSize(4);
            for (AdaptiveBlock block : model.adaptiveBlocks()) {
                TokenBatch batch = ((AdaptiveAttention) block).path().startsWith("encoder") ? recordings : texts;
                Matrix x = Matrix.gaussian(batch.tokens(), model.hidden(), 1, new SplittableRandom(5));
                for (double share : new double[] {.1, .3, .5, .75, 1}) {
                    assertGroupedIsMasked(block, batch, x, share);
                }
            }
        }
    }

    private void acmize(Encoder model, String layers, TokenBatch recordings, TokenBatch texts) {
        Acmizer.replace(model.parameters(), model.slots(), AdaptiveLayers.parse(layers, LEARNERS), () -> {
            Tensor frames = model.tokens(pass.begin(Budget.FULL), recordings);
            model.decoder().logits(pass, frames, recordings, texts);
        });
    }

    /** Of gated MLPs and gathered attention too the learners of a control run as one product, and give what they give one by one. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, LEARNERS})
    void aControlGivesWhatItsLearnersGiveOneByOne(int count) throws IOException {
        Path file = folder.resolve("control");
        try (Encoder model = load(dense)) {
            TokenBatch texts = written(model, Budget.FULL);
            TokenBatch recordings = recordings(model, 1, 2);
            acmize(model, "mlp,qk,vo", recordings, texts);
            model.prepare(pass.stream());
            List<Matrix> oneByOne = outputs(model, texts, Budget.fixed((double) count / LEARNERS));
            Acmizer.fix(model.acms(), model.acms().stream().collect(Collectors.toMap(Acm::path, _ -> count)));
            model.save(file, null, ModelWriter.Existing.KEEP);
            try (Encoder control = load(file)) {
                List<Matrix> together = outputs(control, texts, Budget.FULL);
                for (int block = 0; block < together.size(); block++) {
                    assertThat(together.get(block).distance(oneByOne.get(block)))
                            .as("block %d", block)
                            .isLessThan(2e-6 * oneByOne.get(block).largest());
                }
            }
        }
    }

    /** What the adaptive blocks, four of them the decoder's, make of noise. */
    private List<Matrix> outputs(Encoder model, TokenBatch batch, Budget budget) {
        Matrix x = Matrix.gaussian(batch.tokens(), model.hidden(), 1, new SplittableRandom(5));
        var outputs = new ArrayList<Matrix>();
        for (AdaptiveBlock block : model.adaptiveBlocks()) {
            pass.begin(budget).predicting(batch, new TeacherForcing(null, null));
            outputs.add(Matrix.of(block.forward(pass, tensor(x), tensor(x))));
        }
        assertThat(outputs).hasSize(8);
        return outputs;
    }

    private void assertGroupedIsMasked(AdaptiveBlock block, TokenBatch batch, Matrix x, double share) {
        var counts = new ArrayList<int[]>();
        pass.begin(Budget.flops(share))
                .with(
                        LearnerObserver.class,
                        (module, learners, tokens, gated) -> counts.add(Arrays.copyOf(learners, tokens)))
                .predicting(batch, new TeacherForcing(null, null));
        Matrix grouped = Matrix.of(block.forward(pass, tensor(x), tensor(x)));
        pass.begin(Budget.FULL)
                .predicting(batch, new TeacherForcing(null, null))
                .train(new Tape());
        var running = new ArrayList<Tensor>();
        for (int[] chosen : counts) {
            Matrix runs = Matrix.zeros(batch.tokens(), LEARNERS);
            for (int token = 0; token < chosen.length; token++) {
                Arrays.fill(runs.values(), token * LEARNERS, token * LEARNERS + chosen[token], 1);
            }
            running.add(tensor(runs));
        }
        Matrix masked = Matrix.of(pass.add(block.outputs(pass, tensor(x), running), tensor(x)));
        assertThat(grouped.distance(masked)).isLessThan(2e-6 * masked.largest());
    }

    private Tensor tensor(Matrix matrix) {
        Tensor tensor = pass.tensor(matrix.rows(), matrix.columns());
        matrix.copyTo(tensor);
        return tensor;
    }

    private static DistillConfig config(int steps) {
        AdaptiveLayers layers = AdaptiveLayers.parse("mlp,qk,vo", LEARNERS).withMlpLearners(1);
        return new DistillConfig(
                layers, steps / 4, steps / 4, steps / 2, 60, 3e-3, 3e-2, .8, 1, 1, .25, 2, true, Map.of(), 1);
    }

    private History distill(Path out, int steps) throws Exception {
        return distill(out, steps, -1);
    }

    /** @param interrupted the step after which the thread is interrupted; negative for none */
    private History distill(Path out, int steps, int interrupted) throws Exception {
        List<int[]> recordings = IntStream.range(0, 40)
                .mapToObj(seed -> TestMoonshines.bits(TestMoonshines.noise(.3 + .02 * seed, seed)))
                .toList();
        var kept = new ArrayList<History>();
        try (ModelFiles files = ModelFiles.open(dense)) {
            new DistillRun(files, recordings, config(steps), out, ModelWriter.Existing.KEEP, 50, StoredType.F32)
                    .run(backend, new DistillRun.Listener() {
                        @Override
                        public void step(Distillation.Step step) {
                            if (step.step() == interrupted) {
                                Thread.currentThread().interrupt();
                            }
                        }

                        @Override
                        public void written(History history) {
                            kept.add(history);
                        }
                    });
        }
        return kept.getFirst();
    }

    @Test
    void aRunThatWasStoppedEndsLikeAnUnbrokenOne() throws Exception {
        Path unbroken = folder.resolve("unbroken");
        Path resumed = folder.resolve("resumed");
        distill(unbroken, 24);
        for (int step : new int[] {3, 9, 17}) {
            assertThatThrownBy(() -> distill(resumed, 24, step)).isInstanceOf(InterruptedException.class);
        }
        distill(resumed, 24);
        for (String file : List.of("config.json", "model.safetensors")) {
            assertThat(resumed.resolve(file)).hasSameBinaryContentAs(unbroken.resolve(file));
        }
    }

    private static double loss(History history, Distillation.Phase phase, boolean end) {
        List<Distillation.Step> steps =
                history.steps().stream().filter(step -> step.phase() == phase).toList();
        int some = steps.size() / 4;
        return (end ? steps.subList(steps.size() - some, steps.size()) : steps.subList(0, some))
                .stream().mapToDouble(Distillation.Step::loss).average().orElseThrow();
    }

    @Test
    void distillationLearnsAndFullBudgetStaysTheTeacher() throws Exception {
        Path adaptive = folder.resolve("adaptive");
        History history = distill(adaptive, 240);
        assertThat(loss(history, Distillation.Phase.LEARNERS, true))
                .isLessThan(.9 * loss(history, Distillation.Phase.LEARNERS, false));
        assertThat(loss(history, Distillation.Phase.END_TO_END, true))
                .isLessThan(loss(history, Distillation.Phase.END_TO_END, false));
        try (Encoder teacher = load(dense);
                Encoder student = load(adaptive)) {
            assertThat(student.acms().stream().map(Acm::path))
                    .startsWith(
                            "encoder.layers.0.attention.qk", "encoder.layers.0.attention.vo", "encoder.layers.0.mlp")
                    .endsWith("decoder.layers.1.attention.qk", "decoder.layers.1.attention.vo", "decoder.layers.1.mlp")
                    .hasSize(12);
            Tensor frames = teacher.tokens(pass.begin(Budget.FULL), recordings(teacher, 1, 2));
            float[] expected = values(frames);
            int[] text = written(teacher, Budget.FULL).inputs();
            Tensor same = student.tokens(pass.begin(Budget.FULL), recordings(student, 1, 2));
            // Units are in another order, so sums are rounded otherwise.
            assertThat(values(same)).hasSameSizeAs(expected);
            for (int i = 0; i < expected.length; i++) {
                assertThat(same.floats().get(i)).isCloseTo(expected[i], within(2e-5f));
            }
            assertThat(written(student, Budget.FULL).inputs()).isEqualTo(text);
            // What a hard budget leaves to a token depends on whether all of the text are there at once.
            for (Budget budget : List.of(Budget.flops(.5), Budget.fixed(.5))) {
                assertPredicted(student, budget);
            }
            assertSpent(student);
        }
    }

    /** Over what both write, token by token. */
    private void assertSpent(Encoder student) {
        for (Budget budget : List.of(Budget.flops(.6), Budget.hard(.6), Budget.fixed(.6), Budget.shuffled(.6, 3))) {
            var spending = new Spending(student.acms());
            for (int seed = 0; seed < 30; seed++) {
                Tensor frames = student.tokens(
                        pass.begin(budget).with(LearnerObserver.class, spending), recordings(student, seed));
                student.decoder().write(pass, frames, MOST_TOKENS);
            }
            if (budget.routing() == Budget.Routing.HARD || budget.routing() == Budget.Routing.STATIC) {
                assertThat(spending.share()).as("%s", budget).isLessThanOrEqualTo(.6);
            } else {
                assertThat(spending.share()).as("%s", budget).isCloseTo(.6, within(.1));
            }
        }
    }

    private static float[] values(Tensor tensor) {
        var values = new float[tensor.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.floats().get(i);
        }
        return values;
    }

    @Test
    void whatIsReadAndSavedAgainIsTheSame() throws Exception {
        Path adaptive = folder.resolve("adaptive");
        Path again = folder.resolve("again");
        distill(adaptive, 12);
        try (Encoder student = load(adaptive)) {
            student.save(again, null, ModelWriter.Existing.KEEP);
        }
        for (String file : List.of("config.json", "model.safetensors", "llama-tokenizer.js")) {
            assertThat(again.resolve(file)).hasSameBinaryContentAs(adaptive.resolve(file));
        }
        Path small = folder.resolve("bytes");
        try (Encoder student = load(adaptive)) {
            student.save(small, null, ModelWriter.Existing.KEEP, StoredType.S8);
        }
        try (Encoder student = load(small)) {
            assertPredicted(student, Budget.flops(.5));
        }
    }

    @Test
    void whatDoesNotFitIsToldInOneLine() throws Exception {
        Path adaptive = folder.resolve("adaptive");
        distill(adaptive, 12);
        String config = Files.readString(adaptive.resolve("config.json"));
        assertBad(
                adaptive,
                config.replace("decoder.layers.1.mlp", "decoder.layers.7.mlp"),
                "acm.modules names decoder.layers.7.mlp, the model has encoder.layers.0.mlp to encoder.layers.1.mlp,"
                        + " decoder.layers.0.mlp to decoder.layers.1.mlp, and attention with letters of qkvo likewise");
        assertBad(adaptive, config.replace("decoderCalibration", "other"), "but no decoderCalibration");
        var attention = new DistillConfig(
                AdaptiveLayers.parse("mlp,vo", 5), 1, 1, 1, 60, 1, 1, 1, 1, 1, .25, 1, true, Map.of(), 1);
        List<int[]> recordings = IntStream.range(0, 20)
                .mapToObj(seed -> TestMoonshines.bits(TestMoonshines.noise(.3, seed)))
                .toList();
        try (ModelFiles files = ModelFiles.open(dense)) {
            var run = new DistillRun(
                    files, recordings, attention, folder.resolve("x"), ModelWriter.Existing.KEEP, 5, StoredType.F32);
            assertThatThrownBy(() -> run.run(backend, new DistillRun.Listener() {}))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("encoder.layers.0.attention: 12 units of 4 columns")
                    .hasMessageContaining("make only mlp adaptive");
        }
    }

    private void assertBad(Path model, String config, String message) throws IOException {
        Files.writeString(model.resolve("config.json"), config);
        assertThatThrownBy(() -> load(model))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining(message);
    }
}
