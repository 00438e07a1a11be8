package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.server.ServerOptions.Limits;
import io.tokenwise.server.ServerOptions.Network;
import io.tokenwise.serving.QueueOptions;
import io.tokenwise.serving.RequestQueue;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A server that stops while a request waits for its answer. Without a model. */
class StoppingTest {
    private static final String HOST = "Host: 127.0.0.1\r\n\r\n";

    private final WaitingRoute waiting = new WaitingRoute();
    private RequestQueue queue;
    private HttpService http;

    @BeforeEach
    void start() throws IOException {
        queue = RequestQueue.start(QueueOptions.defaults().withWorkers(1));
        http = HttpService.of(Network.loopback(0), Limits.defaults());
        var routes = new Routes().add("GET", "/waits", ErrorForm.OPENAI, waiting);
        TeiRoutes.add(routes, new ServedModels(List.of()), queue, http.state(), new ImageDecoding());
        http.listen(routes, Limits.defaults(), Optional.empty(), false, request -> {});
    }

    @AfterEach
    void close() {
        http.close(Duration.ZERO);
        queue.close();
    }

    /** Begins to stop. */
    private CompletableFuture<Void> stop() {
        var stopped = CompletableFuture.runAsync(() -> http.close(Duration.ofSeconds(60)));
        while (!http.state().isDraining()) {
            Thread.onSpinWait();
        }
        return stopped;
    }

    private static Reply atLast() {
        return Reply.text("text/plain", "at last");
    }

    @Test
    void whatWasAcceptedIsAnswered() throws Exception {
        int port = http.port();
        try (var client = new RawClient(port);
                var idle = new RawClient(port)) {
            client.send("GET /waits HTTP/1.1\r\n" + HOST);
            CompletableFuture<Reply> answer = waiting.asked();
            CompletableFuture<Void> stopped = stop();
            // Longer than it waits in any case.
            Thread.sleep(1_000);
            assertThat(stopped.isDone()).isFalse();
            answer.complete(atLast());
            assertThat(client.response()).endsWith("at last").containsIgnoringCase("Connection: close");
            stopped.get(20, TimeUnit.SECONDS);
            assertThat(idle.isClosed()).isTrue();
            assertThatThrownBy(() -> new RawClient(port)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void healthSaysSoOnConnectionsThatAreOpen() throws Exception {
        try (var client = new RawClient(http.port());
                var probe = new RawClient(http.port())) {
            assertThat(probe.send("GET /health HTTP/1.1\r\n" + HOST).response()).startsWith("HTTP/1.1 200");
            client.send("GET /waits HTTP/1.1\r\n" + HOST);
            CompletableFuture<Reply> answer = waiting.asked();
            CompletableFuture<Void> stopped = stop();
            assertThat(probe.send("GET /health HTTP/1.1\r\n" + HOST).response())
                    .startsWith("HTTP/1.1 503")
                    .containsIgnoringCase("Connection: close");
            answer.complete(atLast());
            assertThat(client.response()).endsWith("at last");
            stopped.get(20, TimeUnit.SECONDS);
        }
    }

    @Test
    void itMayTakeAsLongAsItLikes() {
        int port = http.port();
        http.close(Duration.ofSeconds(Long.MAX_VALUE));
        assertThatThrownBy(() -> new RawClient(port)).isInstanceOf(IOException.class);
    }

    /** Does not wait for answers, but closes everything. */
    @Test
    void aThreadThatIsInterruptedStopsItToo() throws Exception {
        try (var idle = new RawClient(http.port());
                var client = new RawClient(http.port())) {
            client.send("GET /waits HTTP/1.1\r\n" + HOST);
            waiting.asked();
            var interrupted = CompletableFuture.supplyAsync(() -> {
                Thread.currentThread().interrupt();
                http.close(Duration.ofSeconds(60));
                return Thread.interrupted();
            });
            assertThat(interrupted.get(20, TimeUnit.SECONDS))
                    .as("the thread's interrupt is kept")
                    .isTrue();
            assertThat(idle.isClosed()).isTrue();
        }
    }

    private static final int DATA = 0;
    private static final int GO_AWAY = 7;

    /** By frames, since clients would hide them. */
    @Test
    void clientsOfHttp2AreToldToGoAwayBeforeTheyAreAnswered() throws Exception {
        try (var socket = new Socket("127.0.0.1", http.port())) {
            socket.setSoTimeout(20_000);
            var in = new DataInputStream(socket.getInputStream());
            socket.getOutputStream().write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            // No settings; then as stream 1, which ends: GET, http, :path /waits, :authority localhost.
            socket.getOutputStream().write(HexFormat.of().parseHex("000000" + "04" + "00" + "00000000"));
            socket.getOutputStream()
                    .write(HexFormat.of()
                            .parseHex("000015" + "01" + "05" + "00000001" + "8286" + "04062f7761697473"
                                    + "01096c6f63616c686f7374"));
            CompletableFuture<Reply> answer = waiting.asked();
            CompletableFuture<Void> stopped = stop();
            readUntil(GO_AWAY, in);
            assertThat(stopped.isDone()).isFalse();
            answer.complete(atLast());
            assertThat(readUntil(DATA, in)).isEqualTo("at last");
            stopped.get(20, TimeUnit.SECONDS);
        }
    }

    /** What the next frame of this type contains. */
    private static String readUntil(int wanted, DataInputStream in) throws IOException {
        while (true) {
            int lengthAndType = in.readInt();
            in.skipNBytes(5);
            byte[] payload = in.readNBytes(lengthAndType >>> 8);
            if ((lengthAndType & 0xff) == wanted) {
                return new String(payload, StandardCharsets.US_ASCII);
            }
        }
    }
}
