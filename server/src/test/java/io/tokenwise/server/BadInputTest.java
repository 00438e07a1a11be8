package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every field of a request for vectors wrong in type, range, size and encoding: a line in OpenAI's form, the connection usable, the server unharmed. */
@ExtendWith(SharedServer.class)
class BadInputTest {
    private static final JsonMapper JSON = new JsonMapper();

    private static int port;

    @BeforeAll
    static void start(SharedServer.Running server) {
        port = server.port();
    }

    private static Arguments of(String body, int status, String param, String message) {
        return Arguments.of(body, status, param, message);
    }

    /** A request that is good but for some fields. */
    private static Arguments field(String fields, String param, String message) {
        return of("{\"model\":\"minilm-acm\"," + fields + "}", 400, param, message);
    }

    static Stream<Arguments> bodies() {
        return Stream.of(
                of("", 400, null, "empty"),
                of(" \n", 400, null, "empty"),
                of("nonsense", 400, null, "no JSON"),
                of("{\"model\":", 400, null, "no JSON"),
                of("{\"model\":\"minilm-acm\"} {}", 400, null, "no JSON"),
                of("{'model':'minilm-acm'}", 400, null, "no JSON"),
                of("{\"model\":\"minilm-acm\",\"input\":NaN}", 400, null, "no JSON"),
                of("{\"model\":\"minilm-acm\",\"input\":\"\u0001\"}", 400, null, "no JSON"),
                of("\u00ef\u00bb\u00bf", 400, null, "no JSON"),
                of("[]", 400, null, "JSON object, is an array"),
                of("null", 400, null, "JSON object, is null"),
                of("\"text\"", 400, null, "JSON object, is a string"),
                of("1", 400, null, "JSON object, is a number"),
                of("[".repeat(100_000), 400, null, "limits"),
                of("{\"a\":".repeat(50) + "1" + "}".repeat(50), 400, null, "limits"),
                of("{\"model\":\"minilm-acm\",\"input\":1" + "0".repeat(500) + "}", 400, null, "limits"),
                of("{\"a\":1,\"a\":1}", 400, null, "twice in one object"),
                of("{\"input\":\"a\",\"model\":\"minilm-acm\",\"model\":\"other\"}", 400, null, "twice in one object"),
                of("{\"input\":\"a\"}", 400, "model", "model is missing"),
                of("{\"model\":null,\"input\":\"a\"}", 400, "model", "model is missing"),
                of("{\"model\":1,\"input\":\"a\"}", 400, "model", "a string, is a number"),
                of("{\"model\":[\"minilm-acm\"],\"input\":\"a\"}", 400, "model", "a string, is an array"),
                of("{\"model\":\"\",\"input\":\"a\"}", 404, "model", "no model of this name"),
                of("{\"model\":\"minilm\",\"input\":\"a\"}", 404, "model", "no model of this name"),
                of("{\"model\":\"../minilm-acm\",\"input\":\"a\"}", 404, "model", "no model of this name"),
                of("{\"model\":\"minilm@0.5\",\"input\":\"a\"}", 404, "model", "no model of this name"),
                of("{\"model\":\"minilm-acm@\",\"input\":\"a\"}", 400, "model", "behind the model's @ must be"),
                of("{\"model\":\"minilm-acm@1.5\",\"input\":\"a\"}", 400, "model", "behind the model's @ must be"),
                of("{\"model\":\"minilm-acm@half\",\"input\":\"a\"}", 400, "model", "behind the model's @ must be"),
                of("{\"model\":\"minilm-acm@0.5f\",\"input\":\"a\"}", 400, "model", "behind the model's @ must be"),
                of("{\"model\":\"minilm-acm@NaN\",\"input\":\"a\"}", 400, "model", "behind the model's @ must be"),
                field("\"x\":1", "input", "input is missing"),
                field("\"input\":null", "input", "input is missing"),
                field("\"input\":true", "input", "input is a boolean"),
                field("\"input\":1", "input", "input is a number"),
                field("\"input\":{}", "input", "input is an object"),
                field("\"input\":\"\"", "input", "empty string"),
                field("\"input\":[]", "input", "empty array"),
                field("\"input\":[[]]", "input[0]", "empty array"),
                field("\"input\":[\"a\",\"\"]", "input[1]", "empty string"),
                field("\"input\":[\"a\",1]", "input[1]", "is a number"),
                field("\"input\":[\"a\",null]", "input[1]", "is null"),
                field("\"input\":[null]", "input[0]", "is null"),
                field("\"input\":[1,\"a\"]", "input[1]", "a token id"),
                field("\"input\":[[1],\"a\"]", "input[1]", "an array of token ids, is a string"),
                field("\"input\":[[1,[2]]]", "input[0][1]", "a token id"),
                field("\"input\":[-1]", "input[0]", "from 0 to 30521"),
                field("\"input\":[30522]", "input[0]", "from 0 to 30521"),
                field("\"input\":[1.5]", "input[0]", "a token id"),
                field("\"input\":[1e999]", "input[0]", "a token id"),
                field("\"input\":[9999999999999]", "input[0]", "a token id"),
                field("\"input\":[" + "5,".repeat(300) + "5]", "input", "reads 254 at most"),
                field("\"input\":[" + "\"a\",".repeat(2048) + "\"a\"]", "input", "at most 2048"),
                field("\"input\":\"\\ud83d\"", "input", "surrogate"),
                field("\"input\":[\"a\",\"x\\ude00\"]", "input[1]", "surrogate"),
                field("\"input\":\"a\",\"encoding_format\":\"hex\"", "encoding_format", "float or base64"),
                field(
                        "\"input\":\"a\",\"encoding_format\":[\"base64\",\"base64\"]",
                        "encoding_format",
                        "a string, is an array"),
                of(
                        "{\"model\":\"minilm-acm\",\"input\":\"a\",\"encoding_format\":\"base64\",\"encoding_format\":\"base64\"}",
                        400,
                        null,
                        "twice"),
                field("\"input\":\"a\",\"dimensions\":383", "dimensions", "384 or left out"),
                field("\"input\":\"a\",\"dimensions\":\"384\"", "dimensions", "whole number"),
                field("\"input\":\"a\",\"dimensions\":384.5", "dimensions", "whole number"),
                field("\"input\":\"a\",\"dimensions\":99999999999", "dimensions", "whole number"),
                field("\"input\":\"a\",\"user\":1", "user", "a string, is a number"),
                field("\"input\":\"a\",\"input_type\":\"document\"", "input_type", "query or passage"),
                field("\"input\":\"a\",\"budget\":-0.1", "budget", "from 0 to 1"),
                field("\"input\":\"a\",\"budget\":1.0001", "budget", "from 0 to 1"),
                field("\"input\":\"a\",\"budget\":1e999", "budget", "from 0 to 1"),
                field("\"input\":\"a\",\"budget\":\"fast\"", "budget", "from 0 to 1"),
                field("\"input\":\"a\",\"budget\":true", "budget", "from 0 to 1"),
                field(
                        "\"input\":\"a\",\"budget\":\"auto\",\"input_type\":\"passage\"",
                        "budget",
                        "must not depend on load"),
                of("{\"model\":\"minilm-acm@0.5\",\"input\":\"a\",\"budget\":0.7}", 400, "budget", "give one of them"));
    }

