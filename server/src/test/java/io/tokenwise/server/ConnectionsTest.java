package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.server.ServerOptions.Limits;
import io.tokenwise.server.ServerOptions.Network;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Clients that do nothing wrong keep their connections and get their answers, however long we take, and whatever others do. Without a model. */
class ConnectionsTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final String HOST = "Host: 127.0.0.1\r\n";

    /** More than systems keep for a client that does not read. */
    private static final int LARGE = 8 << 20;

    private static final String HELLO = "GET /hello HTTP/1.1\r\n" + HOST + "\r\n";

    private final WaitingRoute waiting = new WaitingRoute();
    private final CountDownLatch gate = new CountDownLatch(1);
    private final CountDownLatch entered = new CountDownLatch(1);
    private HttpService http;

    private void start(Duration arrival, int connections, Duration idle) throws IOException {
        var limits = new Limits(100_000, 1_000_000, arrival, 10, 4096, connections, idle);
        http = HttpService.of(Network.loopback(0), limits);
        Routes routes = new Routes()
                .add(
                        "GET",
                        "/hello",
                        ErrorForm.OPENAI,
                        exchange -> CompletableFuture.completedFuture(Reply.text("text/plain", "hello")))
                .add("GET", "/waits", ErrorForm.OPENAI, waiting)
                .add(
                        "GET",
                        "/large",
                        ErrorForm.OPENAI,
                        exchange -> CompletableFuture.completedFuture(Reply.text("text/plain", "a".repeat(LARGE))))
                .add(
                        "GET",
                        "/mistake",
                        ErrorForm.OPENAI,
                        exchange -> CompletableFuture.completedFuture(new Reply(200, "text/plain", new byte[0], null)))
                .add(
                        "POST",
                        "/computes",
                        ErrorForm.OPENAI,
                        exchange -> exchange.json().thenApply(fields -> {
                            entered.countDown();
                            await(gate);
                            return Reply.json(fields.json().size());
                        }));
        http.listen(routes, limits, Optional.empty(), false, request -> {});
    }

    @AfterEach
    void stop() {
        gate.countDown();
        http.close(Duration.ZERO);
    }

    /** Of other tests of the server too. */
    static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private HttpRequest get(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + http.port() + path))
                .build();
    }

    @ParameterizedTest
    @EnumSource
    void anAnswerMayTakeLongerThanAConnectionMayBeIdle(HttpClient.Version version) throws Exception {
        start(LONG, 50, Duration.ofMillis(200));
        try (HttpClient client = HttpClient.newBuilder().version(version).build()) {
            client.send(get("/hello"), HttpResponse.BodyHandlers.ofString());
            var response = client.sendAsync(get("/waits"), HttpResponse.BodyHandlers.ofString());
            CompletableFuture<Reply> answer = waiting.asked();
            Thread.sleep(1_000);
            assertThat(answer.isDone()).isFalse();
            answer.complete(Reply.text("text/plain", "at last"));
            assertThat(response.get(20, TimeUnit.SECONDS).body()).isEqualTo("at last");
            assertThat(response.get().version()).isEqualTo(version);
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsComputedForAClientThatCancelsIsCancelled(HttpClient.Version version) throws Exception {
        start(LONG, 50, LONG);
        try (HttpClient client = HttpClient.newBuilder().version(version).build()) {
            client.send(get("/hello"), HttpResponse.BodyHandlers.ofString());
            var response = client.sendAsync(get("/waits"), HttpResponse.BodyHandlers.ofString());
            CompletableFuture<Reply> answer = waiting.asked();
            response.cancel(true);
            assertThatThrownBy(() -> answer.get(20, TimeUnit.SECONDS)).isInstanceOf(CancellationException.class);
            http.state().awaitIdle(Duration.ofSeconds(20));
            assertThat(http.state().running()).isZero();
        }
    }

    @Test
    void aRefusalDoesNotStartTheClockForTheNextRequest() throws Exception {
        start(Duration.ofMillis(100), 50, LONG);
        try (var client = new RawClient(http.port())) {
            assertThat(RawClient.status(
                            client.send("GET /no HTTP/1.1\r\n" + HOST + "\r\n").response()))
                    .isEqualTo(404);
            Thread.sleep(1_000);
            assertThat(client.send(HELLO).response()).endsWith("hello");
            Thread.sleep(1_000);
            assertThat(client.send(HELLO).response()).endsWith("hello");
        }
    }

    @Test
    void connectionsBeyondTheLimitWait() throws IOException {
        start(LONG, 1, LONG);
        var waits = new ArrayList<Socket>();
        try {
            try (var first = new RawClient(http.port())) {
                assertThat(first.send(HELLO).response()).endsWith("hello");
                // More than Java lets wait if it is told no number.
                for (int i = 0; i < 100; i++) {
                    var socket = new Socket();
                    waits.add(socket);
                    socket.connect(new InetSocketAddress("127.0.0.1", http.port()), 10_000);
                }
            }
            Socket next = waits.getFirst();
            next.setSoTimeout(20_000);
            next.getOutputStream().write(HELLO.getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(next.getInputStream().readNBytes(12), StandardCharsets.US_ASCII))
                    .isEqualTo("HTTP/1.1 200");
        } finally {
            for (Socket socket : waits) {
                socket.close();
            }
        }
    }

    @Test
    void whatIsDoneWithALargeBodyHoldsNobodyUp() throws Exception {
        start(LONG, 50, LONG);
        String body = "{\"text\":\"" + "a".repeat(20_000) + "\"}";
        try (var large = new RawClient(http.port());
                var small = new RawClient(http.port())) {
            large.send("POST /computes HTTP/1.1\r\n" + HOST + "Content-Type: application/json\r\nContent-Length: "
                    + body.length() + "\r\n\r\n" + body);
            await(entered);
            assertThat(small.send(HELLO).response()).endsWith("hello");
            gate.countDown();
            assertThat(large.response()).endsWith("1");
        }
    }

    @Test
    void answersThatAreNotTakenAreBoundedTogetherToo() throws Exception {
        start(LONG, 50, LONG);
        String large = "GET /large HTTP/1.1\r\nConnection: close\r\n" + HOST + "\r\n";
        try (var slow = new Socket()) {
            slow.setReceiveBufferSize(16 << 10);
            slow.setSoTimeout(20_000);
            slow.connect(new InetSocketAddress("127.0.0.1", http.port()));
            slow.getOutputStream().write(large.getBytes(StandardCharsets.US_ASCII));
            assertThat(slow.getInputStream().read()).isEqualTo('H');
            try (var other = new RawClient(http.port())) {
                assertThat(other.send(large).response())
                        .startsWith("HTTP/1.1 503")
                        .contains("retry-after");
            }
            assertThat(slow.getInputStream().readAllBytes()).hasSizeGreaterThan(LARGE);
        }
        http.state().awaitIdle(Duration.ofSeconds(20));
        try (var other = new RawClient(http.port())) {
            assertThat(other.send(large).response()).startsWith("HTTP/1.1 200");
        }
    }

    @Test
    void aMistakeOfOursIsAnAnswerToo() throws IOException {
        start(LONG, 50, LONG);
        try (var client = new RawClient(http.port())) {
            String response =
                    client.send("GET /mistake HTTP/1.1\r\n" + HOST + "\r\n").response();
            assertThat(response)
                    .startsWith("HTTP/1.1 500")
                    .contains("server_error")
                    .doesNotContain("null.", "Exception");
        }
    }
}
