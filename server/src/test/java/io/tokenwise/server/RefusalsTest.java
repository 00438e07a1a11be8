package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.DeadlineException;
import io.tokenwise.server.ServerOptions.Limits;
import io.tokenwise.server.ServerOptions.Network;
import io.tokenwise.server.observe.Operation;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that are refused or hard to read: the client sees why, and nothing of them stays. Without a model. */
class RefusalsTest {
    private static final int MOST_BODY = 300_000;
    private static final String HOST = "Host: 127.0.0.1\r\n";

    /** Of time for bodies; what comes in it is no matter of this machine's speed. */
    private static final Duration ARRIVAL = Duration.ofSeconds(2);

    private static HttpService http;

    @BeforeAll
    static void start() throws IOException {
        http = HttpService.of(Network.loopback(0), limits());
        http.listen(routes(), limits(), Optional.empty(), false, request -> {
            throw new IllegalStateException("a listener that has a mistake");
        });
    }

    private static Limits limits() {
        return new Limits(MOST_BODY, 2_000_000, ARRIVAL, 10, 4096, 50, Duration.ofSeconds(30));
    }

    private static Routes routes() {
        return new Routes()
                .add("GET", "/hello", ErrorForm.OPENAI, exchange -> {
                    exchange.observe(Operation.EMBED);
                    return CompletableFuture.completedFuture(Reply.text("text/plain", "hello"));
                })
                .add(
                        "GET",
                        "/late",
                        ErrorForm.OPENAI,
                        exchange -> CompletableFuture.failedFuture(new DeadlineException("too late")))
                .add(
                        "POST",
                        "/json",
                        ErrorForm.OPENAI,
                        exchange -> exchange.json().thenApply(fields -> Reply.json(fields.json())))
                .add(
                        "POST",
                        "/size",
                        ErrorForm.OPENAI,
                        exchange -> exchange.body(1_000_000).thenApply(body -> Reply.json(Map.of("size", body.length))))
                .add(
                        "POST",
                        "/form",
                        ErrorForm.OPENAI,
                        exchange -> exchange.form(MOST_BODY).thenApply(parts -> {
                            parts.close();
                            return Reply.json(Map.of("parts", parts.size()));
                        }));
    }

    @AfterAll
    static void stop() {
        http.close(Duration.ZERO);
    }

    private static String ask(String request) throws IOException {
        try (var client = new RawClient(http.port())) {
            return client.send(request).response();
        }
    }

    private static String get(String headers) {
        return "GET /hello HTTP/1.1\r\n" + headers + "\r\n";
    }

    private static String post(String path, String headers, String body) {
        return "POST " + path + " HTTP/1.1\r\n" + HOST + headers + "\r\n" + body;
    }

    private static URI address(String path) {
        return URI.create("http://127.0.0.1:" + http.port() + path);
    }

    @ParameterizedTest
    @EnumSource
    void whoStillSendsSeesTheRefusal(HttpClient.Version version) throws Exception {
        try (HttpClient client = HttpClient.newBuilder().version(version).build()) {
            // Only what follows the first request is HTTP/2 from its beginning.
            send(client, HttpRequest.newBuilder(address("/hello")).build());
            for (int i = 0; i < 5; i++) {
                assertThat(refused(client, version, "/json", "text/plain")).isEqualTo(415);
                assertThat(refused(client, version, "/json", "application/json"))
                        .isEqualTo(413);
                assertThat(refused(client, version, "/form", "multipart/form-data; boundary=x"))
                        .isEqualTo(413);
                assertThat(refused(client, version, "/hello", "text/plain")).isEqualTo(405);
                assertThat(refused(client, version, "/nothing", "text/plain")).isEqualTo(404);
            }
        }
    }

    private static int refused(HttpClient client, HttpClient.Version version, String path, String type)
            throws Exception {
        HttpResponse<String> response = send(
                client,
                HttpRequest.newBuilder(address(path))
                        .header("Content-Type", type)
                        .POST(BodyPublishers.ofByteArray(new byte[3_000_000]))
                        .build());
        assertThat(response.version()).isEqualTo(version);
        assertThat(response.body()).contains("\"error\"");
        return response.statusCode();
    }

