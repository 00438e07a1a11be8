package io.tokenwise.recipes;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.testmodels.PageExamples;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** docs/langchain4j.md as it stands: its example compiled and run. */
class PageTest {
    @Test
    void theExampleFindsTheAnswer(@TempDir Path folder) throws Exception {
        PageExamples examples = PageExamples.compile(Path.of("..", "docs", "langchain4j.md"), folder);
        assertThat(examples.run(examples.names().getFirst()).strip()).isEqualTo("Invoices are paid by bank transfer.");
    }
}