    @ParameterizedTest
    @MethodSource("bodies")
    void isToldInOneLine(String body, int status, String param, String message) throws IOException {
        try (var client = new RawClient(port)) {
            assertError(client.send(post("", body)).response(), status, param, message);
            // The same connection goes on.
            String good = client.send(post("", "{\"model\":\"minilm-acm\",\"input\":\"a\"}"))
                    .response();
            assertThat(RawClient.status(good)).as(good).isEqualTo(200);
        }
    }

    static Stream<Arguments> headers() {
        return Stream.of(
                Arguments.of("x-tokenwise-budget: 2", "x-tokenwise-budget"),
                Arguments.of("x-tokenwise-budget: much", "x-tokenwise-budget"),
                Arguments.of("x-tokenwise-deadline-ms: soon", "x-tokenwise-deadline-ms"),
                Arguments.of("x-tokenwise-deadline-ms: 0", "x-tokenwise-deadline-ms"),
                Arguments.of("x-tokenwise-deadline-ms: -5", "x-tokenwise-deadline-ms"),
                Arguments.of("x-tokenwise-deadline-ms: 999999999999", "x-tokenwise-deadline-ms"));
    }

    @ParameterizedTest
    @MethodSource("headers")
    void headersAreFieldsToo(String header, String name) throws IOException {
        try (var client = new RawClient(port)) {
            String response = client.send(post(header + "\r\n", "{\"model\":\"minilm-acm\",\"input\":\"a\"}"))
                    .response();
            assertError(response, 400, name, name + " must be");
        }
    }

