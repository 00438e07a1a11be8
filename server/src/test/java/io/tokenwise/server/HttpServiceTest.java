package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.server.ServerOptions.Limits;
import io.tokenwise.server.ServerOptions.Network;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What comes over the wire, good and bad, byte by byte; without a model. */
class HttpServiceTest {
    private static final String HOST = "Host: 127.0.0.1\r\n";
    private static final int MOST_BODY = 1000;

    private static final BlockingQueue<CompletableFuture<Reply>> WAITING = new LinkedBlockingQueue<>();
    private static HttpService http;

    @BeforeAll
    static void start() throws IOException {
        http = started(new Limits(MOST_BODY, 10_000, Duration.ofSeconds(10), 10, 4096, 50, Duration.ofSeconds(30)));
    }

    private static HttpService started(Limits limits) throws IOException {
        HttpService service = HttpService.of(Network.loopback(0), limits);
        Routes routes = new Routes()
                .add("GET", "/hello", ErrorForm.OPENAI, exchange -> done("hello"))
                .add(
                        "POST",
                        "/size",
                        ErrorForm.OPENAI,
                        exchange -> exchange.body(limits.bodyBytes())
                                .thenApply(body -> Reply.json(Map.of("size", body.length))))
                .add(
                        "POST",
                        "/json",
                        ErrorForm.OPENAI,
                        exchange -> exchange.json().thenApply(fields -> Reply.json(fields.json())))
                .add(
                        "GET",
                        "/fails",
                        ErrorForm.OPENAI,
                        exchange -> CompletableFuture.failedFuture(new IllegalStateException("/secret/path is bad")))
                .add("GET", "/waits", ErrorForm.OPENAI, HttpServiceTest::answerLater)
                .add(
                        "POST",
                        "/holds",
                        ErrorForm.OPENAI,
                        exchange -> exchange.body(limits.bodyBytes()).thenCompose(body -> answerLater(exchange)));
        service.listen(routes, limits, Optional.empty(), false, request -> {});
        return service;
    }

    private static CompletableFuture<Reply> answerLater(Exchange exchange) {
        var answer = new CompletableFuture<Reply>();
        exchange.cancelWhenGone(answer);
        WAITING.add(answer);
        return answer;
    }

    private static CompletableFuture<Reply> done(String text) {
        return CompletableFuture.completedFuture(Reply.text("text/plain", text));
    }

    @AfterAll
    static void stop() {
        http.close(Duration.ZERO);
    }

    private static RawClient client() throws IOException {
        return new RawClient(http.port());
    }

    private static String ask(String request) throws IOException {
        try (RawClient client = client()) {
            return client.send(request).response();
        }
    }

    private static String get(String path) {
        return "GET " + path + " HTTP/1.1\r\n" + HOST + "\r\n";
    }

    private static String post(String path, String headers, String body) {
        return "POST " + path + " HTTP/1.1\r\n" + HOST + headers + "\r\n" + body;
    }

