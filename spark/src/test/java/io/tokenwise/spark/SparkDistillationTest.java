package io.tokenwise.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import io.tokenwise.distill.DistillRun;
import io.tokenwise.distill.TrainingTexts;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.RandomModel;
import io.tokenwise.train.TrainingOutput;
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
    static final int STEPS = 24;
    static final long TOKENS = 768 * STEPS;

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
        RandomModel.small(
                        "bert", Map.of("vocab_size", 30_522, "num_hidden_layers", 2, "max_position_embeddings", 40), 5)
                .write(model, "");
        try (ModelFiles other = Models.open("minilm-acm")) {
            Files.write(model.resolve("tokenizer.json"), other.tokenizer().json());
        }
    }

    static List<String> lines() {
        return IntStream.range(0, 400)
                .mapToObj(i -> "The invoice of number " + i + " is paid. ".repeat(1 + i % 3) + i * 37)
                .toList();
    }

    static Dataset<Row> texts() {
        return SPARK.createDataset(lines(), Encoders.STRING()).toDF("text");
    }

    private Path out(String name) {
        return folder.resolve(name);
    }

    static void assertSame(Path one, Path other) throws IOException {
        for (String file : List.of("model.safetensors", "config.json")) {
            assertThat(Files.mismatch(one.resolve(file), other.resolve(file)))
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
        assertSame(out("local"), out("spark"));
        assertThat(distilled.steps()).isEqualTo(STEPS);
        assertThat(distilled.agreement()).isBetween(-1.0, 1.0);
    }

    @Test
    void theDriverSeesACheckpointOfOtherWorkers() throws Exception {
        String out = out("stopped").toString();
        Files.createDirectories(out("stopped.checkpoint"));
        Files.createFile(out("stopped.checkpoint").resolve("worker-1-of-4-step-9"));
        assertThatThrownBy(() -> small.workers(2).run(texts(), "text", out))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("stopped.checkpoint: is a checkpoint of 4 workers: go on with as many");
    }

    @Test
    void whatCannotBeIsOneClearLine() throws IOException {
        Dataset<Row> texts = texts();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> small.run(texts.selectExpr("length(text) as length"), "length", "out"))
                .withMessage("distill: column length is of type integer, a string is needed");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> small.run(texts, "text", "s3a://bucket/out"))
                .withMessageStartingWith(
                        "distill: the folder is s3a://bucket/out, must be a path that driver and executors have");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> small.workers(0))
                .withMessage("distill: workers is 0, must be at least 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> small.backend(new BackendChoice(BackendChoice.Kind.AUTO, Precision.S8)))
                .withMessage("distill: S8 is for inference only: train in F32 or BF16");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> small.tokens(1).workers(2).run(texts, "text", "out"))
                .withMessage("distill: tokens is 1, must be at least that of workers: 2");
        String out = out("new").toString();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> small.run(
                        texts.selectExpr("if(length(text) < 30, text, if(length(text) < 60, null, ' ')) as text"),
                        "text",
                        out))
                .withMessageMatching("there are \\d+ texts to train on; at least 20 different ones are needed, .*");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> small.workers(3).run(texts, "text", out))
                .withMessage(
                        "distill: 3 workers run at the same time, and the cluster has slots for 2: ask for fewer, or give it more cores");
        assertThatThrownBy(() -> SparkDistillation.of("vit-cifar10").run(texts, "text", out))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("reads no texts");
        Files.createDirectories(out("full").resolve("something"));
        assertThatThrownBy(() -> small.run(texts, "text", out("full").toString()))
                .isInstanceOf(IOException.class)
                .hasMessage(out("full") + ": exists and is not empty");
        try (TrainingOutput other = TrainingOutput.begin(out("busy"), ModelWriter.Existing.KEEP)) {
            assertThatThrownBy(() -> small.run(texts, "text", other.out().toString()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("another process is training to it");
        }
        assertThat(out("new")).doesNotExist();
    }
}
