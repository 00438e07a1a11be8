package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.tokenwise.Classification;
import io.tokenwise.Embedding;
import io.tokenwise.Reranker;
import io.tokenwise.Reranker.Ranked;
import io.tokenwise.TextClassifier;
import io.tokenwise.TextEncoder;
import io.tokenwise.testmodels.SmallTextModel;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Cross-encoders and classifiers of texts, by all routes; and a text encoder whose vectors are of any length. */
class ScoresAndClassesTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String QUERY = "who wrote Faust?";
    private static final List<String> TEXTS =
            List.of("Goethe wrote Faust.", "Water boils at 100 degrees.", "", "Faust was written in Weimar.");
    private static final String LONG = "word ".repeat(60);

    @TempDir
    private static Path folder;

    private static TokenwiseServer server;
    private static JsonClient client;

    @BeforeAll
    static void start() throws IOException {
        SmallTextModel.writeScores(folder.resolve("scores"));
        SmallTextModel.writeClasses(folder.resolve("classes"));
        SmallTextModel.writeClasses(folder.resolve("single"));
        Path tokenizer = folder.resolve("single/tokenizer.json");
        Files.writeString(tokenizer, withoutPairs(Files.readString(tokenizer)));
        SmallTextModel.write(folder.resolve("vectors"));
        Path modules = folder.resolve("vectors/modules.json");
        Files.writeString(modules, withoutNormalize(Files.readString(modules)));
        server = TokenwiseServer.start(
                ServerOptions.of(0, model("scores"), model("classes"), model("vectors"), model("single"))
                        .withBudgets(ServerOptions.Budgets.of("0.5", 0.35, Duration.ofMillis(100))));
        client = new JsonClient(server.port());
    }

    private static String withoutPairs(String tokenizer) {
        var json = (ObjectNode) JSON.readTree(tokenizer);
        json.withObject("/post_processor").putArray("pair");
        return json.toString();
    }

    /** Its last module. */
    private static String withoutNormalize(String modules) {
        var all = JSON.readTree(modules).asArray();
        assertThat(all.get(all.size() - 1).get("type").asString()).endsWith("Normalize");
        all.remove(all.size() - 1);
        return all.toString();
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
    }

    private static String model(String name) {
        return folder.resolve(name).toString();
    }

    @Test
    void scoresAreTheLibrarys() throws Exception {
        List<Ranked> expected;
        try (var reranker = Reranker.open(model("scores"))) {
            expected = reranker.rank(QUERY, TEXTS, TEXTS.size());
        }
        var body = Map.of("model", "scores", "query", QUERY, "documents", TEXTS, "return_documents", true);
        for (String path : List.of("/v1/rerank", "/v2/rerank")) {
            JsonNode answer = client.answer(path, body);
            assertThat(answer.get("model").asString()).isEqualTo("scores");
            assertThat(answer.at("/usage/total_tokens").intValue()).isPositive();
            assertThat(answer.at("/meta/billed_units/search_units").intValue()).isZero();
            assertThat(answer.get("results")).hasSize(TEXTS.size());
            for (int i = 0; i < expected.size(); i++) {
                JsonNode found = answer.at("/results/" + i);
                assertThat(found.get("index").intValue())
                        .isEqualTo(expected.get(i).index());
                assertThat(found.get("relevance_score").floatValue())
                        .isEqualTo((float) expected.get(i).probability());
                assertThat(found.at("/document/text").asString())
                        .isEqualTo(expected.get(i).text());
            }
        }
        JsonNode raw = client.answer("/rerank", Map.of("query", QUERY, "texts", TEXTS, "raw_scores", true));
        JsonNode texts = client.answer("/", Map.of("query", QUERY, "texts", TEXTS, "return_text", true));
        for (int i = 0; i < expected.size(); i++) {
            assertThat(raw.at("/" + i + "/score").floatValue())
                    .isEqualTo(expected.get(i).score());
            assertThat(raw.get(i).has("text")).isFalse();
            assertThat(texts.at("/" + i + "/score").floatValue())
                    .isEqualTo((float) expected.get(i).probability());
            assertThat(texts.at("/" + i + "/text").asString())
                    .isEqualTo(expected.get(i).text());
        }
    }

    @Test
    void theBestOfDocumentsOfAllForms() throws Exception {
        List<Object> documents = List.of(Map.of("text", TEXTS.get(0), "title", "ignored"), TEXTS.get(1), TEXTS.get(3));
        JsonNode all = client.answer("/v1/rerank", Map.of("model", "scores", "query", QUERY, "documents", documents));
        JsonNode best = client.answer(
                "/v1/rerank", Map.of("model", "scores", "query", QUERY, "documents", documents, "top_n", 2));
        assertThat(best.get("results")).hasSize(2);
        assertThat(best.at("/results/1")).isEqualTo(all.at("/results/1"));
        assertThat(best.at("/results/0").has("document")).isFalse();
    }

    @Test
    void whatIsCutIsSaid() throws Exception {
        HttpResponse<String> cut =
                client.post("/v1/rerank", Map.of("model", "scores", "query", QUERY, "documents", List.of("a", LONG)));
        assertThat(cut.headers().firstValue("x-tokenwise-truncated")).hasValue("1");
        assertThat(cut.headers().firstValue("x-tokenwise-budget")).hasValue("0.5000");
        HttpResponse<String> classes = client.post("/predict", Map.of("inputs", List.of(List.of("a", LONG))));
        assertThat(classes.headers().firstValue("x-tokenwise-truncated")).hasValue("1");
        assertThat(classes.headers().firstValue("x-compute-tokens")).hasValue("40");
    }

    @Test
    void classesAreTheLibrarys() throws Exception {
        Classification single;
        Classification pair;
        List<String> labels;
        try (var classifier = TextClassifier.open(model("classes"))) {
            single = classifier.classify("a fine day");
            pair = classifier.classify("a fine day", "it rains");
            labels = classifier.labels();
        }
        same(client.answer("/predict", Map.of("inputs", "a fine day")), single, labels);
        same(client.answer("/predict", Map.of("inputs", List.of("a fine day"))), single, labels);
        same(client.answer("/predict", Map.of("inputs", List.of("a fine day", "it rains"))), pair, labels);
        same(client.answer("/", Map.of("model", "classes", "inputs", "a fine day")), single, labels);
        JsonNode batch = client.answer(
                "/predict", Map.of("inputs", List.of(List.of("a fine day"), List.of("a fine day", "it rains"))));
        assertThat(batch).hasSize(2);
        same(batch.get(0), single, labels);
        same(batch.get(1), pair, labels);
    }

    @Test
    void singleTextsNeedNoFormForPairs() throws Exception {
        var body = Map.of("inputs", List.of(List.of("a fine day"), List.of("a letter")));
        assertThat(client.answer("/predict", with(body, "model", "single"))).isEqualTo(client.answer("/predict", body));
    }

    private static Map<String, Object> with(Map<String, ?> body, String field, Object value) {
        var more = new HashMap<String, Object>(body);
        more.put(field, value);
        return more;
    }

    private static void same(JsonNode found, Classification expected, List<String> labels) {
        assertThat(found).hasSize(labels.size());
        assertThat(found.get(0).get("label").asString()).isEqualTo(expected.label());
        found.forEach(each -> assertThat(each.get("score").floatValue()).isEqualTo((float)
                expected.probabilities()[labels.indexOf(each.get("label").asString())]));
    }

    @Test
    void modelsSayWhatTheyAre() throws Exception {
        JsonNode models = JSON.readTree(client.get("/v1/models")).get("data");
        assertThat(models.get(0).get("kind").asString()).isEqualTo("scores");
        assertThat(models.get(0).get("max_tokens").intValue()).isEqualTo(40);
        assertThat(models.get(1).get("kind").asString()).isEqualTo("classes");
        assertThat(models.get(1).get("labels")).hasSize(3);
        assertThat(JSON.readTree(client.get("/info"))
                        .at("/model_type/reranker/id2label/0")
                        .asString())
                .isEqualTo("LABEL_0");
        assertThat(JSON.readTree(client.get("/info?model=classes"))
                        .at("/model_type/classifier/id2label/1")
                        .asString())
                .isEqualTo("bad");
        client.answer("/rerank", Map.of("query", QUERY, "texts", TEXTS));
        assertThat(client.get("/metrics")).contains("te_rerank_count");
    }

    /** Unless a request says no, as text-embeddings-inference has it. */
    @Test
    void vectorsAreScaledWhoseModelDoesNot() throws Exception {
        float[] vector;
        try (var encoder = TextEncoder.open(model("vectors"))) {
            vector = encoder.embed("a text").vector();
        }
        float[] plain = vector(Map.of("inputs", "a text", "model", "vectors", "normalize", false));
        assertThat(plain).isEqualTo(vector);
        float[] scaled = vector(Map.of("inputs", "a text", "model", "vectors"));
        assertThat(length(vector)).isNotCloseTo(1, within(.01));
        assertThat(length(scaled)).isCloseTo(1, within(1e-6));
        assertThat(Embedding.cosine(scaled, vector)).isCloseTo(1, within(1e-6));
    }

    /** That a server's usual budget is less, nobody has asked for; and of a dense model no token leaves. */
    @Test
    void vectorsOfAllTokensAtAnyBudgetOfTheServer() throws Exception {
        for (Map<String, ?> body : List.of(
                Map.of("inputs", "a text", "model", "vectors"),
                Map.of("inputs", "a text", "model", "vectors", "budget", 0.5))) {
            assertThat(client.answer("/embed_all", body).get(0)).hasSize(4);
        }
    }

    private static double length(float[] vector) {
        double squares = 0;
        for (float value : vector) {
            squares += (double) value * value;
        }
        return Math.sqrt(squares);
    }

    private static float[] vector(Map<String, ?> body) throws Exception {
        return JSON.treeToValue(client.answer("/embed", body).get(0), float[].class);
    }

    static Stream<Arguments> wrong() {
        return Stream.of(
                arguments("/v1/rerank", Map.of("query", "a", "documents", List.of("b")), 400, "model is missing"),
                arguments(
                        "/v1/rerank",
                        rerank("classes", "a", List.of("b")),
                        400,
                        "of kind classes, this endpoint serves scores"),
                arguments("/v1/rerank", rerank("scores", "", List.of("b")), 400, "query is an empty string"),
                arguments("/v1/rerank", rerank("scores", "a", List.of()), 400, "documents must be an array"),
                arguments("/v1/rerank", rerank("scores", "a", "b"), 400, "is a string"),
                arguments("/v1/rerank", rerank("scores", "a", List.of("b", 1)), 400, "documents[1] must be a string"),
                arguments(
                        "/v1/rerank",
                        rerank("scores", "a", List.of(Map.of("title", "b"))),
                        400,
                        "documents[0].text must"),
                arguments(
                        "/v1/rerank",
                        rerank("scores", "a", Collections.nCopies(2049, "b")),
                        400,
                        "documents has 2049 texts: at most 2048"),
                arguments(
                        "/v1/rerank",
                        Map.of("model", "scores", "query", "a", "documents", List.of("b"), "top_n", 0),
                        400,
                        "top_n must be a whole number from 1 on"),
                arguments("/rerank", Map.of("query", "a", "texts", List.of()), 400, "`texts` cannot be empty"),
                arguments("/rerank", Map.of("query", "a", "texts", List.of("b", 1)), 422, "texts[1] must be a string"),
                arguments("/rerank", Map.of("query", "a", "texts", "b"), 422, "texts must be an array of strings"),
                arguments(
                        "/rerank",
                        Map.of("query", "a", "texts", Collections.nCopies(33, "b")),
                        422,
                        "batch size 33 > maximum allowed batch size 32"),
                arguments(
                        "/rerank",
                        Map.of("query", "a", "texts", List.of("b", LONG), "truncate", false),
                        422,
                        "40 tokens together at most; 1 of `texts` would have to be cut"),
                arguments(
                        "/rerank",
                        Map.of("query", "a", "texts", List.of("b"), "truncation_direction", "left"),
                        422,
                        "truncation_direction must be right"),
                arguments("/predict", Map.of("inputs", List.of()), 422, "inputs must be a text, [first, second]"),
                arguments("/predict", Map.of("inputs", List.of("a", "b", "c")), 422, "[[text], [first, second]]"),
                arguments("/predict", Map.of("inputs", 1), 422, "inputs must be a text"),
                arguments(
                        "/predict",
                        Map.of("model", "single", "inputs", List.of("a", "b")),
                        422,
                        "`inputs` has a pair of texts, and this model's tokenizer has no form for pairs"),
                arguments(
                        "/predict",
                        Map.of("model", "single", "inputs", List.of(List.of("a"), List.of("a", "b"))),
                        422,
                        "`inputs[1]` has a pair of texts, and this model's tokenizer has no form for pairs"),
                arguments("/predict", Map.of("inputs", ""), 400, "`inputs` cannot be empty"),
                arguments(
                        "/predict",
                        Map.of("inputs", LONG, "truncate", false),
                        422,
                        "`inputs` must have at most 40 tokens, and has more"),
                arguments("/", Map.of("model", "scores", "inputs", "a"), 422, "query is missing"));
    }

    private static Map<String, Object> rerank(String model, String query, Object documents) {
        return Map.of("model", model, "query", query, "documents", documents);
    }

    @ParameterizedTest
    @MethodSource
    void wrong(String path, Map<String, ?> body, int status, String message) throws Exception {
        HttpResponse<String> response = client.post(path, body);

        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(response.body()).contains(message).doesNotContain("io.tokenwise", folder.toString());
    }
}
