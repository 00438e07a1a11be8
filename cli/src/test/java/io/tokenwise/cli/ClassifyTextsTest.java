package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.Classification;
import io.tokenwise.TextClassifier;
import io.tokenwise.api.Budget;
import io.tokenwise.testmodels.SmallTextModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command {@code classify} on texts, with a classifier with random weights. */
class ClassifyTextsTest extends CommandTest {
    private static final List<String> TEXTS = List.of("a cat sat", "the sea", "a man wrote a letter", "x");

    @TempDir
    private static Path folder;

    private static String model;

    @BeforeAll
    static void write() throws IOException {
        model = folder.resolve("classes").toString();
        SmallTextModel.writeClasses(Path.of(model));
    }

    /** What the library says of the texts, in the command's words. */
    private static List<String> expected() throws IOException {
        try (TextClassifier classifier = TextClassifier.open(model)) {
            List<Classification> found = classifier.classify(TEXTS, Budget.FULL);
            return IntStream.range(0, TEXTS.size())
                    .mapToObj(i -> String.format(
                            Locale.ROOT,
                            "%s\t%s\t%.3f",
                            TEXTS.get(i),
                            found.get(i).label(),
                            found.get(i).probability()))
                    .toList();
        }
    }

    @Test
    void textsOfArgumentsOfLinesAndOfAFile() throws IOException {
        List<String> expected = expected();
        assertThat(run("classify", TEXTS.get(0), TEXTS.get(1), " the \t sea", TEXTS.get(3), "--model", model))
                .as(err.toString())
                .isZero();
        assertThat(out.toString().lines().toList())
                .startsWith(expected.get(0), expected.get(1), expected.get(1))
                .endsWith(expected.get(3));
        out.getBuffer().setLength(0);
        assertThat(runOn(String.join("\n", TEXTS), "classify", "--model", model))
                .isZero();
        assertThat(out.toString().lines()).containsExactlyElementsOf(expected);
        out.getBuffer().setLength(0);
        Path file = Files.write(folder.resolve("texts.txt"), TEXTS);
        assertThat(run("classify", "--file", file.toString(), "--model", model)).isZero();
        assertThat(out.toString().lines()).containsExactlyElementsOf(expected);
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void allClassesAsJsonAndWhatWasCut() {
        String text = "a man wrote a letter ".repeat(20);
        assertThat(runOn(text + "\nx", "classify", "--json", "--flops", "0.5", "--model", model))
                .isZero();
        assertThat(line(0).get("text").asString()).isEqualTo(text);
        assertThat(line(0).get("probabilities").propertyNames()).containsExactly("good", "bad", "neither");
        assertThat(line(0).get("probabilities")
                        .get(line(0).get("label").asString())
                        .asDouble())
                .isEqualTo(line(0).get("probability").asDouble());
        assertThat(line(1).get("text").asString()).isEqualTo("x");
        assertThat(err.toString().lines())
                .containsExactly(
                        model + " is a dense model: a budget changes nothing",
                        "texts cut to the 40 tokens that the model reads: 1");
    }

    @Test
    void pairsHaveATabBetweenThem() throws IOException {
        Classification found;
        try (TextClassifier classifier = TextClassifier.open(model)) {
            found = classifier.classify("a man wrote a letter", "a man wrote");
        }
        String second = "\na cat " + "sat ".repeat(60) + "\tx\n";
        assertThat(runOn(
                        "a man wrote a letter\ta man wrote" + second,
                        "classify",
                        "--pairs",
                        "--json",
                        "--model",
                        model))
                .as(err.toString())
                .isZero();
        assertThat(line(0).get("probability").asDouble()).isEqualTo(found.probability());
        assertThat(err.toString()).contains("texts cut to the 40 tokens that the model reads: 1");
    }

    @Test
    void aLineThatIsNoPairIsNamedAfterThoseBefore() throws IOException {
        String some = "a\tb\n \t \n\nc\td\n";
        Path file = Files.writeString(folder.resolve("pairs.txt"), some + "e\tf\tg\nh\ti\n");
        assertThat(run("classify", "--pairs", "--model", model, "--file", file.toString()))
                .isOne();
        assertThat(out.toString().lines().map(line -> line.split("\t")[0])).containsExactly("a b", "c d");
        assertThat(err.toString())
                .contains(file + ":5: has several tabs; --pairs reads two texts with one tab between them");
        assertThat(runOn(some + "e", "classify", "--pairs", "--model", model)).isOne();
        assertThat(err.toString()).contains("line 5 of the input has no tab; --pairs reads two texts");
        assertThat(run("classify", "--pairs", "--model", model, "a\tb", "")).isOne();
        assertThat(err.toString()).contains("text 2 has no tab; --pairs reads two texts");
        assertThat(out.toString().lines()).hasSize(5);
    }

    @Test
    void aLineThatIsNotUtf8IsNamedAfterThoseBefore() throws IOException {
        Path file = Files.write(folder.resolve("latin1.txt"), new byte[] {'a', '\n', (byte) 0xe9, '\n', 'b', '\n'});
        assertThat(run("classify", "--model", model, "--file", file.toString())).isOne();
        assertThat(out.toString().lines()).hasSize(1);
        assertThat(err.toString()).contains("line 2 of the input is not valid UTF-8");
    }

    @Test
    void mistakesAreOneLine() {
        for (List<String> mistake : List.of(
                List.of("2", "give texts or --file, not both", "x", "--file", "y", "--model", model),
                List.of("2", "--picture is for images, " + model + " reads texts", "--picture", "d", "--model", model),
                List.of("1", "minilm: is a text encoder; a text classifier is wanted here", "x", "--model", "minilm"),
                List.of("1", folder + ": is a directory", "--file", folder.toString(), "--model", model),
                List.of("2", "vit-cifar10 reads images: give JPEG or PNG files", "--model", "vit-cifar10"),
                List.of(
                        "2",
                        "--file is for texts, vit-cifar10 reads images",
                        "--file",
                        "y",
                        "--model",
                        "vit-cifar10"))) {
            err.getBuffer().setLength(0);
            var line = new String[mistake.size() - 1];
            line[0] = "classify";
            System.arraycopy(mistake.toArray(new String[0]), 2, line, 1, line.length - 1);
            assertThat(run(line)).as(mistake.toString()).isEqualTo(Integer.parseInt(mistake.get(0)));
            assertThat(err.toString().lines()).singleElement().asString().contains(mistake.get(1));
        }
    }
}
