package io.tokenwise.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrialTest {
    @TempDir
    Path folder;

    private Trial.Result result(String content) throws IOException {
        var input = new Input(Map.of("file", content.getBytes(StandardCharsets.UTF_8)));
        var trial = new Trial(Workplace.of(Files.createDirectories(folder.resolve("work"))));
        trial.run(PlantedTargets.PLANTED, new Input(Map.of("file", new byte[0])));
        return trial.run(PlantedTargets.PLANTED, input);
    }

    @ParameterizedTest
    @CsvSource({"e,exception", "m,memory", "n,leak", "o,open"})
    void whatNoReaderMayDoIsFound(String content, String kind) throws IOException {
        assertThat(result(content).finding().orElseThrow().kind()).isEqualTo(kind);
    }

    /** On a slow machine what is loaded for the first reader takes long. */
    @Test
    void whatIsSlowOnceIsNot() throws IOException {
        assertThat(result("s").finding()).isEmpty();
    }

    @Test
    void whatReadersDoIsNot() throws IOException {
        assertThat(result("r").verdict()).isEqualTo(Trial.Verdict.REFUSED);
        assertThat(result("r").finding()).isEmpty();
        assertThat(result(" ").verdict()).isEqualTo(Trial.Verdict.READ);
        assertThat(result(" ").finding()).isEmpty();
    }
}
