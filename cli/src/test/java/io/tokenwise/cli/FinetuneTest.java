package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.testmodels.SmallTextModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command {@code finetune}, on a small model. */
class FinetuneTest extends CommandTest {
    @TempDir
    static Path folder;

    @BeforeAll
    static void writeModel() throws IOException {
        SmallTextModel.write(folder.resolve("small"));
    }

    private int finetune(String... options) {
        var args = new ArrayList<>(
                List.of("finetune", "--model", folder.resolve("small").toString()));
        args.addAll(List.of(options));
        return run(args.toArray(String[]::new));
    }

    private static String file(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content).toString();
    }

    private static String rows(int count, IntFunction<String> row) {
        return IntStream.range(0, count).mapToObj(row).collect(Collectors.joining("\n", "", "\n"));
    }

    @Test
    void classesAreLearntAndTheResultCanBeMadeAdaptive() throws IOException {
        String labels = file(
                "labels.csv",
                "body,kind\n"
                        + rows(
                                200,
                                i -> (i % 2 == 0 ? "cold ice " : "hot fire ") + i + " end".repeat(i < 4 ? 60 : 1) + ","
                                        + i % 2));
        String model = folder.resolve("tuned").toString();
        assertThat(finetune(
                        "--classes",
                        labels,
                        "--text",
                        "body",
                        "--label",
                        "kind",
                        "--epochs",
                        "8",
                        "--rate",
                        "3e-3",
                        "--json",
                        "--out",
                        model))
                .as(err.toString())
                .isZero();
        var json = line(0);
        assertThat(json.get("labels").asInt()).isEqualTo(200);
        assertThat(json.get("heldOutRight").asDouble()).isGreaterThan(0.9);
        assertThat(err.toString()).contains("texts cut to the 40 tokens that the model reads: 4");
        assertThat(run(
                        "distill",
                        "--model",
                        model,
                        "--data",
                        labels,
                        "--field",
                        "body",
                        "--adapt",
                        "mlp",
                        "--tokens",
                        "2000",
                        "--out",
                        folder.resolve("adaptive").toString()))
                .as(err.toString())
                .isZero();
    }

    @Test
    void pairsAreLearnt() throws IOException {
        String pairs = file(
                "pairs.csv",
                rows(
                        300,
                        i -> (i % 2 == 0 ? "ice " : "fire ") + i + "," + (i % 3 == 0 ? "ice" : "fire") + " thing,"
                                + (i % 2 == 0 == (i % 3 == 0) ? 5 : 1)));
        assertThat(finetune(
                        "--pairs",
                        pairs,
                        "--epochs",
                        "6",
                        "--rate",
                        "3e-3",
                        "--out",
                        folder.resolve("ordered").toString()))
                .as(err.toString())
                .isZero();
        assertThat(out.toString()).containsPattern("9\\d\\.\\d % of pairs of pairs have the right order|100.0 %");
    }

    /** Two pairs are held out, which here have one score whichever they are, but for one pair. */
    @Test
    void heldOutPairsOfOneScoreAreNotCalledRight() throws IOException {
        String pairs = file("same.csv", rows(29, i -> i + ",b,1") + "one,other,2\n");
        boolean unmeasured = false;
        for (int seed = 1; seed <= 3 && !unmeasured; seed++) {
            String tuned = folder.resolve("same" + seed).toString();
            assertThat(finetune("--pairs", pairs, "--epochs", "1", "--seed", "" + seed, "--json", "--out", tuned))
                    .as(err.toString())
                    .isZero();
            unmeasured = out.toString().contains("\"heldOutRight\":null");
        }
        assertThat(unmeasured).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--classes nowhere.csv | 1 | no such file or directory: nowhere.csv",
                "--classes few.csv | 1 | there are 2 labelled examples; at least 20 different ones are needed",
                "--classes one.csv | 1 | all texts have the class x; two or more classes are needed",
                "--classes unlabelled.csv | 1 | unlabelled.csv:2: the label is empty",
                "--classes few.csv --label kind | 1 | few.csv:1: the header has no column kind, but text, label",
                "--pairs equal.csv | 1 | all pairs have the score 2.0",
                "--pairs few.csv | 1 | few.csv:1: has 2 columns; expected sentence1,sentence2,score",
                "--pairs equal.csv --label kind | 2 | --text and --label are for --classes",
                "--classes few.csv --pairs equal.csv | 2 | mutually exclusive",
                "--epochs 2 | 2 | Missing required argument",
                "--classes few.csv --rate 2 | 2 | '2' is not a number above 0 and below 1",
                "--classes few.csv --precision s8 | 2 | train in f32 or bf16",
                "--classes many.csv --epochs 2147483647 | 1 | 2147483647 epochs are ",
                "--classes few.csv --model minilm-acm | 1 | is adaptive; fine-tune a dense model"
            })
    void mistakesGetOneClearLine(String options, int code, String message) throws IOException {
        file("few.csv", "text,label\na,x\nb,y\n");
        file("one.csv", "text,label\n" + rows(30, i -> i + ",x"));
        file("unlabelled.csv", "text,label\na,\n");
        file("equal.csv", rows(30, i -> i + ",b,2"));
        file("many.csv", "text,label\n" + rows(600, i -> "a b c d e f " + i + "," + i % 2));
        var args = new ArrayList<>(List.of("finetune"));
        if (!options.contains("--model")) {
            args.addAll(List.of("--model", folder.resolve("small").toString()));
        } else {
            file("few.csv", "text,label\n" + rows(30, i -> i + "," + i % 2));
        }
        for (String option : options.split(" ")) {
            args.add(
                    option.endsWith(".csv") && !option.startsWith("nowhere")
                            ? folder.resolve(option).toString()
                            : option);
        }
        args.addAll(List.of("--out", folder.resolve("none").toString()));
        assertThat(run(args.toArray(String[]::new))).as(err.toString()).isEqualTo(code);
        assertThat(err.toString()).contains(message);
        assertThat(err.toString().lines()).as(err.toString()).hasSizeLessThan(4);
        assertThat(folder.resolve("none")).doesNotExist();
    }
}
