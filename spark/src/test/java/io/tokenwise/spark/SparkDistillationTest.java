package io.tokenwise.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import io.tokenwise.distill.DistillRun;
import io.tokenwise.distill.TrainingTexts;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.RandomModel;
import io.tokenwise.api.BackendChoice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SparkDistillationTest {
    private static final SparkSession SPARK = LocalSpark.session();
    private static final long TOKENS = 768 * 24;

    @TempDir
    Path folder;

    private SparkDistillation small;

    @BeforeEach
    void write() throws IOException {
        Path dense = folder.resolve("dense");
        writeSmall(dense);
        small = SparkDistillation.of(dense.toString()).tokens(TOKENS).backend(BackendChoice.FLOAT32);
    }

    /** A small BERT with random weights and MiniLM's tokenizer. */
    static void writeSmall(Path model) throws IOException {
        RandomModel.small("bert", Map.of("vocab_size", 30_522), 5).write(model, "");
        try (ModelFiles other = Models.open("minilm-acm")) {
            Files.write(model.resolve("tokenizer.json"), other.tokenizer().json());
        }
    }

    private static List<String> lines() {
        return IntStream.range(0, 400)
                .mapToObj(i -> "The invoice of number " + i + " is paid. ".repeat(1 + i % 5) + i * 37)
                .toList();
    }

    private static Dataset<Row> texts() {
        return SPARK.createDataset(lines(), Encoders.STRING()).toDF("text");
    }

    private Path out(String name) {
        return folder.resolve(name);
    }

    private void assertSame(String one, String other) throws IOException {
        for (String file : List.of("model.safetensors", "config.json")) {
            assertThat(Files.mismatch(out(one).resolve(file), out(other).resolve(file)))
                    .as(file)
                    .isEqualTo(-1);
        }
    }

    @Test
    void oneWorkerGivesWhatOneMachineGives() throws Exception {
        Distilled distilled = small.run(texts(), "text", out("spark").toString());
        try (ModelFiles files = Models.open(folder.resolve("dense"));
                Backend backend = Backends.open(BackendChoice.FLOAT32, 2)) {
            var texts = new TrainingTexts(files, 1, false, TrainingTexts.MOST_TOKENS);
            lines().forEach(texts::add);
            DistillRun run = DistillSettings.of("").withTokens(TOKENS).run(files, texts.sequences(), out("local"));
            run.run(backend, new DistillRun.Listener() {});
        }
        assertSame("local", "spark");
        assertThat(distilled.steps()).isEqualTo(24);
        assertThat(distilled.agreement()).isBetween(-1.0, 1.0);
    }

    @Test
    void twoWorkersGiveTheSameBitsEachTime() throws Exception {
        SparkDistillation two = small.workers(2).averageEvery(4);
        Distilled distilled = two.run(texts(), "text", out("first").toString());
        two.run(texts(), "text", out("second").toString());
        assertSame("first", "second");
        assertThat(distilled.steps()).isEqualTo(12);
        assertThat(distilled.averageSeconds()).isPositive();
    }
}
