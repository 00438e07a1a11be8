package io.tokenwise.server.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.server.observe.ServedRequest.TraceContext;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class OpenTelemetryListenerTest {
    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

    @Test
    void sendsASpanAndADurationForEachRequest() throws IOException {
        try (var receiver = new OtlpReceiver()) {
            try (var telemetry = OpenTelemetryListener.start(Optional.of(receiver.url()))) {
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

            assertThat(receiver.spans())
                    .contains("embeddings minilm-acm", "gen_ai.operation.name", "gen_ai.usage.input_tokens")
                    .contains("tokenwise.budget", "tokenwise.spent", "overloaded")
                    .as("the client's trace goes on")
                    .contains(OtlpReceiver.bytes(TRACE), OtlpReceiver.bytes("00f067aa0ba902b7"));
            assertThat(receiver.metrics())
                    .contains("gen_ai.server.request.duration", "gen_ai.provider.name", "tokenwise", "minilm-acm");
        }
    }
}
