package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The commands that run a model, on the built-in one. */
class ModelCommandsTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String stdin, String... args) {
        var in = new ByteArrayInputStream(stdin.getBytes(StandardCharsets.UTF_8));
        return Tokenwise.commandLine(in, new PrintWriter(out, true), new PrintWriter(err, true))
                .execute(args);
    }

    private JsonNode line(int number) {
        return new JsonMapper().readTree(out.toString().lines().toList().get(number));
    }

    @Test
    void embedGivesOneVectorALine() {
        assertThat(run("a cat sat\n\nthe cat was sitting\n", "embed", "--threads", "1"))
                .isZero();
        assertThat(out.toString().lines()).hasSize(3);
        double length = 0;
        double cosine = 0;
        for (int i = 0; i < 384; i++) {
            length += Math.pow(line(0).get(i).asDouble(), 2);
            cosine += line(0).get(i).asDouble() * line(2).get(i).asDouble();
        }
        assertThat(line(0)).hasSize(384);
        assertThat(length).isCloseTo(1, within(1e-5));
        assertThat(cosine).isGreaterThan(0.8);
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void embedTellsThatATextWasCut() {
        assertThat(run("word ".repeat(300) + "\nshort", "embed", "--json")).isZero();
        assertThat(line(0).get("tokens").asInt()).isEqualTo(256);
        assertThat(line(0).get("truncated").asBoolean()).isTrue();
        assertThat(line(1).get("tokens").asInt()).isEqualTo(3);
        assertThat(line(1).get("truncated").asBoolean()).isFalse();
        assertThat(err.toString().strip()).isEqualTo("texts cut to the 256 tokens that the model reads: 1");
    }

    @Test
    void embedTellsThatADenseModelHasNoBudget() {
        assertThat(run("a", "embed", "--budget", "0.5")).isZero();
        assertThat(err.toString().strip()).isEqualTo("minilm is a dense model: --budget changes nothing");
    }

    @Test
    void infoKnowsTheBuiltInModel() {
        assertThat(run("", "info", "minilm", "--json")).isZero();
        assertThat(line(0).get("layers").asInt()).isEqualTo(6);
        assertThat(line(0).get("hidden").asInt()).isEqualTo(384);
        assertThat(line(0).get("learners").isNull()).isTrue();
        // Twelve 384 x 384 matrices a layer (4 of attention, 8 of the MLP), and scores and sums over 128 tokens.
        assertThat(line(0).get("flopsPerToken").get("dense").asDouble())
                .isEqualTo(6 * (12 * 384 * 384 + 2 * 128 * 384));
    }

    @Test
    void aFolderThatIsNoModelIsOneLine(@TempDir Path folder) {
        assertThat(run("", "info", folder.toString())).isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString().contains("config.json: no such file");
    }

    @Test
    void aNameThatIsNoModelIsOneLine() {
        assertThat(run("", "embed", "--model", "no-such-model")).isEqualTo(1);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .startsWith("tokenwise embed: no-such-model: no such directory");
    }
}
