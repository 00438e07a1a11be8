package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.Reranker;
import io.tokenwise.testmodels.SmallTextModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command {@code rerank}, on a cross-encoder with random weights. */
class RerankTest extends CommandTest {
    private static final List<String> TEXTS = List.of("a cat sat", "the sea", "a man wrote a letter", "x");

    @TempDir
    private static Path folder;

    private static String model;

    @BeforeAll
    static void write() throws IOException {
        model = folder.resolve("scores").toString();
        SmallTextModel.writeScores(Path.of(model));
    }

    private static List<Reranker.Ranked> ranked() throws IOException {
        try (Reranker reranker = Reranker.open(model)) {
            return reranker.rank("who wrote?", TEXTS, 4);
        }
    }

    @Test
    void linesAreSortedByScore() throws IOException {
        assertThat(runOn(String.join("\n", TEXTS), "rerank", "who wrote?", "--model", model))
                .isZero();
        List<String> lines = out.toString().lines().toList();
        assertThat(lines.stream().map(line -> line.split("\t")[1]))
                .containsExactlyElementsOf(
                        ranked().stream().map(Reranker.Ranked::text).toList());
        assertThat(lines.stream().map(line -> Double.valueOf(line.split("\t")[0])))
                .isSortedAccordingTo(Comparator.reverseOrder());
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void theFirstOfAFileAsJson() throws IOException {
        Path texts = folder.resolve("texts.txt");
        Files.write(texts, TEXTS);
        assertThat(run("rerank", "who wrote?", texts.toString(), "--model", model, "--top", "2", "--json"))
                .isZero();
        assertThat(out.toString().lines()).hasSize(2);
        Reranker.Ranked best = ranked().getFirst();
        assertThat(line(0).get("index").asInt()).isEqualTo(best.index());
        assertThat(line(0).get("text").asString()).isEqualTo(best.text());
        assertThat(line(0).get("score").floatValue()).isEqualTo(best.score());
    }

    @Test
    void mistakesAreOneLine() {
        assertThat(run("rerank", "who wrote?")).isEqualTo(2);
        assertThat(err.toString())
                .startsWith(
                        "tokenwise rerank: --model must name a cross-encoder's directory: none comes with the build");
        assertThat(runOn("a", "rerank", "who wrote?", "--model", "minilm")).isEqualTo(1);
        assertThat(err.toString())
                .contains("tokenwise rerank: minilm: is a text encoder; a cross-encoder is wanted here");
        assertThat(runOn("a", "rerank", "who wrote?", "--model", model, "--top", "0"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--top must be 1 or more, not 0");
        assertThat(runOn("a", "rerank", "who wrote?", folder.toString(), "--model", model))
                .isEqualTo(1);
        assertThat(err.toString()).contains("tokenwise rerank: " + folder + ": is a directory, a file is needed");
        assertThat(runOn("", "rerank", "texts.txt", "--model", model)).isZero();
        assertThat(err.toString()).contains("no texts came in to be sorted");
        assertThat(runOn("a", "embed", "--model", model)).isEqualTo(1);
        assertThat(err.toString()).contains("is a cross-encoder; a text encoder is wanted here");
    }

    @Test
    void commandsThatNeedVectorsSaySo() throws IOException {
        String texts =
                Files.writeString(folder.resolve("some.csv"), "a,b,1\nb,c,2\n").toString();
        String made = folder.resolve("made").toString();
        for (List<String> command : List.of(
                List.of("embed"),
                List.of("finetune", "--pairs", texts, "--out", made),
                List.of("eval", "sts", texts))) {
            err.getBuffer().setLength(0);
            var line = new ArrayList<>(command);
            line.addAll(List.of("--model", model));
            assertThat(run(line.toArray(String[]::new))).as(command.toString()).isOne();
            assertThat(err.toString().lines().toList())
                    .as(command.toString())
                    .last()
                    .asString()
                    .contains(model + ": is a cross-encoder; ", "text encoder");
        }
    }
}
