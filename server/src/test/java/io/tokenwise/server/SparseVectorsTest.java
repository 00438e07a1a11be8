package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.tokenwise.SparseEncoder;
import io.tokenwise.SparseVector;
import io.tokenwise.testmodels.SmallTextModel;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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

/** Sparse vectors by {@code /embed_sparse}: of a model that reads all texts, and of one that looks queries up. */
class SparseVectorsTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final List<String> TEXTS = List.of("who wrote Faust?", "Goethe wrote it.", "word ".repeat(60));

    @TempDir
    private static Path folder;

    private static TokenwiseServer server;
    private static JsonClient client;

    @BeforeAll
    static void start() throws IOException {
        SmallTextModel.write(folder.resolve("vectors"));
        SmallTextModel.writeSparse(folder.resolve("sparse"));
        SmallTextModel.writeLookedUp(folder.resolve("table"));
        SmallTextModel.writeLookedUp(folder.resolve("texts"));
        SmallTextModel.writeM3(folder.resolve("m3"));
        Path router = folder.resolve("texts/router_config.json");
        String asQueries = "\"default_route\": \"query\"";
        Files.writeString(router, Files.readString(router).replace("\"default_route\": \"document\"", asQueries));
        server = TokenwiseServer.start(ServerOptions.of(
                0, model("vectors"), model("sparse"), model("table"), model("texts"), "sparse:" + model("m3")));
        client = new JsonClient(server.port());
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
    }

    private static String model(String name) {
        return folder.resolve(name).toString();
    }

    private static List<Map<Integer, Float>> maps(List<SparseVector> vectors) {
        return vectors.stream()
                .map(vector -> {
                    var map = new TreeMap<Integer, Float>();
                    for (int i = 0; i < vector.ids().length; i++) {
                        map.put(vector.ids()[i], vector.weights()[i]);
                    }
                    return (Map<Integer, Float>) map;
                })
                .toList();
    }

    private static List<Map<Integer, Float>> maps(JsonNode answer) {
        return answer.valueStream()
                .map(vector -> {
                    var map = new TreeMap<Integer, Float>();
                    vector.forEach(weight -> map.put(
                            weight.get("index").intValue(), weight.get("value").floatValue()));
                    return (Map<Integer, Float>) map;
                })
                .toList();
    }

    @Test
    void vectorsAreTheLibrarys() throws Exception {
        List<Map<Integer, Float>> expected;
        try (var encoder = SparseEncoder.open(model("sparse"))) {
            expected = maps(encoder.embed(TEXTS));
        }
        assertThat(expected).noneMatch(Map::isEmpty);
        HttpResponse<String> response = client.post("/embed_sparse", Map.of("inputs", TEXTS));
        assertThat(maps(JSON.readTree(response.body()))).isEqualTo(expected);
        assertThat(response.headers().firstValue("x-tokenwise-truncated")).hasValue("1");
        assertThat(maps(client.answer("/embed_sparse", Map.of("inputs", TEXTS.getFirst()))))
                .isEqualTo(expected.subList(0, 1));
        assertThat(maps(client.answer("/", Map.of("model", "sparse", "inputs", TEXTS))))
                .isEqualTo(expected);
    }

    /** As bge-m3: the same folder without the word before it gives vectors of texts. */
    @Test
    void aTextEncodersLayerGivesThemToo() throws Exception {
        List<Map<Integer, Float>> expected;
        try (var encoder = SparseEncoder.open(model("m3"))) {
            expected = maps(encoder.embed(TEXTS));
        }
        assertThat(expected).anyMatch(vector -> vector.size() > 1);
        var body = Map.of("model", "m3-sparse", "inputs", TEXTS);
        assertThat(maps(client.answer("/embed_sparse", body))).isEqualTo(expected);
        JsonNode model = JSON.readTree(client.get("/v1/models/m3-sparse"));
        assertThat(model.get("kind").stringValue()).isEqualTo("sparse");
        assertThat(model.get("dimensions").intValue()).isEqualTo(30_522);
    }

    @Test
    void aModelWithoutSuchALayerIsRefused() {
        ServerOptions options = ServerOptions.of(0, "sparse:" + model("vectors"));
        assertThatThrownBy(() -> TokenwiseServer.start(options))
                .hasMessage(model("vectors")
                        + ": is a text encoder without a masked-LM head; a sparse encoder is wanted here");
    }

    @Test
    void queriesAreLookedUpWhereThereIsATable() throws Exception {
        var body = Map.of("model", "table", "inputs", TEXTS);
        try (var encoder = SparseEncoder.open(model("table"))) {
            assertThat(maps(client.answer("/embed_sparse", body))).isEqualTo(maps(encoder.embedPassages(TEXTS)));
        }
        var queries = Map.of("model", "table", "inputs", TEXTS, "prompt_name", "query");
        List<Map<Integer, Float>> found = maps(client.answer("/embed_sparse", queries));
        assertThat(found.get(0).values()).containsExactlyInAnyOrder(0.25f, 1.5f);
        assertThat(found.get(1).values()).containsExactlyInAnyOrder(1.5f, 3f);
        assertThat(found.get(2)).isEmpty();
        int who = client.answer("/tokenize", Map.of("model", "table", "inputs", "who", "add_special_tokens", false))
                .get(0)
                .get(0)
                .get("id")
                .intValue();
        assertThat(maps(client.answer("/embed_sparse", query(List.of(who)))))
                .as("token ids as they are")
                .containsExactly(Map.of(who, 0.25f));
        // The other model reads queries as all texts.
        var read = Map.of("model", "sparse", "inputs", TEXTS, "prompt_name", "query");
        assertThat(maps(client.answer("/embed_sparse", read)))
                .isEqualTo(maps(client.answer("/embed_sparse", Map.of("inputs", TEXTS))));
    }

    /** As in Python: its router's way for what is said to be neither. */
    @Test
    void textsAreLookedUpTooWhereTheModelSaysSo() throws Exception {
        var neither = Map.of("model", "texts", "inputs", TEXTS);
        assertThat(maps(client.answer("/embed_sparse", neither)))
                .isEqualTo(maps(client.answer("/embed_sparse", query(TEXTS))));
        var passages = Map.of("model", "texts", "inputs", TEXTS, "prompt_name", "document");
        assertThat(maps(client.answer("/embed_sparse", passages)))
                .isEqualTo(maps(client.answer("/embed_sparse", Map.of("model", "table", "inputs", TEXTS))));
    }

    /** It reads eight. */
    @Test
    void ofALongQueryOneEndIsLookedUpAndTheAnswerSaysSo() throws Exception {
        HttpResponse<String> first = client.post("/embed_sparse", query("a ".repeat(8) + "who"));
        assertThat(maps(JSON.readTree(first.body()))).containsExactly(Map.of());
        var left = query("a ".repeat(8) + "who", "truncation_direction", "left");
        HttpResponse<String> last = client.post("/embed_sparse", left);
        assertThat(maps(JSON.readTree(last.body())).getFirst().values()).containsExactly(0.25f);
        for (HttpResponse<String> response : List.of(first, last)) {
            assertThat(response.headers().firstValue("x-tokenwise-truncated")).hasValue("1");
            assertThat(response.headers().firstValue("x-compute-tokens")).hasValue("8");
            assertThat(response.headers().firstValue("x-compute-characters")).hasValue("19");
            assertThat(response.headers().firstValue("x-tokenwise-spent")).hasValue("0.000");
        }
    }

    @Test
    void queriesThatAreLookedUpAreCounted() throws Exception {
        long before = count("te_embed_count");
        client.answer("/embed_sparse", query(List.of("who", "it")));
        assertThat(count("te_embed_count")).isEqualTo(before + 2);
    }

    private static long count(String metric) throws Exception {
        return client.get("/metrics")
                .lines()
                .filter(line -> line.startsWith(metric + " "))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(metric.length() + 1)))
                .sum();
    }

    @Test
    void aWrongDeadlineIsWrongHereToo() throws Exception {
        HttpResponse<String> response = client.post("/embed_sparse", query("who"), "x-tokenwise-deadline-ms", "soon");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(422);
        assertThat(response.body()).contains("x-tokenwise-deadline-ms must be a whole number");
    }

    @Test
    void whatTheModelIsCanBeAsked() throws Exception {
        assertThat(client.get("/info?model=sparse")).contains("\"pooling\":\"splade\"");
        JsonNode described = JSON.readTree(client.get("/v1/models/table"));
        assertThat(described.get("kind").asString()).isEqualTo("sparse");
        assertThat(described.get("dimensions").intValue()).isEqualTo(30522);
        assertThat(client.answer("/tokenize", Map.of("model", "sparse", "inputs", "who"))
                        .get(0))
                .hasSize(3);
    }

    static Stream<Arguments> wrong() {
        return Stream.of(
                arguments(
                        "/embed_sparse",
                        Map.of("model", "vectors", "inputs", "a"),
                        422,
                        "of kind texts, this endpoint serves sparse: GET /v1/models"),
                arguments("/embed", Map.of("model", "sparse", "inputs", "a"), 422, "of kind sparse, this"),
                arguments("/embed_sparse", Map.of("inputs", Collections.nCopies(33, "a")), 422, "batch size 33"),
                arguments("/embed_sparse", query(Collections.nCopies(33, "a")), 422, "batch size 33"),
                arguments("/embed_sparse", query(List.of()), 400, "cannot be empty"),
                arguments("/embed_sparse", query(List.of("a", "")), 400, "cannot be empty"),
                arguments(
                        "/embed_sparse", query(List.of(1, 30522)), 422, "`inputs[1]` must be a token id of this model"),
                arguments("/embed_sparse", query("a", "truncation_direction", "up"), 422, "truncation_direction"),
                arguments("/embed_sparse", query(1), 422, "inputs must be a string"),
                arguments("/embed_sparse", query("a", "budget", 2), 422, "budget must be"),
                arguments("/embed_sparse", query("who ".repeat(9), "truncate", false), 422, "Given: 9"));
    }

    private static Map<String, Object> query(Object inputs) {
        return Map.of("model", "table", "inputs", inputs, "prompt_name", "query");
    }

    private static Map<String, Object> query(Object inputs, String field, Object value) {
        var query = new HashMap<>(query(inputs));
        query.put(field, value);
        return query;
    }

    @ParameterizedTest
    @MethodSource
    void wrong(String path, Map<String, ?> body, int status, String message) throws Exception {
        HttpResponse<String> response = client.post(path, body);

        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(response.body()).contains(message).doesNotContain("io.tokenwise", folder.toString());
    }
}
