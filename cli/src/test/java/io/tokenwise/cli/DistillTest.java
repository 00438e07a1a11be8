package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.io.LineFile;
import io.tokenwise.model.open.Models;
import io.tokenwise.testmodels.SmallTextModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** The command {@code distill}, on a model so small that its figures mean nothing. */
class DistillTest extends CommandTest {
    private static final String MORE = IntStream.range(0, 400)
            .mapToObj(i -> "this is the text of number " + i)
            .collect(Collectors.joining("\n", "", "\n"));

    @TempDir
    static Path folder;

    @BeforeAll
    static void writeModel() throws IOException {
        SmallTextModel.write(folder.resolve("small"));
    }

    private int distill(String... options) {
        return distillOf("small", options);
    }

    private int distillOf(String model, String... options) {
        var args = new ArrayList<>(
                List.of("distill", "--model", folder.resolve(model).toString()));
        args.addAll(List.of(options));
        return run(args.toArray(String[]::new));
    }

    private static Path file(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content, StandardCharsets.ISO_8859_1);
    }

    @Test
    void fromSeveralFilesToAModelWithAReport() throws IOException {
        Path table = file(
                "table.csv",
                "id,body\n"
                        + IntStream.range(0, 200)
                                .mapToObj(i -> i + ",\"a text, with the number " + i + "\"\n")
                                .collect(Collectors.joining()));
        Path packed = folder.resolve("packed.jsonl.gz");
        try (var stream = new GZIPOutputStream(Files.newOutputStream(packed))) {
            for (int i = 0; i < 200; i++) {
                stream.write(("{\"body\": \"" + i + " words".repeat(i < 3 ? 60 : 5) + "\"}\n")
                        .getBytes(StandardCharsets.UTF_8));
            }
        }
        Path model = folder.resolve("adaptive");
        assertThat(distill(
                        "--data",
                        table.toString(),
                        packed.toString(),
                        "--field",
                        "body",
                        "--out",
                        model.toString(),
                        "--learners",
                        "3",
                        "--tokens",
                        "15000",
                        "--json"))
                .as(err.toString())
                .isZero();
        JsonNode result = line(0);
        assertThat(result.get("heldOut").get("texts").asInt()).isEqualTo(40);
        assertThat(result.get("heldOut").get("budget").asDouble()).isEqualTo(0.5);
        assertThat(result.get("heldOut").get("teacherCosine").asDouble()).isBetween(0.5, 1.0);
        assertThat(result.get("heldOut").get("teacherCorrelation").isNull()).isTrue();
        assertThat(result.get("heldOut").get("spent").asDouble()).isBetween(0.1, 0.9);
        assertThat(result.get("rows").valueStream().map(row -> row.get("mode").asString()))
                .contains("dense", "soft", "static", "random");
        assertThat(result.get("rows").get(0).get("neighboursKept").isNull()).isTrue();
        assertThat(err.toString())
                .contains("texts cut to the 40 tokens that the model reads: 3", "distill: 19 of 19 steps in ")
                .containsPattern(
                        "calibrates budgets on 40 held-out texts\\Rcalibrate: ([1-9]\\d*) of \\1 measurements in ");
        String page = Files.readString(Path.of(result.get("report").asString()));
        assertThat(page)
                .contains(
                        "Distilled on ",
                        "tokens of 2 files",
                        "\"id\":\"flops\"",
                        "\"id\":\"millis\"",
                        "\"id\":\"losses\"",
                        "\"phase 3: distance to the teacher's results\",\"points\":[{\"x\":3.0",
                        "\"id\":\"heldout\"",
                        "<td>layer 2 MLP</td>",
                        "<i>layer 1 MLP</i><i>layer 2 Q, K</i>")
                .doesNotContain("encoder.layer", "layer 3 ");
        assertThat(folder.resolve("adaptive.checkpoint")).doesNotExist();
        aBudgetThatGatesWereNotTrainedForIsTold(model);
    }

    @Test
    void tokensLeaveWhereThatIsAskedFor() throws IOException {
        String texts = file("leave.txt", MORE).toString();
        Path leaving = folder.resolve("leaves");
        assertThat(distill("--data", texts, "--out", leaving.toString(), "--tokens", "8000", "--adapt", "tokens"))
                .as(err.toString())
                .isZero();
        assertThat(Files.readString(leaving.resolve("config.json"))).contains("shortPath", "\"losses\"");
        assertThat(Files.readString(leaving.resolve("report.html")))
                .contains(
                        "Each token is shaded if it stays",
                        "<th>tokens that stay</th>",
                        "The share of tokens that stay at")
                .doesNotContain("mean learners", "of 1 learners");
        Path pairs = file("pairs.csv", "a text,the text,4\nthe number 3,no number at all,1\n");
        assertThat(run("eval", "sts", pairs.toString(), "--model", leaving.toString(), "--flops", "0.7"))
                .isZero();
        assertThat(out.toString()).contains("tokens that stay").doesNotContain("mean learners");
        String again = folder.resolve("left-on").toString();
        assertThat(distillOf("leaves", "--data", texts, "--out", again, "--tokens", "8000"))
                .as(err.toString())
                .isZero();
        assertThat(distillOf("leaves", "--data", texts, "--out", again + "2", "--tokens", "8000", "--adapt", "mlp"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--adapt is for dense models", "tokens leave");
    }

    @Test
    void anAdaptiveModelGoesOnLearning() throws IOException {
        String texts = file("go-on.txt", MORE).toString();
        String adaptive = folder.resolve("goes-on").toString();
        assertThat(distill("--data", texts, "--out", adaptive, "--learners", "3", "--tokens", "8000"))
                .as(err.toString())
                .isZero();
        String again = folder.resolve("went-on").toString();
        assertThat(distillOf("goes-on", "--data", texts, "--out", again, "--tokens", "8000"))
                .as(err.toString())
                .isZero();
        assertThat(out.toString()).contains("The adaptive model is in " + again);
        assertThat(err.toString()).contains("distill: 10 of 10 steps in ");
        assertThat(out.toString().lines().filter(line -> line.startsWith("dense")))
                .isNotEmpty()
                .allSatisfy(line -> assertThat(line).matches("dense +1\\.00 +- .*"));
        assertThat(Path.of(again, "report.html")).content().contains(adaptive + ", after more learning");
        for (String option : List.of("--learners 3", "--mlp-learners 1", "--adapt mlp", "--control width")) {
            err.getBuffer().setLength(0);
            var all = new ArrayList<>(List.of("--data", texts, "--out", again));
            all.addAll(List.of(option.split(" ")));
            assertThat(distillOf("goes-on", all.toArray(String[]::new))).isEqualTo(2);
            assertThat(err.toString())
                    .contains(
                            option.split(" ")[0] + " is for dense models: " + adaptive
                                    + " is adaptive (mlp,qk,vo of 3 learners (MLPs: up to 1, or all)) and goes on learning as it is");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--budget 0.5|--budget is for --control: an adaptive model is trained for all budgets",
                "--like minilm-acm|--like is for --control modules",
                "--control width --like minilm-acm|--like is for --control modules",
                "--control depth|width, modules, layers or words",
                "--control words --budget 0.5|--budget is for other controls",
                "--control words --learners 3|--learners is for models with learners: --control words trains a dense one",
                "--control width --adapt tokens|--adapt is tokens, but a control has learners: --adapt mlp,qk,vo",
                "--adapt tokens --learners 8|--learners is for models with learners: where tokens leave there are none; give --adapt mlp,qk,vo",
                "--adapt tokens --mlp-learners 2|--mlp-learners is for models with learners: where tokens leave",
                "--adapt qk,vo --mlp-learners 2|--mlp-learners is for MLPs: --adapt qk,vo names no mlp",
                "--adapt mlp --mlp-learners 4|--mlp-learners is 4, must be less than --learners, which is 4"
            })
    void optionsThatMakeNoSenseAreUsageErrors(String options, String message) throws IOException {
        var all = new ArrayList<>(List.of(
                "--data",
                file("some.txt", MORE).toString(),
                "--out",
                folder.resolve("none").toString()));
        all.addAll(List.of(options.split(" ")));
        assertThat(distill(all.toArray(String[]::new))).isEqualTo(2);
        assertThat(err.toString()).contains(message);
    }

    private void aBudgetThatGatesWereNotTrainedForIsTold(Path model) {
        for (String budget : List.of("0.01", "0.5")) {
            err.getBuffer().setLength(0);
            assertThat(runOn("text", "embed", "--model", model.toString(), "--flops", budget))
                    .isZero();
            if (budget.equals("0.5")) {
                assertThat(err.toString()).isEmpty();
            } else {
                assertThat(err.toString().strip())
                        .matches(
                                model + " spends 0\\.\\d\\d at the least: its gates were not trained for --flops 0.01");
            }
        }
    }

    /** In the content ~ stands for a line's end. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '^',
            quoteCharacter = '`',
            value = {
                "empty.txt^``^empty.txt: has no texts",
                "blank.txt^~ ~~^blank.txt: has no texts",
                "same.csv^MANY TIMES^there are 1 different ones among 800 texts to train on; at least 20 different ones",
                "short.txt^FEW^the texts have 234 tokens to train on, fewer than the 768 of one step: give more",
                "mixed.txt^good~caf\u00e9~^mixed.txt:2: is not valid UTF-8; convert the text, for example by iconv",
                "mixed.csv^text~good~caf\u00e9~^mixed.csv:3: is not valid UTF-8; convert the text, for example by iconv",
                "field.csv^body~a~^field.csv:1: the header has no column text, but body",
                "field.jsonl^{\"body\":\"a\"}^field.jsonl:1: has no field text",
                "field.txt.gz^plain^field.txt.gz: is not gzip, though its name ends with .gz",
                "huge.txt^HUGE^huge.txt:1: is longer than 16777216 bytes",
            })
    void badTextIsOneLineBeforeAnythingIsWritten(String name, String content, String message) throws IOException {
        String text = content.replace('~', '\n')
                .replace("MANY TIMES", "text\n" + "the same again and again\n".repeat(800))
                .replace("FEW", MORE.lines().limit(28).collect(Collectors.joining("\n")))
                .replace("HUGE", "x".repeat(LineFile.MOST_BYTES + 1));
        Path model = folder.resolve("never");
        assertThat(distill("--data", file(name, text).toString(), "--out", model.toString()))
                .isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString().contains(message);
        assertThat(out.toString()).isEmpty();
        assertThat(model).doesNotExist();
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void textsOfWhichNoTokenCouldLeaveAreRefused() throws IOException {
        String words = IntStream.range(0, 400)
                .mapToObj(i -> "" + (char) ('a' + i % 26) + "\n")
                .collect(Collectors.joining());
        Path never = folder.resolve("never-left");
        assertThat(distill("--data", file("words.txt", words).toString(), "--out", never.toString()))
                .isEqualTo(1);
        assertThat(err.toString())
                .contains(
                        "distill: the texts that have a token which could leave have 0 tokens to train on, fewer than the 768 of one step: give more or longer ones, or adapt mlp,qk,vo instead of tokens");
        assertThat(never).doesNotExist();
    }

    @Test
    void namesWhatIsWrongBeforeItTrains() throws IOException {
        Path never = folder.resolve("nothing");
        Path texts = file("texts.txt", "one text\n\nanother\n");
        assertThat(distill("--data", "no/such.txt", "--out", never.toString())).isEqualTo(1);
        assertThat(distill("--data", texts.toString(), "--out", never.toString()))
                .isEqualTo(1);
        Files.writeString(texts, MORE);
        Path small = folder.resolve("small");
        assertThat(distill("--data", texts.toString(), "--out", small.toString()))
                .isEqualTo(1);
        for (String layers : List.of("mlp", "mlp,qk,vo")) {
            String[] options = {
                "--data", texts.toString(), "--out", never.toString(), "--learners", "7", "--adapt", layers
            };
            assertThat(distill(options)).isEqualTo(1);
        }
        assertThat(err.toString().lines().filter(line -> line.startsWith("tokenwise distill: ")))
                .satisfiesExactly(
                        line -> assertThat(line).endsWith("no such file or directory: no/such.txt"),
                        line -> assertThat(line)
                                .endsWith(
                                        "there are 2 texts to train on; at least 20 different ones are needed, and thousands are better"),
                        line -> assertThat(line).contains(small.toString(), "exists"),
                        line -> assertThat(line).contains("48 hidden units", "into 7 learners"),
                        line -> assertThat(line).contains("3 units of 8 columns", "into 7 learners", "only mlp"));
        assertThat(never).doesNotExist();
    }

    @Test
    void aFieldNeedsAFileWithFields() throws IOException {
        assertThat(distill("--data", file("more.txt", MORE).toString(), "--field", "body", "--out", "never"))
                .isEqualTo(2);
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .contains("--field is for .csv, .tsv and .jsonl; " + folder.resolve("more.txt") + " has a text a line");
    }

    @Test
    void ofMoreTextThanMemoryShouldHoldARandomPartIsKept() throws IOException {
        Path file = file("many.txt", MORE);
        try (var files = Models.builtIn("minilm")) {
            var all = new DistillTexts(files, false, 1, true);
            all.read(file, "text");
            List<int[]> sequences = all.all().sequences();
            assertThat(sequences).hasSize(400);
            assertThat(all.all().words())
                    .hasSize(400)
                    .allSatisfy(words -> assertThat(words).startsWith("this is the text of number "))
                    .doesNotHaveDuplicates();
            assertThat(files.tokenizer().encode(all.all().words().getFirst()).ids())
                    .isEqualTo(sequences.getFirst());
            assertThat(all.remarks(50_000)).isEmpty();
            assertThat(all.remarks(800_000))
                    .singleElement()
                    .asString()
                    .matches("there are 3,\\d{3} tokens of text, so each is trained on 2\\d\\d times: more text, .*");
            var some = new DistillTexts(files, false, 1, false, 1000);
            some.read(file, "text");
            assertThat(some.all().sequences().stream()
                            .mapToInt(ids -> ids.length)
                            .sum())
                    .isBetween(300, 1000);
            assertThat(some.remarks(1)).singleElement().asString().startsWith("of 400 texts a random part is used: ");
        }
    }
}
