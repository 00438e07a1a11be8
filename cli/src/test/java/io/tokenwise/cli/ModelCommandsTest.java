package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The commands that run a model, on the built-in one and on the same made adaptive, but not trained. */
class ModelCommandsTest {
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
    static void makeAdaptive() throws IOException {
        adaptive = folder.resolve("adaptive");
        pairs = Files.writeString(folder.resolve("pairs.csv"), PAIRS);
        UntrainedAdaptive.write(adaptive, "minilm", 8, PAIRS.lines().toList());
    }

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String stdin, String... args) {
        var in = new ByteArrayInputStream(stdin.getBytes(StandardCharsets.UTF_8));
        return Tokenwise.commandLine(in, new PrintWriter(out, true), new PrintWriter(err, true), args)
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
        assertThat(run("a", "embed", "--model", "minilm", "--flops", "0.5")).isZero();
        assertThat(err.toString().strip()).isEqualTo("minilm is a dense model: a budget changes nothing");
    }

    @Test
    void budgetsInTimeAreForModelsWhoseTokensLeave() {
        assertThat(run("a", "embed", "--model", adaptive.toString(), "--budget", "0.5"))
                .isEqualTo(1);
        assertThat(err.toString())
                .contains("a budget of 0.5 of the time: " + adaptive + " was made without a short path")
                .contains("give a budget in FLOPs (--flops, Budget.flops)");
    }

    @Test
    void aBudgetIsOfTimeOrOfFlopsAndAHardOneOfFlops() {
        assertThat(run("a", "embed", "--model", "minilm", "--budget", "0.5", "--flops", "0.5"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("--budget is a share of time, --flops one of FLOPs: give one of them");
        assertThat(run("a", "embed", "--model", "minilm", "--budget", "0.5", "--mode", "hard"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("--mode hard bounds FLOPs, by construction: give --flops, not --budget");
    }

    @Test
    void embedTakesTheModelThatCameWithTheBuild() throws IOException {
        Path shipped = folder.resolve("classes/META-INF/tokenwise/minilm-acm");
        Files.createDirectories(shipped.resolve("1_Pooling"));
        try (Stream<Path> files = Files.walk(adaptive)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, shipped.resolve(adaptive.relativize(file)));
            }
        }
        assertThat(run("a cat sat", "embed", "--model", adaptive.toString(), "--flops", "0.5"))
                .isZero();
        Thread thread = Thread.currentThread();
        ClassLoader saved = thread.getContextClassLoader();
        URL[] classPath = {folder.resolve("classes").toUri().toURL()};
        try (var loader = new URLClassLoader(classPath, ClassLoader.getPlatformClassLoader())) {
            thread.setContextClassLoader(loader);
            assertThat(run("a cat sat", "embed", "--flops", "0.5")).isZero();
            assertThat(run("", "info", "minilm-acm", "--json")).isZero();
        } finally {
            thread.setContextClassLoader(saved);
        }
        assertThat(line(1)).isEqualTo(line(0));
        assertThat(line(2).get("learners").asInt()).isEqualTo(8);
    }

    @Test
    void embedKeepsABudgetInTheModeThatIsAskedFor() {
        String text = "how do I reset my password?";
        // Untrained gates give each token the nearest count: 4 of 8 learners, more than the budget.
        Map<String, JsonNode> vectors = new HashMap<>();
        for (String mode : List.of("soft", "hard", "static")) {
            out.getBuffer().setLength(0);
            assertThat(run(text, "embed", "--model", adaptive.toString(), "--flops", "0.45", "--mode", mode))
                    .isZero();
            vectors.put(mode, line(0));
        }
        assertThat(Set.copyOf(vectors.values())).as("different vectors").hasSize(3);
        assertThat(run(text, "embed", "--mode", "random")).isEqualTo(2);
        assertThat(err.toString()).contains("give soft, hard or static, not 'random'");
    }

    @Test
    void infoKnowsTheBuiltInModel() {
        assertThat(run("", "info", "minilm", "--json")).isZero();
        assertThat(line(0).get("layers").asInt()).isEqualTo(6);
        assertThat(line(0).get("hidden").asInt()).isEqualTo(384);
        assertThat(line(0).get("learners").isNull()).isTrue();
        assertThat(line(0).get("stored").get(0).asString()).isEqualTo("F32");
        // Twelve 384 x 384 matrices a layer (4 of attention, 8 of the MLP), and scores and sums over 128 tokens.
        assertThat(line(0).get("flopsPerToken").get("dense").asDouble())
                .isEqualTo(6 * (12 * 384 * 384 + 2 * 128 * 384));
        JsonNode cost = line(0).get("cost");
        assertThat(cost.get("table").asString()).startsWith("shipped for ");
        assertThat(cost.get("measured").asBoolean()).isFalse();
        JsonNode millis = cost.get("predictedMillis");
        assertThat(List.of("16", "32", "64", "128", "256").stream()
                        .map(tokens -> millis.get(tokens).asDouble()))
                .isSorted()
                .allMatch(some -> some > 0);
    }

    @Test
    void aFolderThatIsNoModelIsOneLine() {
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

    @Test
    void infoOfAnAdaptiveModelHasFlopsPerBudget() {
        assertThat(run("", "info", adaptive.toString(), "--json")).isZero();
        assertThat(line(0).get("learners").asInt()).isEqualTo(8);
        assertThat(line(0).get("mlpLearners").asInt()).isEqualTo(7);
        JsonNode flops = line(0).get("flopsPerToken");
        double mlps = 6 * 8 * 384 * 384;
        assertThat(flops.get("1.0").asDouble()).isEqualTo(flops.get("dense").asDouble());
        assertThat(flops.get("0.25").asDouble()).isEqualTo(flops.get("dense").asDouble() - 0.75 * mlps);
    }

    @Test
    void evalOfADenseModelHasOneRow() {
        assertThat(run("", "eval", "sts", pairs.toString(), "--model", "minilm"))
                .isZero();
        assertThat(out.toString().lines()).hasSize(3).first().isEqualTo("6 pairs");
        assertThat(err.toString()).contains("eval sts: 12 of 12 texts in ");
    }

    @Test
    void evalComparesEachBudgetWithItsControls() {
        String model = adaptive.toString();
        assertThat(run(
                        "",
                        "eval",
                        "sts",
                        pairs.toString(),
                        "--model",
                        model,
                        "--flops",
                        "0.5,1",
                        "--precision",
                        "f32",
                        "--json"))
                .isZero();
        assertThat(out.toString().lines()).hasSize(1);
        JsonNode rows = line(0).get("rows");
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
        assertThat(run(
                        "",
                        "eval",
                        "sts",
                        pairs.toString(),
                        "--model",
                        adaptive.toString(),
                        "--flops",
                        "0.5",
                        "--seeds",
                        "3",
                        "--json"))
                .isZero();
        JsonNode rows = line(0).get("rows");
        assertThat(rows).hasSize(5);
        assertThat(rows.get(4).get("mode").asString()).isEqualTo("random");
        assertThat(rows.get(4).get("seeds").asInt()).isEqualTo(3);
        assertThat(rows.get(4).get("deviation").asDouble()).isGreaterThanOrEqualTo(0);
        assertThat(rows.get(1).get("seeds").asInt()).isEqualTo(1);
        assertThat(rows.get(1).get("deviation").isNull()).isTrue();
    }

    /** Only documents are timed and compared then: there are as many inputs less as there are queries. */
    @Test
    void queriesMayHaveTheFullBudget() {
        String[] args = {
            "eval", "retrieval", BeirFolderTest.sample().toString(), "--model", adaptive.toString(), "--flops", "0.5"
        };
        assertThat(run("", Stream.concat(Stream.of(args), Stream.of("--json")).toArray(String[]::new)))
                .isZero();
        assertThat(run(
                        "",
                        Stream.concat(Stream.of(args), Stream.of("--full-queries", "--json"))
                                .toArray(String[]::new)))
                .isZero();
        JsonNode both = line(0).get("rows").get(1);
        JsonNode documents = line(1).get("rows").get(1);
        assertThat(documents.get("teacherCosine").asDouble())
                .isNotEqualTo(both.get("teacherCosine").asDouble());
        assertThat(line(1).get("rows").get(0).get("value").asDouble())
                .as("the dense model finds the same")
                .isEqualTo(line(0).get("rows").get(0).get("value").asDouble());
    }

    @Test
    void evalRetrievalOfAWorkedExample() {
        assertThat(run(
                        "",
                        "eval",
                        "retrieval",
                        BeirFolderTest.sample().toString(),
                        "--model",
                        adaptive.toString(),
                        "--flops",
                        "0.5,1",
                        "--precision",
                        "f32",
                        "--json"))
                .isZero();
        JsonNode rows = line(0).get("rows");
        assertThat(rows.valueStream().map(row -> row.get("mode").asString()))
                .containsExactly("dense", "soft", "hard", "static", "random", "soft");
        // q1 finds a (gain 1) before b (3): (1 + 3/log2(3)) / (3 + 1/log2(3)) = .796707. q2 finds c and d, both 2,
        // first: 1.
        // q4 has nothing that is relevant: 0. There are fewer documents than a hundred, so q1 and q2 recall all of
        // theirs.
        for (JsonNode exact : List.of(rows.get(0), rows.get(5))) {
            assertThat(exact.get("value").asDouble()).isCloseTo((0.796707 + 1 + 0) / 3, within(1e-6));
            assertThat(exact.get("metrics").get("recall@100").asDouble()).isCloseTo(2 / 3.0, within(1e-9));
            assertThat(exact.get("ofDense").get("ndcg@10").asDouble()).isEqualTo(1);
        }
        assertThat(line(0).get("data").asString()).isEqualTo("3 queries, 5 documents");
        assertThat(rows.get(0).get("metric").asString()).isEqualTo("ndcg@10");
        assertThat(rows.get(3).get("spent").asDouble()).isCloseTo(0.5, within(1e-9));
        assertThat(rows.get(0).get("seconds").asDouble())
                .isGreaterThan(8 * rows.get(0).get("millisPerInput").asDouble() / 1e3);
    }

    @Test
    void evalRetrievalCutsTexts() {
        String sample = BeirFolderTest.sample().toString();
        assertThat(run("", "eval", "retrieval", sample, "--max-tokens", "3", "--json"))
                .isZero();
        // Tokens see each other: in texts of three a token costs less than in longer ones.
        assertThat(line(0).get("rows").get(0).get("flopsPerToken").asDouble())
                .isEqualTo(6 * (12 * 384 * 384 + 2 * 3 * 384));
    }

    private static Path labelled(String name, String... texts) throws IOException {
        return Files.writeString(folder.resolve(name), "label,text\n" + String.join("\n", texts) + "\n");
    }

    @Test
    void evalClassifyTurnsTheBudgetOfOneClassifier() throws IOException {
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
            out.getBuffer().setLength(0);
            assertThat(run(
                            "",
                            "eval",
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
                            fit,
                            "--json"))
                    .isZero();
            JsonNode rows = line(0).get("rows");
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
    void evalClassifyTellsWhatCannotBeLearnt() throws IOException {
        Path one = labelled("one.csv", "a,x", "a,y");
        Path two = labelled("two.csv", "a,x", "b,y");
        assertThat(run("", "eval", "classify", one.toString(), two.toString())).isEqualTo(1);
        assertThat(run(
                        "",
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

    @Test
    void evalNamesTheLineThatIsWrong() throws IOException {
        Path bad = Files.writeString(folder.resolve("bad.csv"), "a,b,1\na,b\n");
        assertThat(run("", "eval", "sts", bad.toString())).isEqualTo(1);
        assertThat(err.toString().strip())
                .isEqualTo("tokenwise eval sts: " + bad + ":2: has 2 columns; expected sentence1,sentence2,score");
    }

    /** Of equal scores there is no rank correlation, and JSON has no number for it. */
    @Test
    void evalStsNeedsDifferentScores() throws IOException {
        Path same = Files.writeString(folder.resolve("same.csv"), "a,b,3\nc,d,3.0\n");
        Path one = Files.writeString(folder.resolve("one-pair.csv"), "a,b,4\n");
        assertThat(run("", "eval", "sts", same.toString(), "--json")).isEqualTo(1);
        assertThat(run("", "eval", "sts", one.toString(), "--json")).isEqualTo(1);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString().lines())
                .containsExactly(
                        "tokenwise eval sts: " + same
                                + ": has the score 3.0 only; two or more different ones are needed",
                        "tokenwise eval sts: " + one
                                + ": has the score 4.0 only; two or more different ones are needed");
    }

    @Test
    void distillNamesWhatIsWrongBeforeItTrains() throws IOException {
        Path out = folder.resolve("distilled");
        Path texts = Files.writeString(folder.resolve("texts.txt"), "one text\n\nanother\n");
        assertThat(run("", "distill", "--data", "no/such.txt", "--out", out.toString()))
                .isEqualTo(1);
        assertThat(run("", "distill", "--data", texts.toString(), "--out", out.toString()))
                .isEqualTo(1);
        Files.writeString(
                texts,
                IntStream.range(0, 300)
                        .mapToObj(i -> "a text of number " + i + "\n")
                        .collect(Collectors.joining()));
        assertThat(run("", "distill", "--data", texts.toString(), "--out", adaptive.toString()))
                .isEqualTo(1);
        String divisor = "7";
        for (String layers : List.of("mlp", "mlp,qk,vo")) {
            assertThat(run(
                            "",
                            "distill",
                            "--data",
                            texts.toString(),
                            "--out",
                            out.toString(),
                            "--learners",
                            divisor,
                            "--adapt",
                            layers))
                    .isEqualTo(1);
        }
        assertThat(err.toString().lines().filter(line -> line.startsWith("tokenwise distill: ")))
                .satisfiesExactly(
                        line -> assertThat(line).endsWith("no such file or directory: no/such.txt"),
                        line -> assertThat(line)
                                .endsWith(
                                        "there are 2 texts to train on; at least 20 different ones are needed, and thousands are better"),
                        line -> assertThat(line).contains(adaptive.toString(), "exists"),
                        line -> assertThat(line).contains("1536", divisor),
                        line -> assertThat(line).contains("48 units of 8 columns", divisor, "only mlp"));
        assertThat(out).doesNotExist();
    }
}
