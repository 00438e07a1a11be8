package io.tokenwise.finetune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.Embedding;
import io.tokenwise.TestModels;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.RandomModel;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.train.TrainingListener;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On a small model with random weights: what labels say is learnt, and shows in vectors of texts that were not trained on. */
class FineTuneRunTest {
    private static final int CLASSES = 3;
    private static final int LENGTH = 4;

    @TempDir
    private Path folder;

    private Path model;
    private final SplittableRandom random = new SplittableRandom(5);

    @BeforeEach
    void writeModel() throws IOException {
        model = folder.resolve("model");
        TestModels.writeSmall(model);
    }

    /** Words of 20 are of no class; one word at a random place says the class. */
    private int[] text(int label) {
        int[] ids = random.ints(LENGTH, 2_000, 2_020).toArray();
        ids[random.nextInt(LENGTH)] = 3_000 + label;
        return ids;
    }

    private Labels.Classes classes(int texts) {
        var sequences = new ArrayList<int[]>();
        var labels = new ArrayList<String>();
        for (int i = 0; i < texts; i++) {
            sequences.add(text(i % CLASSES));
            labels.add("class " + i % CLASSES);
        }
        return Labels.Classes.of(sequences, labels);
    }

    private double run(Labels labels, String out, int epochs, long seed) throws IOException, InterruptedException {
        return run(labels, out, epochs, seed, new TrainingListener() {});
    }

    private double run(Labels labels, String out, int epochs, long seed, TrainingListener listener)
            throws IOException, InterruptedException {
        try (Backend backend = VectorBackend.open(2);
                ModelFiles files = Models.open(model.toString())) {
            var config = new FineTuneConfig(epochs, 128, 3e-3, seed);
            return new FineTuneRun(files, labels, config, folder.resolve(out), 3).run(backend, listener);
        }
    }

