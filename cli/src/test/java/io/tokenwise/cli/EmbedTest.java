package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The command {@code embed}, on the built-in model and on the same made adaptive, but not trained. */
class EmbedTest extends CommandTest {
    private static Path adaptive;

    @BeforeAll
    static void write(@TempDir Path folder) throws IOException {
        adaptive = UntrainedAdaptive.ofMiniLm(folder);
        Files.writeString(
                adaptive.resolve("config_sentence_transformers.json"),
                "{\"prompts\": {\"query\": \"find: \", \"sort\": \"sort: \"}}");
    }

    @Test
    void aPromptIsNamedAndFewerValuesAreAskedFor() {
        String model = adaptive.toString();
        String[] command = {"embed", "--model", model, "--dimensions", "96", "--threads", "1"};
        assertThat(runOn(
                        "a cat",
                        Stream.concat(Stream.of(command), Stream.of("--prompt-name", "sort"))
                                .toArray(String[]::new)))
                .as(err.toString())
                .isZero();
        JsonNode prompted = line(0);
        assertThat(prompted).hasSize(96);
        assertThat(prompted.valueStream()
                        .mapToDouble(value -> Math.pow(value.asDouble(), 2))
                        .sum())
                .isCloseTo(1, within(1e-5));
        out.getBuffer().setLength(0);
        assertThat(runOn("sort: a cat", command)).isZero();
        assertThat(line(0)).isEqualTo(prompted);
        assertThat(runOn("a", "embed", "--model", model, "--prompt-name", "sorts"))
                .isOne();
        assertThat(err.toString()).contains(model + " has no prompt 'sorts'; it has query, sort");
        assertThat(runOn("a", "embed", "--model", model, "--dimensions", "385")).isOne();
        assertThat(err.toString()).contains("dimensions is 385, of " + model + " it must be 1 to 384");
    }

    @Test
    void oneVectorALine() {
        assertThat(runOn("a cat sat\n\nthe cat was sitting\n", "embed", "--threads", "1"))
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
    void atATerminalItSaysThatItWaits() {
        assertThat(runTyped("a cat sat\nthe cat was sitting\n", "embed")).isZero();
        assertThat(out.toString().lines()).hasSize(2);
        assertThat(err.toString().lines()).containsExactly("reads from the terminal: texts, one a line; Ctrl-D ends");
    }

    @Test
    void tellsThatATextWasCut() {
        assertThat(runOn("word ".repeat(300) + "\nshort", "embed", "--json")).isZero();
        assertThat(line(0).get("tokens").asInt()).isEqualTo(256);
        assertThat(line(0).get("truncated").asBoolean()).isTrue();
        assertThat(line(1).get("tokens").asInt()).isEqualTo(3);
        assertThat(line(1).get("truncated").asBoolean()).isFalse();
        assertThat(err.toString().strip()).isEqualTo("texts cut to the 256 tokens that the model reads: 1");
    }

    @Test
    void tellsThatADenseModelHasNoBudget() {
        assertThat(runOn("a", "embed", "--model", "minilm", "--flops", "0.5")).isZero();
        assertThat(err.toString().strip()).isEqualTo("minilm is a dense model: a budget changes nothing");
    }

    @Test
    void budgetsInTimeAreForModelsWhoseTokensLeave() {
        assertThat(runOn("a", "embed", "--model", adaptive.toString(), "--budget", "0.5"))
                .isEqualTo(1);
        assertThat(err.toString())
                .contains("a budget of 0.5 of the time: " + adaptive + " was made without a short path")
                .contains("give a budget in FLOPs (--flops, Budget.flops)");
    }

    @Test
    void aBudgetIsOfTimeOrOfFlopsAndAHardOneOfFlops() {
        assertThat(runOn("a", "embed", "--model", "minilm", "--budget", "0.5", "--flops", "0.5"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--budget is a share of time, --flops one of FLOPs: give one of them");
        assertThat(runOn("a", "embed", "--model", "minilm", "--budget", "0.5", "--mode", "hard"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--mode hard bounds FLOPs, by construction: give --flops, not --budget");
    }

    @Test
    void takesTheModelThatCameWithTheBuild(@TempDir Path folder) throws IOException {
        Path shipped = folder.resolve("classes/META-INF/tokenwise/minilm-acm");
        Files.createDirectories(shipped.resolve("1_Pooling"));
        try (Stream<Path> files = Files.walk(adaptive)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, shipped.resolve(adaptive.relativize(file)));
            }
        }
        assertThat(runOn("a cat sat", "embed", "--model", adaptive.toString(), "--flops", "0.5"))
                .isZero();
        Thread thread = Thread.currentThread();
        ClassLoader saved = thread.getContextClassLoader();
        URL[] classPath = {folder.resolve("classes").toUri().toURL()};
        try (var loader = new URLClassLoader(classPath, ClassLoader.getPlatformClassLoader())) {
            thread.setContextClassLoader(loader);
            assertThat(runOn("a cat sat", "embed", "--flops", "0.5")).isZero();
            assertThat(run("info", "minilm-acm", "--json")).isZero();
        } finally {
            thread.setContextClassLoader(saved);
        }
        assertThat(line(1)).isEqualTo(line(0));
        assertThat(line(2).get("learners").asInt()).isEqualTo(8);
    }

    @Test
    void keepsABudgetInTheModeThatIsAskedFor() {
        String text = "how do I reset my password?";
        // Untrained gates give each token the nearest count: 4 of 8 learners, more than the budget.
        Map<String, JsonNode> vectors = new HashMap<>();
        for (String mode : List.of("soft", "hard", "static")) {
            out.getBuffer().setLength(0);
            assertThat(runOn(text, "embed", "--model", adaptive.toString(), "--flops", "0.45", "--mode", mode))
                    .isZero();
            vectors.put(mode, line(0));
        }
        assertThat(Set.copyOf(vectors.values())).as("different vectors").hasSize(3);
        assertThat(runOn(text, "embed", "--mode", "random")).isEqualTo(2);
        assertThat(err.toString()).contains("give soft, hard or static, not 'random'");
    }

    @Test
    void aNameThatIsNoModelIsOneLine() {
        assertThat(run("embed", "--model", "no-such-model")).isEqualTo(1);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .startsWith("tokenwise embed: no-such-model: no such directory");
    }
}
