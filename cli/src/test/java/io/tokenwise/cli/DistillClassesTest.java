package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.testmodels.SmallTextModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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

/** {@code distill} of small cross-encoders and classifiers, and the commands that run what it makes. */
class DistillClassesTest extends CommandTest {
    private static final String PAIRS = lines("where is number %d?\tthis is the text of number %d\n");

    private static final String TEXTS = lines("a text, with the number %d\n");

    @TempDir
    private static Path folder;

    private static String lines(String form) {
        return IntStream.range(0, 300).mapToObj(i -> form.formatted(i, i)).collect(Collectors.joining());
    }

    @BeforeAll
    static void write() throws IOException {
        SmallTextModel.writeScores(folder.resolve("scores"));
        SmallTextModel.writeClasses(folder.resolve("classes"));
        SmallTextModel.writeTokenClasses(folder.resolve("tokens"));
        SmallTextModel.write(folder.resolve("vectors"));
    }

    private int distill(String model, String data, String... options) throws IOException {
        Path file = folder.resolve("data" + data.hashCode() + (data.startsWith("query,") ? ".csv" : ".txt"));
        Files.writeString(file, data, StandardCharsets.UTF_8);
        var args = new ArrayList<>(
                List.of("distill", "--model", folder.resolve(model).toString()));
        args.addAll(List.of("--data", file.toString(), "--tokens", "8000"));
        args.addAll(List.of(options));
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        return run(args.toArray(String[]::new));
    }

    private String distilled(String model, String data, String... options) throws IOException {
        String made = folder.resolve(model + "-" + String.join("-", options)).toString();
        var all = new ArrayList<>(List.of(options));
        all.addAll(List.of("--out", made));
        assertThat(distill(model, data, all.toArray(String[]::new)))
                .as(err.toString())
                .isZero();
        return made;
    }

    @Test
    void aCrossEncodersTokensLeave() throws IOException {
        String made = distilled("scores", PAIRS);
        assertThat(out.toString()).contains("correlation to dense", "same order", "tokens that stay");
        assertThat(Files.readString(Path.of(made, "report.html")))
                .contains("Quality is the correlation between", "same order is the share of any two of them")
                .doesNotContain("cosine");
        String texts = "a cat sat\nthe sea\na man wrote a letter\n";
        assertThat(runOn(texts, "rerank", "who wrote?", "--model", made, "--flops", "0.7"))
                .as(err.toString())
                .isZero();
        assertThat(runOn(texts, "rerank", "who wrote?", "--model", made, "--budget", "0.5"))
                .as(err.toString())
                .isZero();
    }

    @Test
    void aCrossEncoderGetsLearnersFromFieldsOfAFile() throws IOException {
        String made = distilled(
                "scores", "query,text\n" + PAIRS.replace('\t', ','), "--adapt", "mlp", "--learners", "3", "--json");
        JsonNode result = line(0);
        assertThat(result.get("heldOut").get("texts").asInt()).isEqualTo(30);
        for (JsonNode some : List.of(result.get("heldOut"), result.get("rows").get(0))) {
            assertThat(some.get("teacherCosine").isNull()).isTrue();
            assertThat(some.get("teacherCorrelation").asDouble()).isBetween(-1.0, 1.0);
        }
        assertThat(result.get("rows").get(0).get("neighboursKept").asDouble()).isEqualTo(1);
        out.getBuffer().setLength(0);
        assertThat(runOn("a cat\na dog\n", "rerank", "who?", "--model", made, "--flops", "0.5"))
                .isZero();
        assertThat(out.toString().lines()).hasSize(2);
    }

    @Test
    void aClassifierOfTextsOrPairs() throws IOException {
        distilled("classes", TEXTS);
        assertThat(out.toString()).contains("cosine to dense", "same class");
        distilled("classes", PAIRS, "--pairs", "--adapt", "mlp", "--learners", "3");
        assertThat(out.toString()).contains("mean learners", "same class");
    }

    @Test
    void aClassifierOfTokensHasLearners() throws IOException {
        String made = distilled("tokens", TEXTS, "--learners", "3");
        assertThat(out.toString()).contains("mean learners", "same class");
        assertThat(Files.readString(Path.of(made, "report.html")))
                .contains("same class is the share of tokens that get the dense");
        assertThat(run("ner", "Ada met Charles in London.", "--model", made, "--flops", "0.5"))
                .as(err.toString())
                .isZero();
        assertThat(run("check", made)).as(out.toString() + err).isZero();
    }

    /** In the data ~ stands for a tab and | for a line's end. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '^',
            quoteCharacter = '`',
            value = {
                "scores^a~b|a text^:2: has no tab; MODEL is a cross-encoder, which reads two texts, with one tab between them",
                "scores^a~b~c|^:1: has more than one tab; MODEL is a cross-encoder, which reads two texts, with one tab between them",
                "scores^~b|^: has no pairs of texts",
                "scores^query,texts|a,b|^:1: the header has no column text, but query, texts",
                "classes^a~b|^:1: has a tab, as between two texts; MODEL is a text classifier, which reads one unless --pairs is given",
                "tokens^a~b|^:1: has a tab, as between two texts; MODEL is a token classifier, which reads one",
            })
    void whatIsNotReadIsOneLine(String model, String data, String message) throws IOException {
        String never = folder.resolve("never").toString();
        assertThat(distill(model, data.replace('~', '\t').replace('|', '\n'), "--out", never))
                .isEqualTo(1);
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .endsWith(message.replace("MODEL", folder.resolve(model).toString()));
        assertThat(Path.of(never)).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '^',
            value = {
                "vectors^--pairs^--pairs is for models that read two texts at once; MODEL is a text encoder",
                "tokens^--pairs^--pairs is for models that read two texts at once; MODEL is a token classifier",
                "tokens^--adapt tokens^--adapt is tokens, which cannot leave: MODEL is a token classifier; mlp or projections of attention can be adaptive, such as mlp,qk,vo",
                "scores^--control words^--control words is for text encoders; MODEL is a cross-encoder",
            })
    void optionsThatMakeNoSenseAreUsageErrors(String model, String options, String message) throws IOException {
        var all = new ArrayList<>(List.of(options.split(" ")));
        all.addAll(List.of("--out", folder.resolve("never").toString()));
        assertThat(distill(model, TEXTS, all.toArray(String[]::new))).isEqualTo(2);
        assertThat(err.toString())
                .contains(message.replace("MODEL", folder.resolve(model).toString()));
    }

    @Test
    void aCrossEncoderThatReadsSingleTextsIsRefusedBeforeItIsTrained() throws IOException {
        Path single = folder.resolve("single");
        SmallTextModel.writeScores(single);
        Path tokenizer = single.resolve("tokenizer.json");
        String json = Files.readString(tokenizer);
        int from = json.indexOf("\"pair\"");
        int to = json.indexOf("\"special_tokens\"");
        Files.writeString(tokenizer, json.substring(0, from) + "\"pair\": []," + json.substring(to));
        String never = folder.resolve("never").toString();
        assertThat(distill("single", TEXTS, "--out", never)).isEqualTo(1);
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .endsWith(single + ": gives scores of single texts: its tokenizer.json has no form for pairs;"
                        + " a cross-encoder is wanted here");
        assertThat(Path.of(never)).doesNotExist();
    }

    @Test
    void aPairHasTwoFields() throws IOException {
        assertThat(distill("scores", "query,text\na,b\n", "--field", "text", "--out", "never"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--field is text; of pairs it names two, such as query,text");
    }
}
