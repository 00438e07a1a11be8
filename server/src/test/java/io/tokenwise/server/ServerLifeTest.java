package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Precision;
import io.tokenwise.server.ServerOptions.Budgets;
import io.tokenwise.server.ServerOptions.Network;
import io.tokenwise.server.observe.OtlpReceiver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
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
    void aPortThatIsTakenIsToldBeforeTheFirstIsOpened() throws IOException {
        try (var other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = other.getLocalPort();
            assertThatThrownBy(() -> TokenwiseServer.start(ServerOptions.of(port, "minilm-acm"), opening::add))
                    .isInstanceOf(IOException.class)
                    .hasMessage("cannot listen at 127.0.0.1, port " + port + ": Address already in use");
        }
        assertThat(opening).isEmpty();
    }

    @Test
    void optionsAreChangedOneByOne() {
        ServerOptions usual = ServerOptions.of(0, "a");
        ServerOptions changed = usual.withThreads(3)
                .withBackend(IMPOSSIBLE)
                .withDrain(Duration.ofSeconds(1))
                .withAccessLog(true)
                .withNetwork(Network.loopback(0)
                        .withInsecure(true)
                        .withMetrics(false)
                        .withPage(false));
        var network = new Network("127.0.0.1", 0, Optional.empty(), Optional.empty(), true, false, false);
        assertThat(changed)
                .isEqualTo(new ServerOptions(
                        List.of("a"),
                        3,
                        IMPOSSIBLE,
                        usual.budgets(),
                        network,
                        usual.limits(),
                        Duration.ofSeconds(1),
                        true,
                        Optional.empty()));
    }

    @Test
    void nothingRunsOnThen() throws Exception {
        try (var receiver = new OtlpReceiver()) {
            ServerOptions absent = ServerOptions.of(0, "absent").withOtlp(receiver.url());
            var withoutBackend = absent.withThreads(1).withBackend(IMPOSSIBLE).withDrain(Duration.ZERO);
            assertThatThrownBy(() -> startAlone(withoutBackend)).hasMessageContaining("s8");
            awaitNoThread();
            assertThatThrownBy(() -> startAlone(absent)).isInstanceOf(BadFileException.class);
            awaitNoThread();
        }
    }

    @Test
    void whatCannotBeAnsweredBeforeTheEndIsRefused() throws Exception {
        var hasty = ServerOptions.of(0, "minilm-acm")
                .withThreads(1)
                .withBudgets(Budgets.of("off", 1, Duration.ofMillis(100)))
                .withDrain(Duration.ofMillis(1));
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