    static Stream<Arguments> notHttp() {
        String chunked = "Transfer-Encoding: chunked\r\n";
        return Stream.of(
                Arguments.of("length and chunks", 400, post("/size", "Content-Length: 5\r\n" + chunked, "0\r\n\r\n")),
                Arguments.of("chunks and length", 400, post("/size", chunked + "Content-Length: 5\r\n", "0\r\n\r\n")),
                Arguments.of("two lengths", 400, post("/size", "Content-Length: 5\r\nContent-Length: 6\r\n", "abcdef")),
                Arguments.of(
                        "one length twice", 400, post("/size", "Content-Length: 5\r\nContent-Length: 5\r\n", "abcde")),
                Arguments.of("lengths in a list", 400, post("/size", "Content-Length: 5, 5\r\n", "abcde")),
                Arguments.of("negative length", 400, post("/size", "Content-Length: -5\r\n", "abcde")),
                Arguments.of("length with plus", 400, post("/size", "Content-Length: +5\r\n", "abcde")),
                Arguments.of("huge length", 400, post("/size", "Content-Length: 99999999999999999999\r\n", "abcde")),
                Arguments.of(
                        "chunked twice", 400, post("/size", "Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n")),
                Arguments.of(
                        "chunked, then not",
                        400,
                        post("/size", "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")),
                Arguments.of("another coding", 400, post("/size", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")),
                Arguments.of("garbage for a chunk", 400, post("/size", chunked, "zz\r\nabc\r\n0\r\n\r\n")),
                Arguments.of("a chunk that is longer", 400, post("/size", chunked, "2\r\nabcd\r\n0\r\n\r\n")),
                Arguments.of("a huge chunk", 400, post("/size", chunked, "fffffffffffffffff\r\nabcd\r\n0\r\n\r\n")),
                Arguments.of("chunks that end lines by LF", 400, post("/size", chunked, "2\nab\n0\n\n")),
                Arguments.of("lines that end by LF", 400, "GET /hello HTTP/1.1\nHost: 127.0.0.1\n\n"),
                Arguments.of("a folded header", 400, "GET /hello HTTP/1.1\r\n" + HOST + "X: a\r\n b\r\n\r\n"),
                Arguments.of("a blank before the colon", 400, post("/size", "Content-Length : 5\r\n", "abcde")),
                Arguments.of("a header without name", 400, "GET /hello HTTP/1.1\r\n" + HOST + ": a\r\n\r\n"),
                Arguments.of("a NUL", 400, "GET /hello HTTP/1.1\r\n" + HOST + "X: a\0b\r\n\r\n"),
                Arguments.of("no host", 400, "GET /hello HTTP/1.1\r\n\r\n"),
                Arguments.of("two hosts", 400, "GET /hello HTTP/1.1\r\n" + HOST + "Host: b\r\n\r\n"),
                Arguments.of("another host in the line", 400, "GET http://other/hello HTTP/1.1\r\n" + HOST + "\r\n"),
                Arguments.of("no version", 505, "GET /hello\r\n\r\n"),
                Arguments.of("another version", 505, "GET /hello HTTP/3.7\r\n" + HOST + "\r\n"),
                Arguments.of("not HTTP at all", 400, "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\r\n\r\n"),
                Arguments.of("an encoded slash", 400, get("/v1%2fmodels")),
                Arguments.of("an encoded NUL", 400, get("/hello%00")),
                Arguments.of("a bad escape", 400, get("/hello%zz")),
                Arguments.of(
                        "large headers", 431, "GET /hello HTTP/1.1\r\n" + HOST + "X: " + "a".repeat(5000) + "\r\n\r\n"),
                Arguments.of("a long line", 414, get("/hello?" + "a".repeat(5000))),
                Arguments.of("an expectation", 417, post("/size", "Expect: miracles\r\nContent-Length: 1\r\n", "a")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("notHttp")
    void whatIsNoHttpIsRefusedAndTheConnectionClosed(String name, int status, String request) throws IOException {
        try (RawClient client = client()) {
            // What follows must not be taken for a request.
            String response = client.send(request).send(get("/hello")).response();
            assertThat(RawClient.status(response)).as(response).isEqualTo(status);
            assertThat(response).doesNotContainIgnoringCase("jetty").doesNotContain("Exception", "java", "at org");
            assertThat(client.isClosed()).as("closed after " + response).isTrue();
        }
        assertThat(ask(get("/hello"))).endsWith("hello");
    }

    @Test
    void whatIsWrittenBehindOneAnotherIsAnsweredInTurn() throws IOException {
        try (RawClient client = client()) {
            client.send(
                    get("/hello") + post("/size", "Content-Length: 3\r\n", "abc") + get("/nothing") + get("/hello"));
            assertThat(client.response()).endsWith("hello");
            assertThat(client.response()).endsWith("{\"size\":3}");
            assertThat(RawClient.status(client.response())).isEqualTo(404);
            assertThat(client.response()).endsWith("hello");
        }
    }

    @Test
    void whoAsksWhetherToGoOnIsTold() throws IOException {
        try (RawClient client = client()) {
            client.send(post("/size", "Expect: 100-continue\r\nContent-Length: 3\r\n", ""));
            assertThat(RawClient.status(client.response())).isEqualTo(100);
            assertThat(client.send("abc").response()).endsWith("{\"size\":3}");
            client.send(post("/size", "Expect: 100-continue\r\nContent-Length: 3000\r\n", ""));
            assertThat(RawClient.status(client.response())).isEqualTo(413);
        }
    }

    @Test
    void theWholeAddressMayStandInTheLine() throws IOException {
        assertThat(ask("GET http://127.0.0.1/hello HTTP/1.1\r\n" + HOST + "\r\n"))
                .endsWith("hello");
    }

    @Test
    void largeBodiesAreCutOff() throws IOException {
        String told = ask(post("/size", "Content-Length: 1001\r\n", "a".repeat(500)));
        assertThat(RawClient.status(told)).isEqualTo(413);
        assertThat(told).contains("larger than 1000 bytes");
        String endless =
                ask(post("/size", "Transfer-Encoding: chunked\r\n", ("200\r\n" + "a".repeat(512) + "\r\n").repeat(2)));
        assertThat(RawClient.status(endless)).isEqualTo(413);
        assertThat(ask(post("/size", "Content-Length: 1000\r\n", "a".repeat(1000))))
                .endsWith("{\"size\":1000}");
    }

    @Test
    void allBodiesTogetherAreBounded() throws Exception {
        String body = post("/holds", "Content-Length: 1000\r\n", "a".repeat(1000));
        var clients = new ArrayList<RawClient>();
        var answers = new ArrayList<CompletableFuture<Reply>>();
        for (int i = 0; i < 10; i++) {
            clients.add(client().send(body));
            answers.add(WAITING.take());
        }
        String refused = ask(body);
        assertThat(RawClient.status(refused)).isEqualTo(503);
        assertThat(refused).contains("retry-after");
        for (int i = 0; i < 10; i++) {
            answers.get(i).complete(Reply.text("text/plain", "held"));
            assertThat(clients.get(i).response()).endsWith("held");
            clients.get(i).close();
        }
        assertThat(ask(post("/size", "Content-Length: 1000\r\n", "a".repeat(1000))))
                .endsWith("{\"size\":1000}");
    }

    @Test
    void slowSendersAreCutOff() throws IOException {
        HttpService fast =
                started(new Limits(MOST_BODY, 10_000, Duration.ofMillis(300), 10, 4096, 50, Duration.ofSeconds(30)));
        try (var head = new RawClient(fast.port());
                var body = new RawClient(fast.port());
                var good = new RawClient(fast.port())) {
            head.send("GET /hello HTTP/1.1\r\nHo");
            body.send(post("/size", "Content-Length: 3\r\n", "a"));
            assertThat(RawClient.status(body.response())).isEqualTo(408);
            assertThat(body.isClosed()).isTrue();
            assertThat(head.isClosed()).isTrue();
            assertThat(good.send(get("/hello")).response()).endsWith("hello");
        } finally {
            fast.close(Duration.ZERO);
        }
    }

    @Test
    void whatIsComputedForAClientThatGoesIsCancelled() throws Exception {
        RawClient client = client();
        client.send(get("/waits"));
        CompletableFuture<Reply> answer = WAITING.take();
        assertThat(answer.isDone()).isFalse();
        client.close();
        assertThatThrownBy(() -> answer.get(20, TimeUnit.SECONDS)).isInstanceOf(CancellationException.class);
    }

    @Test
    void aClientThatSendsItsNextRequestWhileItWaitsHasNotGone() throws Exception {
        try (RawClient client = client()) {
            client.send(get("/waits"));
            CompletableFuture<Reply> answer = WAITING.take();
            client.send(get("/hello"));
            // Longer than the server takes to look.
            Thread.sleep(200);
            answer.complete(Reply.text("text/plain", "at last"));
            assertThat(client.response()).endsWith("at last");
            assertThat(client.response()).endsWith("hello");
        }
    }

    @Test
    void failuresOfOursAreToldInGeneralWords() throws IOException {
        String response = ask(get("/fails"));
        assertThat(RawClient.status(response)).isEqualTo(500);
        assertThat(response).contains("server_error").doesNotContain("secret", "IllegalState");
    }

    @Test
    void pathsAndMethodsThatAreNotThereAreTold() throws IOException {
        assertThat(RawClient.status(ask(get("/hell")))).isEqualTo(404);
        assertThat(RawClient.status(ask(get("/hello/../size/")))).isEqualTo(404);
        assertThat(RawClient.status(ask(get("//hello")))).isIn(400, 404);
        String other = ask(post("/hello", "Content-Length: 0\r\n", ""));
        assertThat(RawClient.status(other)).isEqualTo(405);
        assertThat(other).contains("Allow: GET");
        assertThat(RawClient.status(ask("TRACE /hello HTTP/1.1\r\n" + HOST + "\r\n")))
                .isEqualTo(405);
        assertThat(RawClient.status(ask("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n")))
                .isIn(400, 404, 405);
        assertThat(RawClient.status(ask("OPTIONS * HTTP/1.1\r\n" + HOST + "\r\n")))
                .isIn(400, 404);
    }

    @Test
    void jsonMustBeCalledSo() throws IOException {
        assertThat(RawClient.status(ask(post("/json", "Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}"))))
                .isEqualTo(415);
        assertThat(ask(post("/json", "Content-Type: application/json; charset=utf-8\r\nContent-Length: 2\r\n", "{}")))
                .endsWith("{}");
    }
}
