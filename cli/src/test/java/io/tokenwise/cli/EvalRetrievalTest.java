package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.testmodels.SmallTextModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The command {@code eval retrieval}, on the built-in model and on the same made adaptive, but not trained. */
class EvalRetrievalTest extends CommandTest {
    private static Path adaptive;

    @BeforeAll
    static void write(@TempDir Path folder) throws IOException {
        adaptive = UntrainedAdaptive.ofMiniLm(folder);
    }

    @Test
    void aWorkedExample() {
        JsonNode rows = evalRows(
                "retrieval",
                BeirFolderTest.sample().toString(),
                "--model",
                adaptive.toString(),
                "--flops",
                "0.5,1",
                "--precision",
                "f32");
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
        String sample = BeirFolderTest.sample().toString();
        String model = adaptive.toString();
        JsonNode both = evalRows("retrieval", sample, "--model", model, "--flops", "0.5");
        JsonNode documents = evalRows("retrieval", sample, "--model", model, "--flops", "0.5", "--full-queries");
        assertThat(documents.get(1).get("teacherCosine").asDouble())
                .isNotEqualTo(both.get(1).get("teacherCosine").asDouble());
        assertThat(documents.get(0).get("value").asDouble())
                .as("the dense model finds the same")
                .isEqualTo(both.get(0).get("value").asDouble());
    }

    /** Of such a text a static model's vector is zeros, which must not stand before what was found. */
    @Test
    void aDocumentWithoutKnownWordsIsLikeNoQuery(@TempDir Path folder) throws IOException {
        SmallTextModel.writeStatic(folder);
        Path data = Files.createDirectories(folder.resolve("data/qrels")).getParent();
        Files.writeString(data.resolve("corpus.jsonl"), """
                {"_id": "sea", "title": "", "text": "the sea"}
                {"_id": "smile", "title": "", "text": "\ud83d\ude00"}
                """);
        Files.writeString(data.resolve("queries.jsonl"), "{\"_id\": \"q\", \"text\": \"the sea\"}\n");
        Files.writeString(data.resolve("qrels/test.tsv"), "query-id\tcorpus-id\tscore\nq\tsea\t1\n");
        JsonNode rows = evalRows("retrieval", data.toString(), "--model", folder.toString(), "--precision", "f32");
        assertThat(rows.get(0).get("value").asDouble()).isEqualTo(1);
    }

    @Test
    void cutsTexts() {
        JsonNode rows = evalRows("retrieval", BeirFolderTest.sample().toString(), "--max-tokens", "3");
        // Tokens see each other: in texts of three a token costs less than in longer ones.
        assertThat(rows.get(0).get("flopsPerToken").asDouble()).isEqualTo(6 * (12 * 384 * 384 + 2 * 3 * 384));
    }
}
