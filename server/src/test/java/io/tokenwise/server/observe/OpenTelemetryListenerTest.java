package io.tokenwise.server.observe;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.tokenwise.server.observe.ServedRequest.TraceContext;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OpenTelemetryListenerTest {
    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

    /** What came for each path: protobuf, in which strings and ids stand as they are. */
    private final Map<String, String> received = new ConcurrentHashMap<>();

    private HttpServer receiver;

    @BeforeEach
    void receive() throws IOException {
        receiver = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        receiver.createContext("/", exchange -> {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.ISO_8859_1);
            received.merge(exchange.getRequestURI().getPath(), body, String::concat);
            exchange.getResponseHeaders().set("content-type", "application/x-protobuf");
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        receiver.start();
    }

    @AfterEach
    void stop() {
        receiver.stop(0);
    }

    @Test
    void sendsASpanAndADurationForEachRequest() {
        String endpoint = "http://127.0.0.1:" + receiver.getAddress().getPort();
        try (var telemetry = OpenTelemetryListener.start(Optional.of(endpoint))) {
            telemetry.served(new ServedRequest(
                    Operation.EMBED,
                    "minilm-acm",
                    false,
                    List.of(new ServedInput(10, 0.5, 0.45, 1000, 2000)),
                    Optional.empty(),
                    Instant.now(),
                    Duration.ZERO,
                    Duration.ofMillis(3),
                    new TraceContext("00-" + TRACE + "-00f067aa0ba902b7-01", null)));
            telemetry.served(RequestMetricsTest.request(Optional.of(Failure.OVERLOADED)));
        }

        assertThat(received.get("/v1/traces"))
                .contains("embeddings minilm-acm", "gen_ai.operation.name", "gen_ai.usage.input_tokens")
                .contains("tokenwise.budget", "tokenwise.spent", "overloaded")
                .as("the client's trace goes on")
                .contains(bytes(TRACE), bytes("00f067aa0ba902b7"));
        assertThat(received.get("/v1/metrics"))
                .contains("gen_ai.server.request.duration", "gen_ai.provider.name", "tokenwise", "minilm-acm");
    }

    private static String bytes(String hex) {
        return new String(HexFormat.of().parseHex(hex), StandardCharsets.ISO_8859_1);
    }
}
