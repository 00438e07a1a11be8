package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.server.observe.Metrics;
import io.tokenwise.serving.QueueState;
import java.util.List;
import org.junit.jupiter.api.Test;

class QueueMetricsTest {
    private static final QueueState STATE = new QueueState(
            1, 2, 3, 4_000_000, 0.5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, List.of(17L, 1L), List.of(18L, 2L));

    @Test
    void saysWhatTheQueueDoes() {
        var metrics = new Metrics();
        new QueueMetrics(metrics, () -> STATE).add();

        List<String> lines = metrics.text().lines().toList();
        assertThat(lines)
                .contains("te_queue_size 1", "tokenwise_queue_tokens 2", "tokenwise_running_batches 3")
                .contains("tokenwise_predicted_wait 4", "tokenwise_dial 0.5")
                .contains("tokenwise_shed 10", "tokenwise_expired 11", "tokenwise_cancelled 12", "tokenwise_failed 13")
                .contains("te_batch_next_size_bucket{le=\"1\"} 17", "te_batch_next_size_sum 15")
                .contains(
                        "te_batch_next_size_count 18", "te_batch_next_tokens_sum 16", "te_batch_next_tokens_count 20");
        assertThat(lines)
                .contains("# TYPE te_queue_size gauge", "# TYPE tokenwise_shed counter")
                .contains("# TYPE te_batch_next_size histogram");
    }
}
