package io.tokenwise.server.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.server.observe.ServedRequest.TraceContext;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RequestMetricsTest {
    private final Metrics metrics = new Metrics();
    private final RequestMetrics requests = new RequestMetrics(metrics);

    static ServedRequest request(Optional<Failure> failure, ServedInput... inputs) {
        return new ServedRequest(
                Operation.EMBED,
                "minilm-acm",
                inputs.length > 1,
                List.of(inputs),
                failure,
                Instant.EPOCH,
                Duration.ofNanos(20_000),
                Duration.ofMillis(3),
                TraceContext.NONE);
    }

    @Test
    void dashboardsFindZeroesBeforeTheFirstRequest() {
        assertThat(metrics.text())
                .contains("te_request_count{method=\"single\"} 0\n", "te_request_success{method=\"batch\"} 0\n")
                .contains("te_request_failure{err=\"overloaded\"} 0\n", "te_request_failure{err=\"batch_size\"} 0\n");
    }

    @Test
    void countsRequestsAndTheirInputs() {
        requests.served(request(
                Optional.empty(),
                new ServedInput(10, 0.5, 0.45, 1000, 2000),
                new ServedInput(30, 1, Double.NaN, 1000, 2000)));

        assertThat(metrics.text())
                .contains("te_request_count{method=\"batch\"} 1\n", "te_request_success{method=\"batch\"} 1\n")
                .contains("te_embed_count 2\n", "te_embed_success 2\n")
                .contains("te_request_duration_sum 0.003\n", "te_request_queue_duration_count 1\n")
                .contains("te_embed_inference_duration_count 2\n", "te_request_input_length_sum 40\n")
                .contains("te_request_queue_duration_sum 0.001\n", "te_request_inference_duration_sum 0.002\n")
                .contains("te_embed_queue_duration_sum 0.002\n", "te_embed_inference_duration_sum 0.004\n")
                .contains("te_request_tokenization_duration_sum 2.0E-5\n")
                .contains("te_request_duration_bucket{le=\"1.5E-5\"} 0\n")
                .contains("tokenwise_budget_bucket{model=\"minilm-acm\",le=\"0.5\"} 1\n")
                .contains("tokenwise_spent_count{model=\"minilm-acm\"} 1\n");
    }

    @Test
    void countsFailuresByTheirReason() {
        requests.served(request(Optional.of(Failure.OVERLOADED)));

        assertThat(metrics.text())
                .contains("te_request_count{method=\"single\"} 1\n", "te_request_success{method=\"single\"} 0\n")
                .contains("te_request_failure{err=\"overloaded\"} 1\n")
                .doesNotContain("te_request_duration");
    }

    @Test
    void longTextsWeighMoreInARequestsBudget() {
        ServedRequest request =
                request(Optional.empty(), new ServedInput(10, 0.5, 0.4, 0, 0), new ServedInput(30, 1, 1, 0, 0));

        assertThat(request.tokens()).isEqualTo(40);
        assertThat(request.budget()).isEqualTo(0.875);
        assertThat(request.spent()).isEqualTo(0.85);
    }
}