    /** Which of two would count, and what is packed, nobody is left to guess. */
    @Test
    void aHeaderThatIsThereTwiceAndABodyThatIsPackedAreRefused() throws IOException {
        String body = "{\"model\":\"minilm-acm\",\"input\":\"a\"}";
        for (String name : List.of("x-tokenwise-budget", "x-tokenwise-deadline-ms")) {
            try (var client = new RawClient(port)) {
                String twice = name + ": 1\r\n" + name + ": 1\r\n";
                assertError(
                        client.send(post(twice, body)).response(), 400, name, name + " is there 2 times: send it once");
            }
        }
        try (var client = new RawClient(port)) {
            String packed = "Content-Encoding: gzip\r\n";
            String plain = "Content-Encoding: identity\r\n";
            for (String headers : List.of(packed, plain + packed)) {
                assertError(client.send(post(headers, body)).response(), 415, null, "without Content-Encoding");
            }
            assertThat(RawClient.status(client.send(post(plain, body)).response()))
                    .isEqualTo(200);
        }
    }

    static Stream<Arguments> notUtf8() {
        return Stream.of(
                Arguments.of("ff"),
                Arguments.of("c080"),
                Arguments.of("eda080"),
                Arguments.of("f8888080"),
                Arguments.of("e282"));
    }

    @ParameterizedTest
    @MethodSource("notUtf8")
    void textsAreUtf8(String hex) throws IOException {
        String bad = new String(HexFormat.of().parseHex(hex), StandardCharsets.ISO_8859_1);
        try (var client = new RawClient(port)) {
            String response = client.send(post("", "{\"model\":\"minilm-acm\",\"input\":\"" + bad + "\"}"))
                    .response();
            assertError(response, 400, null, "not UTF-8");
        }
    }

    @ParameterizedTest
    @MethodSource("fineThings")
    void whatClientsSendBesideIsIgnored(String fields) throws IOException {
        try (var client = new RawClient(port)) {
            String response = client.send(post("", "{\"model\":\"minilm-acm\"," + fields + "}"))
                    .response();
            assertThat(RawClient.status(response)).as(response).isEqualTo(200);
        }
    }

    static Stream<Arguments> fineThings() {
        return Stream.of(
                Arguments.of("\"input\":\"a\",\"unknown\":{\"x\":[1e999]},\"user\":\"me\",\"dimensions\":384"),
                Arguments.of("\"input\":\"a\",\"encoding_format\":null,\"dimensions\":null,\"budget\":null"),
                Arguments.of("\"input\":\"\\u0000\\ud83d\\ude00\""),
                Arguments.of("\"input\":\" \""),
                Arguments.of("\"input\":\"" + "a ".repeat(100_000) + "\""),
                Arguments.of("\"input\":[\"a\",\"b\"],\"budget\":\"auto\",\"input_type\":\"query\""),
                Arguments.of("\"input\":\"a\",\"budget\":0"));
    }

    private static String post(String headers, String body) {
        return "POST /v1/embeddings HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n" + headers
                + "Content-Length: " + body.length() + "\r\n\r\n" + body;
    }

    private static void assertError(String response, int status, String param, String message) {
        assertThat(RawClient.status(response)).as(response).isEqualTo(status);
        JsonNode error = JSON.readTree(response.substring(response.indexOf("\r\n\r\n") + 4))
                .get("error");
        assertThat(error.get("message").stringValue())
                .contains(message)
                .doesNotContain("\n", "Exception", "tools.jackson", "io.tokenwise", "/work", "java");
        assertThat(error.get("type").stringValue()).isEqualTo("invalid_request_error");
        assertThat(error.get("param").isNull() ? null : error.get("param").stringValue())
                .isEqualTo(param);
        assertThat(error.has("code")).isTrue();
    }
}
