package io.tokenwise.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.testmodels.PageExamples;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** docs/spark.md as it stands: its example compiled and run. */
class PageTest {
    @Test
    void theExampleRuns(@TempDir Path folder) throws Exception {
        PageExamples examples = PageExamples.compile(Path.of("..", "docs", "spark.md"), folder);
        LocalSpark.session();
        assertThat(examples.run(examples.names().getFirst()))
                .contains("dimensions 384")
                .contains("vector: array");
    }
}
