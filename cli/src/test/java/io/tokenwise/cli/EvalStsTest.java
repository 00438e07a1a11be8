package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.testmodels.NoiseWav;
import io.tokenwise.testmodels.SmallWav2Vec2;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The command {@code eval sts}, on the built-in model and on the same made adaptive, but not trained. */
class EvalStsTest extends CommandTest {
    private static final String PAIRS = """
            A man is playing a guitar.,A man plays the guitar.,4.8
            A man is playing a guitar.,"A woman, slowly, slices an onion.",0.4
            The cat sat on the mat.,A cat is sitting on a rug.,4.1
            Stocks fell sharply on Monday.,Shares dropped at the start of the week.,3.9
            Stocks fell sharply on Monday.,The river is frozen.,0.1
            Two dogs run through the snow.,A dog runs.,2.6
            """;

    @TempDir
    static Path folder;

    private static Path adaptive;
    private static Path pairs;

    @BeforeAll
    static void write() throws IOException {
        adaptive = UntrainedAdaptive.ofMiniLm(folder);
        pairs = Files.writeString(folder.resolve("pairs.csv"), PAIRS);
    }

    @Test
    void aDenseModelHasOneRow() {
        assertThat(run("eval", "sts", pairs.toString(), "--model", "minilm")).isZero();
        assertThat(out.toString().lines()).hasSize(3).first().isEqualTo("6 pairs");
        assertThat(err.toString()).contains("eval sts: 12 of 12 texts in ");
    }

    @Test
    void aDenseModelHasNoTeacher() throws IOException {
        Path speech = folder.resolve("speech");
        SmallWav2Vec2.write(speech);
        Files.write(folder.resolve("noise.wav"), NoiseWav.of(1, 3));
        Path table = Files.writeString(folder.resolve("noise.csv"), "noise.wav,hello\n");
        assertThat(run("eval", "sts", pairs.toString(), "--model", "minilm", "--teacher", "minilm"))
                .isEqualTo(2);
        assertThat(run("eval", "asr", table.toString(), "--model", speech.toString(), "--teacher", "nothing"))
                .isEqualTo(2);
        assertThat(err.toString().lines())
                .satisfiesExactly(
                        line -> assertThat(line).startsWith("tokenwise eval sts: " + why("minilm")),
                        line -> assertThat(line).startsWith("tokenwise eval asr: " + why(speech.toString())));
    }

    private static String why(String model) {
        return "--teacher is for adaptive models, which are compared with it: " + model + " is dense";
    }

    @Test
    void comparesEachBudgetWithItsControls() {
        JsonNode rows = evalRows(
                "sts", pairs.toString(), "--model", adaptive.toString(), "--flops", "0.5,1", "--precision", "f32");
        assertThat(rows.valueStream().map(row -> row.get("mode").asString()))
                .containsExactly("dense", "soft", "hard", "static", "random", "soft");
        JsonNode dense = rows.get(0);
        JsonNode full = rows.get(5);
        assertThat(dense.get("value").asDouble()).isGreaterThan(0.8);
        assertThat(full.get("teacherCosine").asDouble()).isCloseTo(1, within(1e-6));
        assertThat(full.get("value").asDouble()).isCloseTo(dense.get("value").asDouble(), within(1e-9));
        assertThat(full.get("meanLearners").asDouble()).isEqualTo(8);
        assertThat(full.get("spent").asDouble()).isEqualTo(1);
        assertThat(rows.get(2).get("spent").asDouble()).isBetween(0.48, 0.5);
        assertThat(rows.get(3).get("spent").asDouble()).isCloseTo(0.5, within(1e-9));
        assertThat(rows.get(4).get("spent").asDouble())
                .isCloseTo(rows.get(1).get("spent").asDouble(), within(1e-9));
        assertThat(rows.get(3).get("flopsPerToken").asDouble())
                .isLessThan(dense.get("flopsPerToken").asDouble());
    }

    @Test
    void theRandomControlIsAMeanOverSeeds() {
        JsonNode rows =
                evalRows("sts", pairs.toString(), "--model", adaptive.toString(), "--flops", "0.5", "--seeds", "3");
        assertThat(rows).hasSize(5);
        assertThat(rows.get(4).get("mode").asString()).isEqualTo("random");
        assertThat(rows.get(4).get("seeds").asInt()).isEqualTo(3);
        assertThat(rows.get(4).get("deviation").asDouble()).isGreaterThanOrEqualTo(0);
        assertThat(rows.get(1).get("seeds").asInt()).isEqualTo(1);
        assertThat(rows.get(1).get("deviation").isNull()).isTrue();
    }

    @Test
    void namesTheLineThatIsWrong() throws IOException {
        Path bad = Files.writeString(folder.resolve("bad.csv"), "a,b,1\na,b\n");
        assertThat(run("eval", "sts", bad.toString())).isEqualTo(1);
        assertThat(err.toString().strip())
                .isEqualTo("tokenwise eval sts: " + bad + ":2: has 2 columns; expected sentence1,sentence2,score");
    }

    /** Of equal scores there is no rank correlation, and JSON has no number for it. */
    @Test
    void needsDifferentScores() throws IOException {
        Path same = Files.writeString(folder.resolve("same.csv"), "a,b,3\nc,d,3.0\n");
        Path one = Files.writeString(folder.resolve("one-pair.csv"), "a,b,4\n");
        assertThat(run("eval", "sts", same.toString(), "--json")).isEqualTo(1);
        assertThat(run("eval", "sts", one.toString(), "--json")).isEqualTo(1);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString().lines())
                .containsExactly(
                        "tokenwise eval sts: " + same
                                + ": has the score 3.0 only; two or more different ones are needed",
                        "tokenwise eval sts: " + one
                                + ": has the score 4.0 only; two or more different ones are needed");
    }
}
