package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.server.observe.Metrics;
import io.tokenwise.server.observe.Operation;
import io.tokenwise.server.observe.RequestMetrics;
import io.tokenwise.server.observe.ServedInput;
import io.tokenwise.server.observe.ServedRequest;
import io.tokenwise.serving.QueueOptions;
import io.tokenwise.serving.RequestQueue;
import io.tokenwise.testmodels.PageExamples;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** docs/serving.md: its defaults and the names of its metrics are the server's; docs/serving-in-java.md: its examples compile. */
class ServingPageTest {
    private static final Path PAGE = Path.of("..", "docs", "serving.md");
    private static final Path IN_JAVA = PAGE.resolveSibling("serving-in-java.md");

    /** A name, or the beginning of several. */
    private static final Pattern METRIC = Pattern.compile("`((?:te|tokenwise)_[a-z_]+)[*{`]");

    @Test
    void theExamplesCompile(@TempDir Path folder) throws IOException {
        assertThat(PageExamples.compile(IN_JAVA, folder).names()).containsExactly("Serve", "Queued");
    }

    @Test
    void theLimitsAreTheDefaults() throws IOException {
        var limits = ServerOptions.Limits.defaults();
        var queue = QueueOptions.defaults();
        var control = ServerOptions.Budgets.defaults().control();
        assertThat(Files.readString(PAGE))
                .contains(
                        row("--max-body-bytes", limits.bodyBytes()),
                        row("--max-texts", limits.texts()),
                        row("--max-connections", limits.connections()),
                        row("--arrival-seconds", limits.arrival().toSeconds()),
                        row("--idle-seconds", limits.idle().toSeconds()),
                        "| | " + limits.headerBytes() / 1024 + " kB | of headers |",
                        "| | " + limits.bodiesBytes() / 1_000_000 + " MB | of bodies ",
                        "| | " + number(queue.waitingRequests()) + " inputs or " + number(queue.waitingTokens())
                                + " tokens | wait at most",
                        "`--least-budget` (" + String.valueOf(control.share()).substring(1) + ")",
                        "`--target-millis` (" + control.target().toMillis() + ")");
    }

    private static String row(String option, long value) {
        return "| `" + option + "` | " + number(value) + " |";
    }

    private static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    @Test
    void theMetricsAreWritten() throws IOException {
        var metrics = new Metrics();
        var requests = new RequestMetrics(metrics);
        for (Operation operation : Operation.values()) {
            var input = new ServedInput(3, 1, 1, 1, 1);
            requests.served(new ServedRequest(
                    operation,
                    "m",
                    false,
                    List.of(input),
                    Optional.empty(),
                    Instant.EPOCH,
                    Duration.ZERO,
                    Duration.ZERO,
                    ServedRequest.TraceContext.NONE));
        }
        try (var queue = RequestQueue.start(QueueOptions.defaults())) {
            QueueMetrics.add(metrics, queue);
            String text = metrics.text();
            List<String> names = METRIC.matcher(Files.readString(PAGE))
                    .results()
                    .map(name -> name.group(1))
                    .toList();
            assertThat(names).contains("te_request_count", "te_embed_", "tokenwise_budget", "tokenwise_dial");
            assertThat(names).allSatisfy(name -> assertThat(text).contains("# TYPE " + name));
        }
    }
}
