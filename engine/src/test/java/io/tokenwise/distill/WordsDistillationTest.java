package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TestModels;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A dense student of texts without their most frequent words. */
class WordsDistillationTest {
    private static final List<String> VOCABULARY = List.of(
            "the the the the of of of and and in river mountain tokenization hyperbolic pay invoice cat don't café house"
                    .split(" "));

    @TempDir
    Path folder;

    private Path dense;

    @BeforeEach
    void write() throws Exception {
        dense = folder.resolve("dense");
        TestModels.writeSmall(dense);
    }

    private static List<String> texts() {
        var random = new Random(4);
        var texts = new ArrayList<String>();
        for (int i = 0; i < 200; i++) {
            texts.add(random.ints(3 + random.nextInt(12), 0, VOCABULARY.size())
                    .mapToObj(VOCABULARY::get)
                    .collect(Collectors.joining(" ")));
        }
        return texts;
    }

    private History run(Path out, int steps, int threads, int stopAfter) throws Exception {
        var kept = new History[1];
        try (ModelFiles files = Models.open(dense);
                Backend backend = VectorBackend.open(threads)) {
            Tokenizer tokenizer = files.tokenizer();
            List<int[]> inputs =
                    texts().stream().map(text -> tokenizer.encode(text).ids()).toList();
            DistillConfig config = ChildRun.config(steps, 1);
            new DistillRun(files, inputs, config, out, ModelWriter.Existing.KEEP, 7, StoredType.F32)
                    .withShorterTexts(new ShorterTexts(texts(), tokenizer))
                    .run(backend, new DistillRun.Listener() {
                        private int steps;

                        @Override
                        public void step(Distillation.Step step) {
                            if (++steps == stopAfter) {
                                Thread.currentThread().interrupt();
                            }
                        }

                        @Override
                        public void written(History history) {
                            kept[0] = history;
                        }
                    });
        }
        return kept[0];
    }

    @Test
    void itComesNearerToTheTeacherAndIsSavedAsADenseModel() throws Exception {
        History history = run(folder.resolve("list"), 300, 2, -1);
        History.Quality before =
                run(folder.resolve("untrained"), 1, 2, -1).qualities().getLast();
        History.Quality after = history.qualities().getLast();
        assertThat(1 - after.agreement()).isLessThan(0.8 * (1 - before.agreement()));
        assertThat(after.spent()).isEqualTo(before.spent()).isBetween(0.5, 0.8);
        assertThat(history.steps()).allMatch(step -> step.phase() == Distillation.Phase.END_TO_END);
        try (ModelFiles teacherFiles = Models.open(dense);
                ModelFiles files = Models.open(folder.resolve("list"));
                Backend backend = VectorBackend.open(1);
                Encoder teacher = Encoder.load(teacherFiles, backend);
                Encoder student = Encoder.load(files, backend)) {
            assertThat(student.isAdaptive()).isFalse();
            teacher.parameters().all().forEach(parameter -> {
                Tensor trained = student.parameters().get(parameter.name()).value();
                boolean isSame =
                        parameter.value().floats().get(0) == trained.floats().get(0);
                assertThat(isSame)
                        .as(parameter.name())
                        .isEqualTo(parameter.name().startsWith("embeddings."));
            });
        }
    }

    @Test
    void anInterruptedRunEndsAsAnUnbrokenOne() throws Exception {
        Path broken = folder.resolve("broken");
        assertThatThrownBy(() -> run(broken, 40, 1, 23)).isInstanceOf(InterruptedException.class);
        run(broken, 40, 2, -1);
        run(folder.resolve("unbroken"), 40, 1, -1);
        assertThat(Files.mismatch(
                        broken.resolve("model.safetensors"),
                        folder.resolve("unbroken").resolve("model.safetensors")))
                .isEqualTo(-1);
    }

    /** What is trained on is what the model is given in use. */
    @Test
    void tokensThatStayAreThoseOfTheShorterText() throws Exception {
        try (ModelFiles files = Models.open(dense)) {
            Tokenizer tokenizer = files.tokenizer();
            List<String> texts = new ArrayList<>(texts());
            // Longer than the 40 tokens that the model reads.
            texts.add("the tokenization of, the (hyperbolic) river! ".repeat(9));
            var shorter = new ShorterTexts(texts, tokenizer);
            FrequentWords words = FrequentWords.of(texts);
            for (String text : texts) {
                int[] ids = tokenizer.encode(text).ids();
                for (double keep : new double[] {0.85, 0.5, 0.35}) {
                    assertThat(shorter.shorter(ids, keep))
                            .as(text)
                            .isEqualTo(tokenizer
                                    .encode(words.shorter(tokenizer, "", text, keep))
                                    .ids());
                }
                assertThat(shorter.places(ids, 0.5)).isSorted().doesNotHaveDuplicates();
            }
            int[] stranger = tokenizer.encode("another text").ids();
            assertThatThrownBy(() -> shorter.places(stranger, 0.5)).hasMessageContaining("text that was not given");
        }
    }

    @Test
    void aTextWhoseTokensAreNotThoseOfItsWordsStaysWhole() throws Exception {
        try (ModelFiles files = Models.open(dense)) {
            String text = "the cat\fsat on the mat";
            int[] ids = files.tokenizer().encode(text).ids();
            assertThat(new ShorterTexts(List.of(text), files.tokenizer()).shorter(ids, 0.35))
                    .isEqualTo(ids)
                    .hasSizeGreaterThan(Arrays.asList(text.split(" ")).size());
        }
    }

    @Test
    void anAdaptiveModelIsRefused() throws Exception {
        try (ModelFiles files = TestModels.files("minilm-acm")) {
            var shorter = new ShorterTexts(texts(), files.tokenizer());
            List<int[]> inputs = texts().stream()
                    .map(text -> files.tokenizer().encode(text).ids())
                    .toList();
            var run = new DistillRun(
                    files,
                    inputs,
                    ChildRun.config(4, 1),
                    folder.resolve("out"),
                    ModelWriter.Existing.KEEP,
                    7,
                    StoredType.F32);
            assertThatThrownBy(() -> run.withShorterTexts(shorter))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("must be a dense text encoder");
        }
    }
}