    private float[][] vectors(Path of, List<int[]> texts) throws IOException {
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open(of.toString());
                Encoder encoder = Encoder.load(files, backend);
                var sessions = new Sessions(encoder, backend, 256, 1)) {
            return sessions.encode(texts, Budget.FULL, null);
        }
    }

    /** Mean cosine of pairs of the same class less that of pairs of two. */
    private static double separation(float[][] vectors) {
        double same = 0;
        double other = 0;
        int sames = 0;
        int others = 0;
        for (int i = 0; i < vectors.length; i++) {
            for (int j = 0; j < i; j++) {
                double cosine = Embedding.cosine(vectors[i], vectors[j]);
                if ((i - j) % CLASSES == 0) {
                    same += cosine;
                    sames++;
                } else {
                    other += cosine;
                    others++;
                }
            }
        }
        return same / sames - other / others;
    }

    private static Labels.Classes repeated(Labels.Classes labels, int times) {
        var texts = new ArrayList<int[]>();
        var names = new ArrayList<String>();
        for (int i = 0; i < times * labels.size(); i++) {
            texts.add(labels.texts().get(i % labels.size()).clone());
            names.add(labels.names().get(labels.numbers()[i % labels.size()]));
        }
        return Labels.Classes.of(texts, names);
    }

    /** Classes that no rule says can be known by heart only, of texts that were trained on. */
    @Test
    void whatRepeatsAHeldOutTextIsNotTrainedOn() throws Exception {
        var texts = new ArrayList<int[]>();
        var names = new ArrayList<String>();
        for (int i = 0; i < 200; i++) {
            texts.add(random.ints(LENGTH, 2_000, 4_000).toArray());
            names.add("class " + random.nextInt(CLASSES));
        }
        assertThat(run(repeated(Labels.Classes.of(texts, names), 5), "out", 20, 1))
                .isLessThan(0.7);
    }

    /** What they know of distances stays, as their words do: it has no gradient. */
    @ParameterizedTest
    @CsvSource({
        "deberta_v2, deberta., deberta-v2, encoder.rel_embeddings.weight",
        "mpnet, mpnet., mpnet, encoder.relative_attention_bias.weight"
    })
    void modelsWithTablesOfDistancesAreTrainedToo(String family, String prefix, String type, String table)
            throws Exception {
        model = folder.resolve(type);
        RandomModel.small(family, Map.of("vocab_size", 30_522), 5).write(model, prefix);
        Files.copy(folder.resolve("model/tokenizer.json"), model.resolve("tokenizer.json"));
        run(classes(60), "out", 2, 1);
        assertThat(values(folder.resolve("out"), table)).isEqualTo(values(model, table));
        assertThat(values(folder.resolve("out"), "encoder.layer.0.output.dense.bias"))
                .isNotEqualTo(values(model, "encoder.layer.0.output.dense.bias"));
    }

    private static float[] values(Path model, String tensor) throws IOException {
        try (ModelFiles files = Models.open(model.toString());
                Arena arena = Arena.ofConfined()) {
            long[] shape = files.weights().shape(tensor);
            MemorySegment floats = arena.allocate(4 * LongStream.of(shape).reduce(1, (a, b) -> a * b));
            files.weights().read(tensor, floats);
            return floats.toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    @Test
    void aPairIsTheSameTheOtherWayRound() {
        List<int[]> texts = classes(40).texts();
        var first = new ArrayList<>(texts.subList(0, 20));
        first.addAll(texts.subList(20, 40));
        var second = new ArrayList<>(texts.subList(20, 40));
        second.addAll(texts.subList(0, 20));
        assertThat(new Labels.Pairs(first, second, new double[40]).different()).isEqualTo(20);
        assertThat(new Labels.Pairs(first, first, new double[40]).different()).isEqualTo(40);
    }

    @Test
    void classesArePartedInVectorsOfOtherTexts() throws Exception {
        assertThat(run(classes(300), "out", 20, 1)).isGreaterThan(0.9);
        List<int[]> others = classes(60).texts();
        assertThat(separation(vectors(model, others))).isLessThan(0.2);
        assertThat(separation(vectors(folder.resolve("out"), others))).isGreaterThan(0.6);
    }

    /** Pairs are alike if their first texts' class words are the same, whatever the scale of scores. */
    @Test
    void pairsAreBroughtInOrder() throws Exception {
        var first = new ArrayList<int[]>();
        var second = new ArrayList<int[]>();
        var scores = new double[1_000];
        for (int i = 0; i < scores.length; i++) {
            int one = random.nextInt(CLASSES);
            int other = random.nextInt(CLASSES);
            first.add(text(one));
            second.add(text(other));
            scores[i] = one == other ? 70 : -3;
        }
        assertThat(run(new Labels.Pairs(first, second, scores), "out", 15, 1)).isGreaterThan(0.9);
        assertThat(separation(vectors(folder.resolve("out"), classes(60).texts())))
                .isGreaterThan(0.4);
    }

    @Test
    void theSeedDecidesAllWeights() throws Exception {
        Labels labels = classes(60);
        run(labels, "one", 2, 1);
        run(labels, "same", 2, 1);
        run(labels, "other", 2, 2);
        byte[] one = Files.readAllBytes(folder.resolve("one/model.safetensors"));
        assertThat(Files.readAllBytes(folder.resolve("same/model.safetensors"))).isEqualTo(one);
        assertThat(Files.readAllBytes(folder.resolve("other/model.safetensors")))
                .isNotEqualTo(one);
    }

    private Path weights(String out) {
        return folder.resolve(out).resolve("model.safetensors");
    }

    @Test
    void embeddingsStayAsTheyAre() throws Exception {
        run(classes(60), "out", 2, 1);
        try (Backend backend = VectorBackend.open(1);
                ModelFiles before = Models.open(model.toString());
                ModelFiles after = Models.open(folder.resolve("out").toString());
                Encoder old = Encoder.load(before, backend);
                Encoder trained = Encoder.load(after, backend)) {
            old.parameters().all().forEach(parameter -> {
                float[] was = values(parameter);
                float[] is = values(trained.parameters().get(parameter.name()));
                if (parameter.name().startsWith("embeddings.")) {
                    assertThat(is).as(parameter.name()).isEqualTo(was);
                } else {
                    assertThat(is).as(parameter.name()).isNotEqualTo(was);
                }
            });
        }
    }

    private static float[] values(Parameter parameter) {
        var values = new float[parameter.value().size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = parameter.value().floats().get(i);
        }
        return values;
    }

    /** Stops after some steps as Ctrl-C does. */
    private void stopAfter(int steps, Labels labels, String out) {
        assertThatThrownBy(() -> run(labels, out, 2, 1, new TrainingListener() {
                    @Override
                    public void step(int done, int all, double loss) {
                        if (done == steps) {
                            Thread.currentThread().interrupt();
                        }
                    }
                }))
                .isInstanceOf(InterruptedException.class);
        assertThat(folder.resolve(out)).doesNotExist();
        assertThat(folder.resolve(out + ".checkpoint")).exists();
    }

    private void stoppedAndGoneOnWithItEndsWithTheSameBits(Labels labels) throws Exception {
        double right = run(labels, "whole", 2, 1);
        stopAfter(2, labels, "parts");
        stopAfter(5, labels, "parts");
        var resumed = new ArrayList<Integer>();
        assertThat(run(labels, "parts", 2, 1, new TrainingListener() {
                    @Override
                    public void resumed(int nextStep, int steps) {
                        resumed.add(nextStep);
                    }
                }))
                .isEqualTo(right);
        assertThat(resumed).containsExactly(5);
        assertThat(weights("parts")).hasSameBinaryContentAs(weights("whole"));
        assertThat(folder.resolve("parts.checkpoint")).doesNotExist();
    }

    @Test
    void classesOfARunThatWasStopped() throws Exception {
        stoppedAndGoneOnWithItEndsWithTheSameBits(classes(200));
    }

    @Test
    void pairsOfARunThatWasStopped() throws Exception {
        List<int[]> texts = classes(400).texts();
        stoppedAndGoneOnWithItEndsWithTheSameBits(new Labels.Pairs(
                texts.subList(0, 200),
                texts.subList(200, 400),
                random.doubles(200).toArray()));
    }

    @Test
    void aCheckpointOfOtherLabelsOrWeightsIsRefused() throws Exception {
        Labels.Classes labels = classes(200);
        stopAfter(2, labels, "out");
        int[] others = labels.numbers().clone();
        others[7] = (others[7] + 1) % CLASSES;
        assertThatThrownBy(() -> run(new Labels.Classes(labels.texts(), labels.names(), others), "out", 2, 1))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("belongs to a run with other settings (labels: was 200 with checksum ");
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open(model.toString());
                Encoder encoder = Encoder.load(files, backend)) {
            try (HostTensor bias = encoder.layerParameters().getLast().write()) {
                bias.set(0, bias.get(0) + 1);
            }
            encoder.save(folder.resolve("other"), files.tokenizer(), ModelWriter.Existing.KEEP);
        }
        model = folder.resolve("other");
        assertThatThrownBy(() -> run(labels, "out", 2, 1))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("weights: was those with checksum ");
    }

    @Test
    void labelsThatTeachNothingAreRefused() {
        List<int[]> texts = classes(30).texts();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> run(
                        Labels.Classes.of(texts, texts.stream().map(_ -> "one").toList()), "out", 2, 1))
                .withMessage("all texts have the class one; two or more classes are needed");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> run(new Labels.Pairs(texts, texts, new double[30]), "out", 2, 1))
                .withMessageContaining("all pairs have the score 0.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> run(classes(19), "out", 2, 1))
                .withMessageContaining("19 labelled examples; at least 20");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> run(repeated(classes(10), 4), "out", 2, 1))
                .withMessageContaining("there are 10 different ones among 40 labelled examples; at least 20");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Labels.Classes.of(texts, List.of("a")))
                .withMessageContaining("30 texts and 1 labels");
    }

    @Test
    void anAdaptiveModelIsRefused() throws Exception {
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open(model.toString());
                Encoder encoder = Encoder.load(files, backend)) {
            TestModels.acmize(encoder, 4, TestModels.sequences(9));
            Labels labels = classes(30);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new FineTuning(encoder, labels, FineTuneConfig.of(1, 1e-4, 1), backend))
                    .withMessageContaining("is adaptive; fine-tune a dense model");
        }
    }
}
