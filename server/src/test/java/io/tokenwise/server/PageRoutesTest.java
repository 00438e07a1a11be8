package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The page's endpoints, without a browser. */
@ExtendWith(SharedServer.class)
class PageRoutesTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static SharedServer.Running server;
    private static HttpClient client;

    @BeforeAll
    static void start(SharedServer.Running running) {
        server = running;
        client = HttpClient.newHttpClient();
    }

    @AfterAll
    static void stop() {
        client.close();
    }

    private static HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return client.send(request.build(), BodyHandlers.ofString());
    }

    private static HttpResponse<String> postText(String json) throws IOException, InterruptedException {
        return send(
                request("/page/text").header("Content-Type", "application/json").POST(BodyPublishers.ofString(json)));
    }

    @Test
    void thePageNamesNothingElsewhereAndAllowsNothingElse() throws Exception {
        HttpResponse<String> page = send(request("/"));

        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.headers().firstValue("content-type")).contains("text/html; charset=utf-8");
        assertThat(page.headers().firstValue("content-security-policy").orElseThrow())
                .startsWith("default-src 'none'; style-src 'sha256-")
                .contains("script-src 'sha256-", "connect-src 'self'")
                .doesNotContain("unsafe");
        assertThat(page.body().replace("http://www.w3.org/2000/svg", ""))
                .doesNotContain("http:", "https:", "innerHTML", " style=", "onclick");
    }

    @Test
    void tokensHaveSharesAndOtherTextsCosines() throws Exception {
        HttpResponse<String> response = postText("""
                {"model": "minilm-acm", "budget": 0.1, "text": "Bills and debts are paid on the first day of the month.",
                 "others": ["Pay the bills.", " "]}""");

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        JsonNode answer = JSON.readTree(response.body());
        JsonNode tokens = answer.get("tokens");
        assertThat(tokens.get(0).get("text").asString()).isEqualTo("[CLS]");
        assertThat(tokens.get(0).get("special").asBoolean()).isTrue();
        assertThat(tokens.get(1).get("special").asBoolean()).isFalse();
        assertThat(StreamSupport.stream(tokens.spliterator(), false)
                        .mapToDouble(token -> token.get("share").asDouble()))
                .contains(0.0, 1.0)
                .hasSize(15);
        assertThat(answer.get("spentTime").asDouble()).isBetween(0.01, 0.9);
        assertThat(answer.get("others").get(1).isNull()).isTrue();
    }

    @Test
    void cosinesAreTheLibrarys() throws Exception {
        JsonNode answer = JSON.readTree(postText("""
                {"model": "minilm-acm", "budget": 0.1, "text": "Bills and debts are paid.", "others": ["", "Pay the bills."]}""").body());

        List<String> texts = List.of("Bills and debts are paid.", "Pay the bills.");
        try (var encoder = TextEncoder.open("minilm-acm")) {
            var least = encoder.embed(texts, Budget.of(0.1));
            var full = encoder.embed(texts);
            assertThat(answer.get("cosine").asDouble()).isEqualTo(least.get(0).cosine(full.get(0)), within(1e-6));
            JsonNode other = answer.get("others").get(1);
            assertThat(other.get("cosine").asDouble()).isEqualTo(least.get(0).cosine(least.get(1)), within(1e-6));
            assertThat(other.get("fullCosine").asDouble()).isEqualTo(full.get(0).cosine(full.get(1)), within(1e-6));
        }
    }

    /** Its layers tell nobody. */
    @Test
    void ofADenseModelAllTokensGoThroughAll() throws IOException {
        try (var encoder = TextEncoder.open("minilm-acm")) {
            assertThat(new Shading(encoder.model().encoder(), 2).shares()).containsExactly(1, 1);
        }
    }

    @Test
    void atFullBudgetAllTokensGoThroughAll() throws Exception {
        JsonNode answer = JSON.readTree(
                postText("{\"model\": \"minilm-acm\", \"budget\": 1, \"text\": \"Pay the bills.\", \"others\": []}")
                        .body());

        assertThat(StreamSupport.stream(answer.get("tokens").spliterator(), false)
                        .mapToDouble(token -> token.get("share").asDouble()))
                .hasSize(6)
                .containsOnly(1.0);
        assertThat(answer.get("cosine").asDouble()).isEqualTo(1, within(1e-6));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"budget": 1, "text": "a", "others": []}                                        | 400 | model is missing
            {"model": "none", "budget": 1, "text": "a", "others": []}                       | 404 | there is no model
            {"model": "vit-cifar10-acm", "budget": 1, "text": "a", "others": []}            | 400 | of kind images
            {"model": "minilm-acm", "text": "a", "others": []}                              | 400 | budget is missing
            {"model": "minilm-acm", "budget": "auto", "text": "a", "others": []}            | 400 | budget must be a number
            {"model": "minilm-acm", "budget": 1.1, "text": "a", "others": []}               | 400 | budget must be a number
            {"model": "minilm-acm", "budget": "half", "text": "a", "others": []}            | 400 | budget must be a number
            {"model": "minilm-acm", "budget": [1], "text": "a", "others": []}               | 400 | budget must be a number
            {"model": "minilm-acm", "budget": 1, "text": " ", "others": []}                 | 400 | text has no word
            {"model": "minilm-acm", "budget": 1, "text": 7, "others": []}                   | 400 | text must be a string
            {"model": "minilm-acm", "budget": 1, "text": "a"}                               | 400 | others is missing
            {"model": "minilm-acm", "budget": 1, "text": "a", "others": "b"}                | 400 | others must be an array
            {"model": "minilm-acm", "budget": 1, "text": "a", "others": [1,2,3,4,5,6,7,8,9]}| 400 | others must be an array
            {"model": "minilm-acm", "budget": 1, "text": "a", "others": [1]}                | 400 | others[0] must be a string
            """)
    void badTextsAreSaidInALine(String json, int status, String message) throws Exception {
        HttpResponse<String> response = postText(json);

        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(JSON.readTree(response.body()).at("/error/message").asString())
                .contains(message)
                .doesNotContain("\n", "or \"auto\"");
    }

    @ParameterizedTest
    @CsvSource({
        "/page/image?model=vit-cifar10-acm&budget=0.5, 400, image: ",
        "/page/image?budget=0.5, 400, model is missing in the query",
        "/page/image?model=vit-cifar10-acm, 400, budget is missing in the query",
        "/page/image?model=vit-cifar10-acm&budget=auto, 400, budget must be a number from 0 to 1",
        "/page/image?model=vit-cifar10-acm&budget=half, 400, budget must be a number from 0 to 1",
        "/page/image?model=minilm-acm&budget=1, 400, of kind texts"
    })
    void badImagesAreSaidInALine(String path, int status, String message) throws Exception {
        HttpResponse<String> response = send(request(path).POST(BodyPublishers.ofString("no image")));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(JSON.readTree(response.body()).at("/error/message").asString())
                .contains(message)
                .doesNotContain("\n", "Exception", "or \"auto\"");
    }

    @Test
    void theStateNamesTheModels() throws Exception {
        JsonNode state = JSON.readTree(send(request("/page/state")).body());

        assertThat(StreamSupport.stream(state.get("models").spliterator(), false)
                        .map(model -> model.get("name").asString() + " "
                                + model.get("kind").asString() + " "
                                + model.get("adaptive").asBoolean()))
                .containsExactly("minilm-acm text true", "vit-cifar10-acm image true", "small-speech speech false");
        assertThat(state.get("queue").get("waiting").asInt()).isZero();
    }
}
