package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Precision;
import io.tokenwise.server.observe.OtlpReceiver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** A server that cannot start, and one that has to stop. */
class ServerLifeTest {
    private static final BackendChoice IMPOSSIBLE = new BackendChoice(BackendChoice.Kind.VECTOR, Precision.S8);

    private static final String HOST = "Host: localhost\r\n";

    private final List<String> opening = new ArrayList<>();

    private final ThreadGroup alone = new ThreadGroup("alone");

    @Test
    void modelsThatCannotBeServedTogetherAreToldBeforeTheFirstIsOpened() {
        assertThatThrownBy(() -> TokenwiseServer.start(ServerOptions.of(0, "minilm-acm", "absent"), opening::add))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("absent");
        assertThatThrownBy(() -> TokenwiseServer.start(ServerOptions.of(0, "minilm-acm", "minilm-acm"), opening::add))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("two models are called minilm-acm");
        assertThat(opening).isEmpty();
    }

    @Test
    void nothingRunsOnThen() throws Exception {
        try (var receiver = new OtlpReceiver()) {
            ServerOptions absent = ServerOptions.of(0, "absent").withOtlp(receiver.url());
            var withoutBackend = new ServerOptions(
                    absent.models(),
                    1,
                    IMPOSSIBLE,
                    absent.budgets(),
                    absent.network(),
                    absent.limits(),
                    Duration.ZERO,
                    false,
                    Optional.of(receiver.url()));
            assertThatThrownBy(() -> startAlone(withoutBackend)).hasMessageContaining("s8");
            awaitNoThread();
            assertThatThrownBy(() -> startAlone(absent)).isInstanceOf(BadFileException.class);
            awaitNoThread();
        }
    }

    @Test
    void whatCannotBeAnsweredBeforeTheEndIsRefused() throws Exception {
        ServerOptions usual = ServerOptions.of(0, "minilm-acm");
        var hasty = new ServerOptions(
                usual.models(),
                1,
                usual.backend(),
                usual.budgets(),
                usual.network(),
                usual.limits(),
                Duration.ofMillis(1),
                false,
                Optional.empty());
        // Seconds of work.
        String text = "\"" + "word ".repeat(60) + "\"";
        String body = "{\"model\":\"minilm-acm\",\"input\":[" + (text + ",").repeat(2047) + text + "]}";
        TokenwiseServer server = TokenwiseServer.start(hasty);
        try (var client = new RawClient(server.port());
                var metrics = new RawClient(server.port())) {
            client.send("POST /v1/embeddings HTTP/1.1\r\n" + HOST + "Content-Type: application/json\r\nContent-Length: "
                    + body.length() + "\r\n\r\n" + body);
            Pattern waits = Pattern.compile("(?m)^te_queue_size [1-9]");
            while (!waits.matcher(metrics.send("GET /metrics HTTP/1.1\r\n" + HOST + "\r\n")
                            .response())
                    .find()) {
                Thread.sleep(10);
            }
            server.close();
            assertThat(client.response()).startsWith("HTTP/1.1 503").contains("the server is stopping");
        } finally {
            server.close();
        }
    }

    /** In a group, which all threads that it starts are in too: servers of other tests, which run on, start and end threads when they like. */
    private void startAlone(ServerOptions options) throws Throwable {
        var failed = new AtomicReference<Throwable>();
        var caller = new Thread(alone, () -> {
            try {
                TokenwiseServer.start(options).close();
            } catch (Throwable e) {
                failed.set(e);
            }
        });
        caller.start();
        caller.join();
        if (failed.get() != null) {
            throw failed.get();
        }
    }

    private void awaitNoThread() throws InterruptedException {
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
                !threadsAlone().isEmpty() && System.nanoTime() < end; ) {
            Thread.sleep(20);
        }
        assertThat(threadsAlone()).isEmpty();
    }

    private List<Thread> threadsAlone() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getThreadGroup() == alone)
                .toList();
    }
}
