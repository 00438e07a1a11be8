package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** OpenAI's endpoints over real connections. */
@ExtendWith(SharedServer.class)
class EmbeddingsTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static SharedServer.Running server;
    private static TextEncoder encoder;

    @BeforeAll
    static void open(SharedServer.Running shared) throws IOException {
        server = shared;
        encoder = TextEncoder.open("minilm-acm");
    }

    @AfterAll
    static void close() {
        encoder.close();
    }

    @ParameterizedTest
    @EnumSource
    void vectorsAreTheLibrarysBitForBit(HttpClient.Version version) throws Exception {
        HttpResponse<String> response =
                post(version, "{\"model\": \"minilm-acm@0.5\", \"input\": [\"a text\", \"another, longer text\"]}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.version()).isEqualTo(version);
        JsonNode body = JSON.readTree(response.body());
        var expected = encoder.embed(List.of("a text", "another, longer text"), Budget.of(0.5));
        for (int i = 0; i < 2; i++) {
            assertThat(floats(body.get("data").get(i).get("embedding")))
                    .containsExactly(expected.get(i).vector());
        }
        assertThat(body.get("usage").get("total_tokens").intValue())
                .isEqualTo(expected.get(0).tokens() + expected.get(1).tokens());
        assertThat(response.headers().firstValue("x-tokenwise-budget")).contains("0.5000");
        assertThat(response.headers().firstValue("x-tokenwise-spent")).isPresent();
        assertThat(response.headers().map()).doesNotContainKey("server");
    }

    @Test
    void base64IsLittleEndian() throws Exception {
        HttpResponse<String> response = post(
                HttpClient.Version.HTTP_1_1,
                "{\"model\": \"minilm-acm\", \"input\": \"a text\", \"encoding_format\": \"base64\", \"unknown\": 1}");
        String text = JSON.readTree(response.body()).at("/data/0/embedding").stringValue();
        var floats = new float[384];
        ByteBuffer.wrap(Base64.getDecoder().decode(text))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(floats);
        assertThat(floats).containsExactly(encoder.embed("a text").vector());
    }

    @Test
    void idsAreTextsToo() throws Exception {
        int[] ids = encoder.model().files().tokenizer().encode("a text").ids();
        for (String input : List.of(
                "[" + ids[0] + "," + ids[1] + "," + ids[2] + "," + ids[3] + "]", "[[" + ids[1] + "," + ids[2] + "]]")) {
            HttpResponse<String> response =
                    post(HttpClient.Version.HTTP_1_1, "{\"model\": \"minilm-acm\", \"input\": " + input + "}");
            assertThat(floats(JSON.readTree(response.body()).at("/data/0/embedding")))
                    .containsExactly(encoder.embed("a text").vector());
        }
    }

    @Test
    void theBodySaysTheBudgetThenTheNameThenTheHeader() throws Exception {
        assertThat(budget("\"minilm-acm\"", "", "0.5")).isEqualTo("0.5000");
        assertThat(budget("\"minilm-acm@0.7\"", "", "0.5")).isEqualTo("0.7000");
        assertThat(budget("\"minilm-acm\"", ",\"budget\":0.35", "0.5")).isEqualTo("0.3500");
        assertThat(budget("\"minilm-acm@0.35\"", ",\"budget\":0.35", "auto")).isEqualTo("0.3500");
        assertThat(budget("\"minilm-acm\"", ",\"budget\":\"0.7\",\"input_type\":\"passage\"", "auto"))
                .isEqualTo("0.7000");
        assertThat(Double.parseDouble(budget("\"minilm-acm@auto\"", "", "0.5"))).isBetween(0.25, 1.0);
        assertThat(budget("\"minilm-acm\"", "", "1")).isEqualTo("1.000");
    }

    private static String budget(String model, String fields, String header) throws Exception {
        HttpResponse<String> response = post(
                HttpClient.Version.HTTP_1_1,
                "{\"model\":" + model + ",\"input\":\"a text\"" + fields + "}",
                BudgetAsk.HEADER,
                header);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response.headers().firstValue(BudgetAsk.HEADER).orElseThrow();
    }

    @Test
    void whatCannotBeReadyInTimeIsNotComputed() throws Exception {
        String text = "\"" + "word ".repeat(250) + "\"";
        HttpResponse<String> response = post(
                HttpClient.Version.HTTP_1_1,
                "{\"model\":\"minilm-acm\",\"input\":[" + (text + ",").repeat(200) + text + "]}",
                Exchange.DEADLINE_HEADER,
                "5");
        assertThat(response.statusCode()).as(response.body()).isIn(429, 504);
        if (response.statusCode() == 429) {
            assertThat(response.headers().firstValueAsLong("retry-after-ms").orElseThrow())
                    .isPositive();
            assertThat(response.headers().firstValueAsLong("retry-after").orElseThrow())
                    .isPositive();
        }
    }

    @Test
    void textsThatAreCutAreTold() throws Exception {
        HttpResponse<String> response = post(
                HttpClient.Version.HTTP_1_1,
                "{\"model\":\"minilm-acm\",\"input\":[\"a\",\"" + "word ".repeat(300) + "\"]}");
        assertThat(response.headers().firstValue("x-tokenwise-truncated")).contains("1");
        assertThat(JSON.readTree(response.body()).at("/usage/prompt_tokens").intValue())
                .isEqualTo(3 + 256);
    }

    @Test
    void modelsAreListed() throws Exception {
        try (var client = HttpClient.newHttpClient()) {
            JsonNode list = JSON.readTree(
                    client.send(HttpRequest.newBuilder(uri("/v1/models")).build(), HttpResponse.BodyHandlers.ofString())
                            .body());
            assertThat(list.at("/data/0/id").stringValue()).isEqualTo("minilm-acm");
            HttpResponse<String> none = client.send(
                    HttpRequest.newBuilder(uri("/v1/models/other")).build(), HttpResponse.BodyHandlers.ofString());
            assertThat(none.statusCode()).isEqualTo(404);
            assertThat(JSON.readTree(none.body()).at("/error/code").stringValue())
                    .isEqualTo("model_not_found");
        }
    }

    private static float[] floats(JsonNode array) {
        var floats = new float[array.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = array.get(i).floatValue();
        }
        return floats;
    }

    private static URI uri(String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    private static HttpResponse<String> post(HttpClient.Version version, String body, String... headers)
            throws Exception {
        try (var client = HttpClient.newBuilder().version(version).build()) {
            // Only a request without a body can change over to HTTP/2 in clear text.
            client.send(HttpRequest.newBuilder(uri("/v1/models")).build(), HttpResponse.BodyHandlers.discarding());
            return client.send(
                    HttpRequest.newBuilder(uri("/v1/embeddings"))
                            .headers(Stream.concat(Stream.of("content-type", "application/json"), Stream.of(headers))
                                    .toArray(String[]::new))
                            .POST(HttpRequest.BodyPublishers.ofString(body))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }
}
