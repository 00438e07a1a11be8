package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.server.ServerOptions.Limits;
import io.tokenwise.server.ServerOptions.Network;
import java.io.IOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.RepeatedTest;

/** A server that stops just when clients come: each of them is refused, or sees its connection closed. Without a model. */
class AcceptingTest {
    private static final int CLIENTS = 3;

    /** Two of three times somebody was, before {@link WatchedConnector} looked after it. */
    @RepeatedTest(10)
    void nobodyIsForgotten() throws Exception {
        HttpService http = HttpService.of(Network.loopback(0), Limits.defaults());
        http.listen(new Routes(), Limits.defaults(), Optional.empty(), false, request -> {});
        int port = http.port();
        var stopped = new AtomicBoolean();
        var all = new CountDownLatch(CLIENTS);
        Callable<List<RawClient>> connecting = () -> connectUntil(stopped, port, all);
        try (ExecutorService threads = Executors.newFixedThreadPool(CLIENTS)) {
            var clients = new ArrayList<Future<List<RawClient>>>();
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(threads.submit(connecting));
            }
            try {
                assertThat(all.await(20, TimeUnit.SECONDS)).as("all come").isTrue();
                http.close(Duration.ZERO);
            } finally {
                stopped.set(true);
            }
            for (Future<List<RawClient>> client : clients) {
                for (RawClient connection : client.get()) {
                    try (connection) {
                        assertThat(endsWhenItSpeaks(connection)).isTrue();
                    }
                }
            }
        }
    }

    /**
     * Who only listens may never hear: where the queue of those to be accepted is full just when a connection's last packet comes, Linux drops that packet, the server's side is gone with the socket that
     * listened, and nothing tells the client, until it sends something. A connection that the server's process has, and forgot, takes what is sent and stays open.
     */
    private static boolean endsWhenItSpeaks(RawClient connection) throws IOException {
        try {
            connection.send("G");
        } catch (SocketException e) {
            return true;
        }
        return connection.isClosed();
    }

    /** Those who were let in, until one is refused, since nobody listens any more. */
    private static List<RawClient> connectUntil(AtomicBoolean stopped, int port, CountDownLatch all) {
        var in = new ArrayList<RawClient>();
        while (!stopped.get()) {
            try {
                in.add(new RawClient(port));
            } catch (IOException e) {
                break;
            }
            if (in.size() == 1) {
                all.countDown();
            }
        }
        return in;
    }
}
