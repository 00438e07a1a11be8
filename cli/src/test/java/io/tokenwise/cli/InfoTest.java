package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The command {@code info}, on the built-in model and on the same made adaptive, but not trained. */
class InfoTest extends CommandTest {
    private static Path adaptive;

    @BeforeAll
    static void write(@TempDir Path folder) throws IOException {
        adaptive = UntrainedAdaptive.ofMiniLm(folder);
    }

    @Test
    void knowsTheBuiltInModel() {
        assertThat(run("info", "minilm", "--json")).isZero();
        assertThat(line(0).get("layers").asInt()).isEqualTo(6);
        assertThat(line(0).get("hidden").asInt()).isEqualTo(384);
        assertThat(line(0).get("learners").isNull()).isTrue();
        assertThat(line(0).get("stored").get(0).asString()).isEqualTo("F32");
        // Twelve 384 x 384 matrices a layer (4 of attention, 8 of the MLP), and scores and sums over 128 tokens.
        assertThat(line(0).get("flopsPerToken").get("dense").asDouble())
                .isEqualTo(6 * (12 * 384 * 384 + 2 * 128 * 384));
        JsonNode cost = line(0).get("cost");
        assertThat(cost.get("table").asString()).startsWith("shipped for ");
        assertThat(cost.get("measured").asBoolean()).isFalse();
        JsonNode millis = cost.get("predictedMillis");
        assertThat(List.of("16", "32", "64", "128", "256").stream()
                        .map(tokens -> millis.get(tokens).asDouble()))
                .isSorted()
                .allMatch(some -> some > 0);
    }

    @Test
    void aFolderThatIsNoModelIsOneLine(@TempDir Path folder) {
        assertThat(run("info", folder.toString())).isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString().contains("config.json: no such file");
    }

    @Test
    void anAdaptiveModelHasFlopsPerBudget() {
        assertThat(run("info", adaptive.toString(), "--json")).isZero();
        assertThat(line(0).get("learners").asInt()).isEqualTo(8);
        assertThat(line(0).get("mlpLearners").asInt()).isEqualTo(7);
        JsonNode flops = line(0).get("flopsPerToken");
        double mlps = 6 * 8 * 384 * 384;
        assertThat(flops.get("1.0").asDouble()).isEqualTo(flops.get("dense").asDouble());
        assertThat(flops.get("0.25").asDouble()).isEqualTo(flops.get("dense").asDouble() - 0.75 * mlps);
    }
}
