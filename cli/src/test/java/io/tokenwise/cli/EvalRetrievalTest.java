package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The command {@code eval retrieval}, on the built-in model and on the same made adaptive, but not trained. */
class EvalRetrievalTest extends CommandTest {
    @TempDir
    static Path folder;

    private static Path adaptive;

    @BeforeAll
    static void write() throws IOException {
        adaptive = UntrainedAdaptive.ofMiniLm(folder);
    }

    @Test
    void aWorkedExample() {
        assertThat(run(
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

    /** Only documents are timed and compared then: there are as many inputs less as there are queries. */
    @Test
    void queriesMayHaveTheFullBudget() {
        String[] args = {
            "eval", "retrieval", BeirFolderTest.sample().toString(), "--model", adaptive.toString(), "--flops", "0.5"
        };
        assertThat(run(Stream.concat(Stream.of(args), Stream.of("--json")).toArray(String[]::new)))
                .isZero();
        assertThat(run(Stream.concat(Stream.of(args), Stream.of("--full-queries", "--json"))
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
    void cutsTexts() {
        String sample = BeirFolderTest.sample().toString();
        assertThat(run("eval", "retrieval", sample, "--max-tokens", "3", "--json"))
                .isZero();
        // Tokens see each other: in texts of three a token costs less than in longer ones.
        assertThat(line(0).get("rows").get(0).get("flopsPerToken").asDouble())
                .isEqualTo(6 * (12 * 384 * 384 + 2 * 3 * 384));
    }
}
