package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.testmodels.SmallTextModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** The command {@code distill --control}, on a model so small that its figures mean nothing. */
class DistillControlTest extends CommandTest {
    @TempDir
    static Path folder;

    private static String texts;

    @BeforeAll
    static void write() throws IOException {
        SmallTextModel.write(folder.resolve("small"));
        texts = Files.writeString(
                        folder.resolve("texts.txt"),
                        IntStream.range(0, 400)
                                .mapToObj(i -> "this is the text of number " + i + "\n")
                                .collect(Collectors.joining()))
                .toString();
    }

    private int distill(String... options) {
        var args = new ArrayList<>(
                List.of("distill", "--model", folder.resolve("small").toString(), "--data", texts));
        args.addAll(List.of(options));
        return run(args.toArray(String[]::new));
    }

    @Test
    void aControlHasNoGatesAndOneRowInAnEvaluation() throws IOException {
        Path control = folder.resolve("control");
        assertThat(distill("--out", control.toString(), "--control", "layers", "--learners", "3", "--tokens", "4000"))
                .as(err.toString())
                .isZero();
        assertThat(out.toString())
                .contains("The control is in " + control
                        + ": it spends 0.500, cosine to the teacher on held-out texts 0.");
        assertThat(err.toString()).doesNotContain("calibrates", "half budget");
        out.getBuffer().setLength(0);
        Path pairs =
                Files.writeString(folder.resolve("pairs.csv"), "a,b,1\nsome words,other words,2\nthe text,a text,4\n");
        String[] args = {"eval", "sts", pairs.toString(), "--model", control.toString(), "--json"};
        assertThat(run(args)).as(err.toString()).isZero();
        JsonNode rows = line(0).get("rows");
        assertThat(rows.valueStream().map(row -> row.get("mode").asString())).containsExactly("dense", "retrained");
        assertThat(rows.get(1).get("spent").asDouble()).isEqualTo(0.5);
    }

    @Test
    void aControlOfWordsIsADenseModel() throws IOException {
        Path control = folder.resolve("list");
        assertThat(distill("--out", control.toString(), "--control", "words", "--tokens", "8000"))
                .as(err.toString())
                .isZero();
        assertThat(out.toString())
                .containsPattern(
                        "The control is in .*list: with half of the words, 0\\.[56]\\d\\d of the tokens, cosine to the teacher on held-out texts 0\\.\\d{4}")
                .contains("Next: ./tokenwise bench frontier --rival list=" + control + "@0.7");
        assertThat(err.toString()).doesNotContain("calibrates", "half budget");
        assertThat(Files.readString(control.resolve("config.json"))).doesNotContain("acm");
    }

    @ParameterizedTest
    @CsvSource({"width,0.25", "words,0.5"})
    void aControlIsOneObjectOfJson(String kind, double budget) {
        Path control = folder.resolve("json-" + kind);
        var options = new ArrayList<>(List.of("--out", control.toString()));
        options.addAll(List.of("--control", kind, "--tokens", "1000", "--json"));
        if (kind.equals("width")) {
            options.addAll(List.of("--budget", "" + budget, "--learners", "4", "--adapt", "mlp"));
        }
        assertThat(distill(options.toArray(String[]::new))).as(err.toString()).isZero();
        assertThat(out.toString().lines()).hasSize(1);
        assertThat(line(0).get("model").asString())
                .isEqualTo(folder.resolve("small").toString());
        assertThat(line(0).get("out").asString()).isEqualTo(control.toString());
        assertThat(line(0).get("control").asString()).isEqualTo(kind);
        JsonNode heldOut = line(0).get("heldOut");
        assertThat(heldOut.get("texts").asInt()).isEqualTo(40);
        assertThat(heldOut.get("budget").asDouble()).isEqualTo(budget);
        assertThat(heldOut.get("teacherCosine").asDouble()).isBetween(0.1, 1.0);
        assertThat(heldOut.get("spent").asDouble()).isBetween(0.1, 0.9);
    }
}
