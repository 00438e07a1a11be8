package io.tokenwise.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.testmodels.PageExamples;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** docs/spark.md as it stands: its examples compiled and run. */
class PageTest {
    private static final Path PAGE = Path.of("..", "docs", "spark.md");

    @TempDir
    Path folder;

    @Test
    void theColumnsRun() throws Exception {
        PageExamples examples = PageExamples.compile(PAGE, folder);
        LocalSpark.session();
        assertThat(examples.run(examples.names().getFirst()))
                .contains("dimensions 384")
                .contains("vector: array");
    }

    @Test
    void theDistillationRuns() throws Exception {
        PageExamples examples = PageExamples.compile(PAGE, folder);
        LocalSpark.session();
        String model = folder.resolve("model").toString();
        SparkDistillationTest.writeSmall(Path.of(model));
        Path texts = Files.write(folder.resolve("texts"), SparkDistillationTest.lines());
        Path out = folder.resolve("out");
        assertThat(examples.run(examples.names().get(1), model, texts.toString(), "10000", out.toString()))
                .contains("cosine to the teacher");
        assertThat(out.resolve("model.safetensors")).exists();
    }
}
