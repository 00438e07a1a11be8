package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The command {@code eval classify}, on the built-in model made adaptive, but not trained. */
class EvalClassifyTest extends CommandTest {
    @TempDir
    static Path folder;

    private static Path adaptive;

    @BeforeAll
    static void write() throws IOException {
        adaptive = UntrainedAdaptive.ofMiniLm(folder);
    }

    private static Path labelled(String name, String... texts) throws IOException {
        return Files.writeString(folder.resolve(name), "label,text\n" + String.join("\n", texts) + "\n");
    }

    @Test
    void turnsTheBudgetOfOneClassifier() throws IOException {
        Path train = labelled(
                "train.csv",
                "animal,a dog barks",
                "animal,the cat sleeps",
                "animal,horses eat grass",
                "money,the bank lends money",
                "money,shares and bonds",
                "money,she paid the invoice");
        // The last one is labelled so that it cannot be found.
        Path test =
                labelled("test.csv", "animal,a cow in a meadow", "money,interest on a loan", "money,a little kitten");
        for (String fit : List.of("dense", "own")) {
            JsonNode rows = evalRows(
                    "classify",
                    train.toString(),
                    test.toString(),
                    "--model",
                    adaptive.toString(),
                    "--flops",
                    "0.5,1",
                    "--precision",
                    "f32",
                    "--fit",
                    fit);
            assertThat(rows.valueStream().map(row -> row.get("mode").asString()))
                    .containsExactly("dense", "soft", "hard", "static", "random", "soft");
            for (JsonNode exact : List.of(rows.get(0), rows.get(5))) {
                assertThat(exact.get("metric").asString()).isEqualTo("accuracy");
                assertThat(exact.get("value").asDouble()).isCloseTo(2 / 3.0, within(1e-9));
                // Both classes: one right, one wrong, so 2 * 1 / (1 + 2).
                assertThat(exact.get("metrics").get("macro-f1").asDouble()).isCloseTo(2 / 3.0, within(1e-9));
            }
        }
        assertThat(err.toString()).contains("eval classify: 24 of 24 texts in ", "eval classify: 54 of 54 texts in ");
    }

    @Test
    void tellsWhatCannotBeLearnt() throws IOException {
        Path one = labelled("one.csv", "a,x", "a,y");
        Path two = labelled("two.csv", "a,x", "b,y");
        assertThat(run("eval", "classify", one.toString(), two.toString())).isEqualTo(1);
        assertThat(run(
                        "eval",
                        "classify",
                        two.toString(),
                        labelled("other.csv", "a,x", "c,y").toString()))
                .isEqualTo(1);
        assertThat(err.toString().lines())
                .containsExactly(
                        "tokenwise eval classify: " + one + ": has the class a only; two or more are needed",
                        "tokenwise eval classify: " + folder.resolve("other.csv") + ":3: the class c does not occur in "
                                + two);
    }
}
