package io.tokenwise.server;

import io.tokenwise.server.ServerOptions.Limits;
import io.tokenwise.server.ServerOptions.Network;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** A server on a port of its own, which reads requests as ours does, without a model behind. */
final class ListeningServer {
    /** Longer than any machine leaves a request alone; all of it is there at once, so that nobody waits for more. */
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    static final ListeningServer STARTED = start();

    private final HttpService http;

    private ListeningServer(HttpService http) {
        this.http = http;
    }

    private static ListeningServer start() {
        try {
            var limits = new Limits(1 << 20, 1 << 26, PATIENCE, 50, 4_096, 50, PATIENCE);
            HttpService http = HttpService.of(Network.loopback(0), limits);
            var routes = new Routes()
                    .add(
                            "POST",
                            "/json",
                            ErrorForm.OPENAI,
                            exchange -> exchange.json().thenApply(fields -> {
                                ServerTargets.texts(fields);
                                exchange.deadline();
                                return Reply.json(Map.of());
                            }))
                    .add(
                            "POST",
                            "/form",
                            ErrorForm.TEI,
                            exchange -> exchange.form(1 << 20).thenApply(parts -> {
                                try (parts) {
                                    ServerTargets.form(parts);
                                }
                                return Reply.json(Map.of());
                            }));
            http.listen(routes, limits, Optional.empty(), false, _ -> {});
            return new ListeningServer(http);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @throws AssertionError if the server says that it is at fault */
    void answer(byte[] request) throws IOException {
        // Its end ends what a wrong length would have the server wait for.
        RawRequest.send(http.port(), request, true);
    }
}
