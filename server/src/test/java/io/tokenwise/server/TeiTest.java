package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.tokenwise.Classification;
import io.tokenwise.Embedding;
import io.tokenwise.ImageClassifier;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import io.tokenwise.image.ImageReader;
import io.tokenwise.server.ServerOptions.Budgets;
import io.tokenwise.server.observe.OtlpReceiver;
import io.tokenwise.tokenizer.Tokenizer;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Text-embeddings-inference's endpoints over real connections. */
class TeiTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String LONG = "word ".repeat(300);

    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

    /** Nothing here leaves the budget to load: what a start measures for that takes seconds. */
    private static final Budgets FULL = Budgets.of("off", 1, Duration.ofMillis(100));

    private static OtlpReceiver receiver;
    private static TokenwiseServer server;
    private static TextEncoder encoder;
    private static HttpClient client;

    @BeforeAll
    static void start() throws IOException {
        receiver = new OtlpReceiver();
        server = TokenwiseServer.start(ServerOptions.of(0, "minilm-acm", "vit-cifar10-acm")
                .withBudgets(FULL)
                .withOtlp(receiver.url()));
        encoder = TextEncoder.open("minilm-acm");
        client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
        encoder.close();
        receiver.close();
        assertThat(receiver.spans())
                .as("what was sent at the latest when the server stopped")
                .contains("embeddings minilm-acm", "classification vit-cifar10-acm", OtlpReceiver.bytes(TRACE));
        assertThat(receiver.metrics()).contains("gen_ai.server.request.duration");
    }

    @Test
    void vectorsAreTheLibrarysBitForBit() throws Exception {
        HttpResponse<String> one = post("/embed", Map.of("inputs", "a text", "unknown", 1));
        HttpResponse<String> several = post("/embed", Map.of("inputs", List.of("a text", "more"), "budget", 0.5));

        assertThat(floats(json(one).get(0)))
                .containsExactly(encoder.embed("a text").vector());
        assertThat(one.headers().map()).containsKeys("x-tokenwise-spent", "x-total-time", "x-queue-time");
        assertThat(header(one, "x-compute-tokens")).isEqualTo("4");
        assertThat(header(one, "x-compute-characters")).isEqualTo("6");
        var expected = encoder.embed(List.of("a text", "more"), Budget.of(0.5));
        for (int i = 0; i < 2; i++) {
            assertThat(floats(json(several).get(i)))
                    .containsExactly(expected.get(i).vector());
        }
        assertThat(header(several, "x-tokenwise-budget")).isEqualTo("0.5000");
    }

    @Test
    void idsAreReadAsTheyAre() throws Exception {
        int[] ids = tokenizer().encode("a text").ids();

        JsonNode alone = json(post("/embed", Map.of("inputs", ids)));
        JsonNode mixed = json(post("/embed", Map.of("inputs", List.of(ids, "a text"))));

        assertThat(alone).hasSize(1);
        assertThat(alone.get(0)).isEqualTo(mixed.get(0)).isEqualTo(mixed.get(1));
    }

    @Test
    void longTextsAreCutWhereTheRequestSays() throws Exception {
        String words = IntStream.range(0, 400).mapToObj(i -> "w" + i).collect(Collectors.joining(" "));
        JsonNode right = json(post("/embed", Map.of("inputs", words, "truncate", true)));
        HttpResponse<String> left = post("/embed", Map.of("inputs", words, "truncation_direction", "left"));

        assertThat(floats(right.get(0))).containsExactly(encoder.embed(words).vector());
        assertThat(header(left, "x-compute-tokens")).isEqualTo("256");
        assertThat(header(left, "x-tokenwise-truncated")).isEqualTo("1");
        List<Integer> last =
                new ArrayList<>(tokens(words).reversed().subList(0, 254).reversed());
        last.addFirst(tokenizer().encode("").ids()[0]);
        last.addLast(tokenizer().encode("").ids()[1]);
        assertThat(json(left)).isEqualTo(json(post("/embed", Map.of("inputs", last))));
    }

    private static Tokenizer tokenizer() {
        return encoder.model().files().tokenizer();
    }

    private static List<Integer> tokens(String text) {
        return Arrays.stream(tokenizer().encodeAll(text)).boxed().toList();
    }

    @Test
    void tokenVectorsAveragedAreTheText() throws Exception {
        HttpResponse<String> response = post("/embed_all", Map.of("inputs", List.of("a text", "more of it")));

        JsonNode texts = json(response);
        assertThat(texts).hasSize(2);
        assertThat(texts.get(0)).hasSize(4);
        assertThat(header(response, "x-compute-tokens")).isEqualTo("9");
        var sum = new float[384];
        for (JsonNode token : texts.get(0)) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += token.get(i).floatValue();
            }
        }
        assertThat(Embedding.cosine(sum, encoder.embed("a text").vector())).isGreaterThan(0.9999);
    }

    @Test
    void similarityIsTheCosineWithTheFirst() throws Exception {
        var body = Map.of(
                "inputs", Map.of("source_sentence", "A cat.", "sentences", List.of("A kitten.", "An invoice.")),
                "parameters", Map.of("truncate", false));

        JsonNode similarities = json(post("/similarity", body));

        var expected = encoder.embed(List.of("A cat.", "A kitten.", "An invoice."));
        assertThat(similarities).hasSize(2);
        for (int i = 0; i < 2; i++) {
            assertThat(similarities.get(i).floatValue())
                    .isEqualTo((float) expected.get(0).cosine(expected.get(i + 1)));
        }
        assertThat(json(post("/", body))).isEqualTo(similarities);
        var half = Map.of("inputs", body.get("inputs"), "parameters", Map.of("budget", 0.5));
        assertThat(header(post("/", half), "x-tokenwise-budget")).isEqualTo("0.5000");
    }

    @Test
    void tokensSayWhereTheyStandInBytes() throws Exception {
        JsonNode tokens =
                json(post("/tokenize", Map.of("inputs", "Café 中 😀 tokenwise"))).get(0);

        assertThat(tokens.get(0)).isEqualTo(JSON.readTree("""
                {"id": 101, "text": "[CLS]", "special": true, "start": null, "stop": null}"""));
        assertThat(tokens.get(1)).isEqualTo(JSON.readTree("""
                {"id": 7668, "text": "Café", "special": false, "start": 0, "stop": 5}"""));
        byte[] bytes = "Café 中 😀 tokenwise".getBytes(StandardCharsets.UTF_8);
        for (int i = 1; i < tokens.size() - 1; i++) {
            int start = tokens.get(i).get("start").intValue();
            int stop = tokens.get(i).get("stop").intValue();
            assertThat(new String(bytes, start, stop - start, StandardCharsets.UTF_8))
                    .isEqualTo(tokens.get(i).get("text").stringValue());
        }
        JsonNode all = json(post("/tokenize", Map.of("inputs", List.of(LONG, "a"), "add_special_tokens", false)));
        assertThat(all.get(0)).as("also of a text that is too long").hasSize(300);
        assertThat(all.get(1)).hasSize(1);
    }

    @Test
    void idsBecomeTexts() throws Exception {
        int[] ids = tokenizer().encode("Hello, token wise!").ids();

        assertThat(json(post("/decode", Map.of("ids", ids)))).isEqualTo(JSON.readTree("[\"hello, token wise!\"]"));
        assertThat(json(post("/decode", Map.of("ids", List.of(ids), "skip_special_tokens", false))))
                .isEqualTo(JSON.readTree("[\"[CLS] hello, token wise! [SEP]\"]"));
    }

    @Test
    void imagesHaveClasses() throws Exception {
        byte[] png = png();
        String base64 = Base64.getEncoder().encodeToString(png);
        Classification expected;
        List<String> labels;
        try (var classifier = ImageClassifier.open("vit-cifar10-acm")) {
            expected = classifier.classify(new ImageReader().read(png, "png"), Budget.of(0.5));
            labels = classifier.labels();
        }

        HttpResponse<String> one = post("/predict", Map.of("inputs", base64, "model", "vit-cifar10-acm@0.5"));
        String url = "data:image/png;base64," + base64;
        JsonNode batch =
                json(post("/predict", Map.of("inputs", List.of(List.of(url), List.of(base64)), "budget", 0.5)));
        JsonNode logits = json(post("/predict", Map.of("inputs", List.of(base64), "raw_scores", true)));

        JsonNode classes = json(one);
        assertThat(classes).hasSize(10);
        assertThat(classes.get(0).get("label").stringValue()).isEqualTo(expected.label());
        assertThat(classes.get(0).get("score").floatValue()).isEqualTo((float) expected.probability());
        assertThat(batch).hasSize(2).allMatch(classes::equals);
        assertThat(logits.get(0).get("score").floatValue()).isGreaterThan(1);
        assertThat(header(one, "x-tokenwise-budget")).isEqualTo("0.5000");
        assertThat(json(get("/info?model=vit-cifar10-acm")).at("/model_type/classifier/id2label/9"))
                .isEqualTo(JSON.valueToTree(labels.get(9)));
        var hub = Map.of("inputs", base64, "model", "vit-cifar10-acm", "parameters", Map.of("raw_scores", true));
        assertThat(json(post("/", hub))).isEqualTo(logits);
    }

    private static byte[] png() throws IOException {
        var image = new BufferedImage(40, 30, BufferedImage.TYPE_INT_RGB);
        for (int x = 0; x < 40; x++) {
            for (int y = 0; y < 30; y++) {
                image.setRGB(x, y, x * 6 << 16 | y * 8 << 8 | x * y % 256);
            }
        }
        var bytes = new ByteArrayOutputStream();
        ImageIO.write(image, "png", bytes);
        return bytes.toByteArray();
    }

    @Test
    void infoHasItsFields() throws Exception {
        JsonNode info = json(get("/info"));

        assertThat(info.propertyNames())
                .contains("model_id", "model_sha", "model_dtype", "served_model_name", "max_concurrent_requests")
                .contains("max_batch_tokens", "auto_truncate", "tokenization_workers", "version");
        assertThat(info.at("/model_type/embedding/pooling").stringValue()).isEqualTo("mean");
        assertThat(info.get("max_input_length").intValue()).isEqualTo(256);
        assertThat(info.get("max_client_batch_size").intValue()).isEqualTo(32);
        for (String path : List.of("/health", "/ping")) {
            assertThat(get(path).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void requestsAreCounted() throws Exception {
        double before = metric("te_request_count{method=\"batch\"}");
        double texts = metric("te_embed_success");
        double tooMany = metric("te_request_failure{err=\"batch_size\"}");

        post("/embed", Map.of("inputs", List.of("one", "two")));
        post("/embed", Map.of("inputs", Collections.nCopies(33, "a")));
        post("/v1/embeddings", Map.of("input", List.of("one"), "model", "minilm-acm"));

        assertThat(metric("te_request_count{method=\"batch\"}") - before).isEqualTo(2);
        assertThat(metric("te_embed_success") - texts).isEqualTo(3);
        assertThat(metric("te_request_failure{err=\"batch_size\"}") - tooMany).isEqualTo(1);
        assertThat(metric("tokenwise_budget_count{model=\"minilm-acm\"}")).isPositive();
        assertThat(metric("te_queue_size")).isZero();
        assertThat(metric("te_batch_next_size_count")).isPositive();
        assertThat(metric("te_batch_next_tokens_bucket{le=\"65536\"}")).isEqualTo(metric("te_batch_next_tokens_count"));
    }

    private static double metric(String name) throws Exception {
        return get("/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElse(0);
    }

    static Stream<Arguments> wrong() {
        return Stream.of(
                arguments("/embed", "{}", 422, "Validation", "inputs is missing"),
                arguments("/embed", "{\"inputs\": []}", 400, "Empty", "`inputs` cannot be empty"),
                arguments("/embed", "{\"inputs\": \"\"}", 400, "Empty", "`inputs` cannot be empty"),
                arguments("/embed", "{\"inputs\": [\"a\", \"\"]}", 400, "Empty", "`inputs[1]` cannot be empty"),
                arguments("/embed", "{\"inputs\": [[]]}", 400, "Empty", "`inputs[0]` cannot be empty"),
                arguments("/embed", "{\"inputs\": 1}", 422, "Validation", "inputs is a number"),
                arguments("/embed", "{\"inputs\": [\"a\", {}]}", 422, "Validation", "inputs[1] is an object"),
                arguments("/embed", "{\"inputs\": [101, 99999]}", 422, "Validation", "0 to 30521"),
                arguments("/embed", "{\"inputs\": [101, 1.5]}", 422, "Validation", "`inputs[1]` must be a token id"),
                arguments("/embed", "{\"inputs\": [\"\\ud800\"]}", 422, "Validation", "surrogate"),
                arguments("/embed", "{\"inputs\": ", 400, "Validation", "no JSON"),
                arguments("/embed", "[]", 400, "Validation", "must be a JSON object"),
                arguments(
                        "/embed",
                        "{\"truncate\": false, \"inputs\": \"" + LONG + "\"}",
                        422,
                        "Validation",
                        "Input validation error: `inputs` must have less than 256 tokens. Given: 302"),
                arguments("/embed", "{\"inputs\": \"a\", \"truncate\": 1}", 422, "Validation", "truncate"),
                arguments("/embed", "{\"inputs\": \"a\", \"truncation_direction\": \"up\"}", 422, "Validation", "left"),
                arguments("/embed", "{\"inputs\": \"a\", \"prompt_name\": \"x\"}", 422, "Validation", "document"),
                arguments("/embed", "{\"inputs\": \"a\", \"normalize\": false}", 422, "Validation", "normalize"),
                arguments("/embed", "{\"inputs\": \"a\", \"dimensions\": 64}", 422, "Validation", "384"),
                arguments("/embed", "{\"inputs\": \"a\", \"budget\": 2}", 422, "Validation", "from 0 to 1"),
                arguments("/embed", "{\"inputs\": \"a\", \"model\": \"x\"}", 404, "Validation", "/v1/models"),
                arguments(
                        "/embed",
                        "{\"inputs\": \"a\", \"model\": \"vit-cifar10-acm\"}",
                        422,
                        "Validation",
                        "of kind images, this endpoint serves texts"),
                arguments("/embed_all", "{\"inputs\": \"a\", \"budget\": 0.5}", 422, "Validation", "leave"),
                arguments("/similarity", "{\"inputs\": \"a\"}", 422, "Validation", "must be an object"),
                arguments(
                        "/similarity",
                        "{\"inputs\": {\"source_sentence\": \"a\", \"sentences\": []}}",
                        400,
                        "Empty",
                        "`inputs.sentences` cannot be empty"),
                arguments(
                        "/similarity",
                        "{\"inputs\": {\"source_sentence\": \"a\", \"sentences\": [\"b\", \"\"]}}",
                        400,
                        "Empty",
                        "`sentences[1]` cannot be empty"),
                arguments(
                        "/similarity",
                        "{\"inputs\": {\"source_sentence\": \"\", \"sentences\": [\"b\"]}}",
                        400,
                        "Empty",
                        "`source_sentence` cannot be empty"),
                arguments("/tokenize", "{\"inputs\": [\"a\", 1]}", 422, "Validation", "inputs[1] must be a string"),
                arguments("/tokenize", "{\"inputs\": \"\"}", 400, "Empty", "cannot be empty"),
                arguments("/decode", "{\"ids\": \"a\"}", 422, "Validation", "array of token ids"),
                arguments("/decode", "{\"ids\": [[1], 2]}", 422, "Validation", "ids[1] must be an array of token ids"),
                arguments("/decode", "{\"ids\": [-1]}", 422, "Validation", "0 to 30521"),
                arguments("/decode", "{\"ids\": [[]]}", 400, "Empty", "`ids[0]` cannot be empty"),
                arguments(
                        "/predict",
                        "{\"inputs\": [[\"aGVsbG8=\"], [\"%\"]]}",
                        422,
                        "Validation",
                        "inputs[1] must be a JPEG or PNG"),
                arguments(
                        "/predict",
                        "{\"inputs\": [[\"aGVsbG8=\"], [\"aGVsbG8=\"]]}",
                        422,
                        "Validation",
                        "inputs[0]: is not an image"),
                arguments("/", "{\"inputs\": \"a\", \"parameters\": 5}", 422, "Validation", "parameters must be an"),
                arguments("/predict", "{\"inputs\": \"no image\"}", 422, "Validation", "Base64"),
                arguments("/predict", "{\"inputs\": \"aGVsbG8=\"}", 422, "Validation", "is not an image"),
                arguments("/predict", "{\"inputs\": \"data:image/png,x\"}", 422, "Validation", "data URL"),
                arguments("/predict", "{\"inputs\": [\"a\", \"b\"]}", 422, "Validation", "[[image], [image]]"),
                arguments(
                        "/rerank",
                        "{\"query\": \"a\", \"texts\": [\"b\"]}",
                        424,
                        "Backend",
                        "a model of kind scores, and none is served"),
                arguments("/embed_sparse", "{\"inputs\": \"a\"}", 424, "Backend", "SPLADE"),
                arguments("/", "{\"inputs\": [], \"parameters\": {}}", 400, "Empty", "cannot be empty"));
    }

    @ParameterizedTest
    @MethodSource
    void wrong(String path, String body, int status, String type, String message) throws Exception {
        HttpResponse<String> response = send(path, body, "application/json");

        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(json(response).get("error_type").stringValue()).isEqualTo(type);
        assertThat(json(response).get("error").stringValue()).contains(message).doesNotContain("\n", "io.tokenwise");
    }

    @Test
    void largeRequestsAreRefused() throws Exception {
        List<String> texts = Collections.nCopies(33, "a");
        for (String path : List.of("/embed", "/embed_all", "/tokenize")) {
            HttpResponse<String> response = post(path, Map.of("inputs", texts));
            assertThat(response.statusCode()).isEqualTo(422);
            assertThat(json(response).get("error").stringValue())
                    .isEqualTo("batch size 33 > maximum allowed batch size 32");
        }
        HttpResponse<String> large = post("/embed", Map.of("inputs", "a".repeat(2_000_000)));
        assertThat(large.statusCode()).isEqualTo(413);
        assertThat(json(large).get("error_type").stringValue()).isEqualTo("Validation");
        assertThat(send("/embed", "{\"inputs\": \"a\"}", "text/plain").statusCode())
                .isEqualTo(415);
    }

    private static HttpResponse<String> get(String path) throws Exception {
        return client.send(HttpRequest.newBuilder(uri(path)).build(), HttpResponse.BodyHandlers.ofString());
    }

    private static HttpResponse<String> post(String path, Map<String, ?> body) throws Exception {
        return send(path, JSON.writeValueAsString(body), "application/json");
    }

    private static HttpResponse<String> send(String path, String body, String type) throws Exception {
        return client.send(
                HttpRequest.newBuilder(uri(path))
                        .header("content-type", type)
                        .header("traceparent", "00-" + TRACE + "-00f067aa0ba902b7-01")
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static URI uri(String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    private static JsonNode json(HttpResponse<String> response) {
        return JSON.readTree(response.body());
    }

    private static String header(HttpResponse<String> response, String name) {
        return response.headers().firstValue(name).orElse("");
    }

    private static float[] floats(JsonNode array) {
        var floats = new float[array.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = array.get(i).floatValue();
        }
        return floats;
    }
}
