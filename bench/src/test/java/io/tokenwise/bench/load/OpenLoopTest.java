package io.tokenwise.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Against a server that answers one request after the other, each in 20 ms. */
class OpenLoopTest {
    private static final int SERVICE_MILLIS = 20;
    private static final float[] VECTOR = {1, 0};

    private final LoadTexts texts = new LoadTexts(List.of("a", "b"), List.of(VECTOR, new float[] {0, 1}));

    @Test
    void latencyCountsFromWhenARequestWasDue() throws IOException, InterruptedException {
        HttpServer server = start(200);
        var arrivals = new ArrayList<Arrival>();
        for (int i = 0; i < 10; i++) {
            arrivals.add(new Arrival(i * 1_000_000L, 0, i % 2, false));
        }
        try (var connections = new Connections(server.getAddress().getPort(), 100)) {
            Outcome[] outcomes = new OpenLoop(connections, texts)
                    .run(arrivals, arrival -> EmbeddingCall.request("m@auto", List.of("a"), 0));
            assertThat(outcomes).allMatch(Outcome::answered);
            // All ten are due within 10 ms, and the last one is answered after 200.
            assertThat(outcomes).anyMatch(outcome -> outcome.latencyNanos() >= (10 * SERVICE_MILLIS - 10) * 1_000_000L);
            assertThat(outcomes[0].cosine()).isEqualTo(1);
            assertThat(outcomes[0].sameBits()).isTrue();
            assertThat(outcomes[0].spent()).isEqualTo(0.5);
            assertThat(outcomes[1].cosine()).isZero();
            assertThat(outcomes[1].sameBits()).isFalse();
        } finally {
            server.stop(0);
        }
    }

    @Test
    void aGeneratorThatIsLateIsCharged() throws IOException, InterruptedException {
        HttpServer server = start(200);
        try (var connections = new Connections(server.getAddress().getPort(), 1)) {
            // Was due long before the loop begins, which is 20 ms from now.
            List<Arrival> late = List.of(new Arrival(-3_000_000_000L, 0, 0, false));
            Outcome outcome =
                    new OpenLoop(connections, texts).run(late, _ -> EmbeddingCall.request("m", List.of("a"), 0))[0];
            assertThat(outcome.delayNanos()).isGreaterThan(2_900_000_000L);
            assertThat(outcome.latencyNanos()).isGreaterThan(outcome.delayNanos());
        } finally {
            server.stop(0);
        }
    }

    @Test
    void aRequestDoesNotWaitForTheAnswerOfAnEarlierOne() throws IOException, InterruptedException {
        HttpServer server = start(200);
        List<Arrival> arrivals = Collections.nCopies(5, new Arrival(0, 0, 0, false));
        var begun = new CountDownLatch(arrivals.size());
        try (var connections = new Connections(server.getAddress().getPort(), arrivals.size())) {
            Outcome[] outcomes = new OpenLoop(connections, texts).run(arrivals, _ -> {
                begun.countDown();
                awaitAll(begun);
                return EmbeddingCall.request("m", List.of("a"), 0);
            });
            assertThat(outcomes).allMatch(Outcome::answered);
        } finally {
            server.stop(0);
        }
    }

    private static void awaitAll(CountDownLatch latch) {
        try {
            if (!latch.await(20, TimeUnit.SECONDS)) {
                throw new IllegalStateException("one waits for another");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void refusalsAndFailuresAreToldApart() throws IOException, InterruptedException {
        HttpServer server = start(429);
        int port = server.getAddress().getPort();
        List<Arrival> one = List.of(new Arrival(0, 0, 0, false));
        try (var connections = new Connections(port, 1)) {
            var loop = new OpenLoop(connections, texts);
            Outcome refused = loop.run(one, _ -> EmbeddingCall.request("m", List.of("a"), 50))[0];
            assertThat(refused.shed()).isTrue();
            assertThat(refused.kind()).isEqualTo("429");
            server.stop(0);
            Outcome failed = loop.run(one, _ -> EmbeddingCall.request("m", List.of("a"), 50))[0];
            assertThat(failed.kind()).isEqualTo("not taken (ConnectException)");
            assertThat(failed.shed()).isFalse();
        }
    }

    @Test
    void anAnswerThatCannotBeReadIsAFailureOfItsOwn() throws IOException, InterruptedException {
        HttpServer server = start(200);
        List<Arrival> two = List.of(new Arrival(0, 0, 0, false), new Arrival(0, 0, 1, false));
        var longer = new LoadTexts(List.of("a", "b"), List.of(VECTOR, new float[] {0, 1, 0}));
        try (var connections = new Connections(server.getAddress().getPort(), 2)) {
            Outcome[] outcomes =
                    new OpenLoop(connections, longer).run(two, arrival -> EmbeddingCall.request("m", List.of("a"), 0));
            assertThat(outcomes[0].answered()).isTrue();
            assertThat(outcomes[1].kind()).as("a vector of another size").isEqualTo("IllegalArgumentException");
        } finally {
            server.stop(0);
        }
    }

    @Test
    void capacityFailsWhereTheServerRefuses() throws IOException {
        HttpServer server = start(429);
        try (var connections = new Connections(server.getAddress().getPort(), 4)) {
            List<byte[]> requests = List.of(EmbeddingCall.request("m", List.of("a"), 0));
            assertThatThrownBy(() -> Capacity.perSecond(connections, requests, 2, 1))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("429");
        } finally {
            server.stop(0);
        }
    }

    private static HttpServer start(int status) throws IOException {
        var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        HttpServer server = HttpServer.create(address, 100);
        server.setExecutor(
                Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().factory()));
        server.createContext("/v1/embeddings", exchange -> answer(exchange, status));
        server.start();
        return server;
    }

    private static void answer(HttpExchange exchange, int status) throws IOException {
        exchange.getRequestBody().readAllBytes();
        try {
            Thread.sleep(SERVICE_MILLIS);
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
        ByteBuffer floats = ByteBuffer.allocate(Float.BYTES * VECTOR.length).order(ByteOrder.LITTLE_ENDIAN);
        floats.asFloatBuffer().put(VECTOR);
        byte[] body = "{\"data\":[{\"embedding\":\"%s\"}]}"
                .formatted(Base64.getEncoder().encodeToString(floats.array()))
                .getBytes();
        exchange.getResponseHeaders().add("x-tokenwise-spent", "0.5");
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }
}