    private static HttpResponse<String> send(HttpClient client, HttpRequest request) throws Exception {
        return client.send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void whatIsTooLateIsNotAskedForAgain() throws IOException {
        assertThat(ask("GET /late HTTP/1.1\r\n" + HOST + "\r\n"))
                .startsWith("HTTP/1.1 504")
                .containsIgnoringCase("x-should-retry: false");
    }

    @Test
    void theConnectionOfARefusedRequestGoesOn() throws IOException {
        try (var client = new RawClient(http.port())) {
            client.send(post("/json", "Content-Type: text/plain\r\nContent-Length: 10\r\n", "01234"));
            assertThat(RawClient.status(client.response())).isEqualTo(415);
            client.send("56789").send(get(HOST));
            assertThat(client.response()).endsWith("hello");
        }
    }

    @Test
    void bodiesMayComeInVerySmallPieces() throws Exception {
        int pieces = 100_000;
        String chunked = post("/size", "Transfer-Encoding: chunked\r\n", "1\r\na\r\n".repeat(pieces) + "0\r\n\r\n");
        // More of them than there is room for, if any stayed.
        for (int i = 0; i < 25; i++) {
            assertThat(ask(chunked)).endsWith("{\"size\":" + pieces + "}");
        }
        // The client may have its answer a moment before it counts as given.
        http.state().awaitIdle(Duration.ofSeconds(20));
        assertThat(http.state().running()).isZero();
    }

    @Test
    void aFormWhoseLengthNobodySaidIsCutOffToo() throws IOException {
        String part = "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a\"\r\n\r\n";
        String large = part + "a".repeat(MOST_BODY);
        String refused = ask(post(
                "/form",
                "Content-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked\r\n",
                Integer.toHexString(large.length()) + "\r\n" + large + "\r\n"));
        assertThat(refused).startsWith("HTTP/1.1 413").contains("larger than " + MOST_BODY + " bytes");
    }

    @Test
    void formsAreBoundedTogetherToo() throws IOException {
        String part = "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a\"\r\n\r\n";
        String body = part + "a".repeat(200_000);
        String headers = "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 250000\r\n";
        var clients = new RawClient[11];
        for (int i = 0; i < clients.length; i++) {
            clients[i] = new RawClient(http.port());
            clients[i].send(post("/form", headers, body));
        }
        int full = 0;
        for (RawClient client : clients) {
            full += RawClient.status(client.response()) == 503 ? 1 : 0;
            client.close();
        }
        assertThat(full).isPositive();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void ofAFormThatDoesNotEndNoFileStays(boolean leaves, @TempDir Path folder) throws Exception {
        String temporary = System.setProperty("java.io.tmpdir", folder.toString());
        String head = "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a\"\r\n\r\n";
        try (var client = new RawClient(http.port())) {
            client.send(post(
                    "/form",
                    "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 250000\r\n",
                    head + "a".repeat(200_000)));
            awaitFiles(folder, 1);
            if (!leaves) {
                assertThat(RawClient.status(client.response())).isEqualTo(408);
                awaitFiles(folder, 0);
            }
        } finally {
            System.setProperty("java.io.tmpdir", temporary);
        }
        awaitFiles(folder, 0);
    }

    private static void awaitFiles(Path folder, int count) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (files(folder) != count && System.nanoTime() < end) {
            Thread.sleep(10);
        }
        assertThat(files(folder)).isEqualTo(count);
    }

    private static int files(Path folder) {
        return folder.toFile().list().length;
    }

    @Test
    void largeBodiesHaveMoreTimeAsLongAsTheyCome() throws Exception {
        String half = "a".repeat(400_000);
        try (var client = new RawClient(http.port())) {
            client.send(post("/size", "Content-Length: 800000\r\n", half));
            Thread.sleep(ARRIVAL.plusMillis(500));
            assertThat(client.send(half).response()).endsWith("{\"size\":800000}");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "localhost:80, , 200",
        "[::1], , 200",
        "127.0.0.1:9, , 200",
        "page.localhost, , 200",
        // A name that its owner has resolved to loopback.
        "evil.example, , 403",
        "127.0.0.1.evil.example, , 403",
        "127.0.0.1:1, http://127.0.0.1:1, 200",
        "127.0.0.1:1, http://127.0.0.1:2, 403",
        "localhost, https://evil.example, 403",
        "localhost, null, 403",
        "localhost, chrome-extension://abc, 200"
    })
    void pagesOfOthersMayNotCall(String host, String origin, int status) throws IOException {
        String from = origin == null ? "" : "Origin: " + origin + "\r\n";
        assertThat(RawClient.status(ask(get("Host: " + host + "\r\n" + from)))).isEqualTo(status);
    }

    @Test
    void whereAnybodyMayCallPagesMayToo() throws IOException {
        var insecure = Network.loopback(0).withInsecure(true);
        HttpService open = HttpService.of(insecure, limits());
        open.listen(routes(), limits(), Optional.empty(), false, request -> {});
        try (var client = new RawClient(open.port())) {
            client.send(get("Host: proxy.example\r\nOrigin: https://proxy.example\r\n"));
            assertThat(client.response()).endsWith("hello");
        } finally {
            open.close(Duration.ZERO);
        }
    }
}
