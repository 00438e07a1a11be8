package io.tokenwise.server;

import io.tokenwise.serving.Control;
import io.tokenwise.serving.QueueOptions;
import io.tokenwise.serving.RequestQueue;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.eclipse.jetty.server.Server;

/** Models over HTTP. It answers once {@link #start} has returned, until it is closed. Thread-safe. */
public final class TokenwiseServer implements AutoCloseable {
    /** So long requests on connections that are open are still answered while it stops, and told to close: their clients had no way to know. */
    private static final Duration LINGER = Duration.ofMillis(200);

    private final Server jetty;
    private final WatchedConnector connector;
    private final RequestQueue queue;
    private final ServedModels models;
    private final ServerState state;
    private final Duration drain;

    private TokenwiseServer(
            Server jetty,
            WatchedConnector connector,
            RequestQueue queue,
            ServedModels models,
            ServerState state,
            Duration drain) {
        this.jetty = jetty;
        this.connector = connector;
        this.queue = queue;
        this.models = models;
        this.state = state;
        this.drain = drain;
    }

    /**
     * Opens the models, makes them fast, which takes some seconds each, and listens.
     *
     * @throws io.tokenwise.api.BadFileException if a model or a PEM file is absent, bad or not supported
     * @throws IllegalArgumentException if options do not go together, or a file of tokens has none
     * @throws IOException if a file cannot be read, or nobody can listen at the port
     */
    public static TokenwiseServer start(ServerOptions options) throws IOException {
        Server jetty = Listening.jetty();
        WatchedConnector connector = Listening.connector(jetty, options.network(), options.limits());
        Optional<BearerTokens> tokens = tokens(options.network());
        RequestQueue queue = RequestQueue.start(queueOptions(options));
        ServedModels models;
        try {
            models = new ModelOpening(options, queue).all();
        } catch (Throwable e) {
            queue.close();
            throw e;
        }
        var state = new ServerState();
        jetty.addConnector(connector);
        jetty.setHandler(new RoutingHandler(routes(options, models), options.limits(), tokens, state));
        if (options.accessLog()) {
            jetty.setRequestLog(new AccessLog());
        }
        var server = new TokenwiseServer(jetty, connector, queue, models, state, options.drain());
        try {
            jetty.start();
        } catch (Exception e) {
            server.close();
            throw new IOException(
                    "cannot listen at " + options.network().host() + ", port "
                            + options.network().port() + ": " + e.getMessage(),
                    e);
        }
        return server;
    }

    private static Optional<BearerTokens> tokens(ServerOptions.Network network) throws IOException {
        return network.tokens().isEmpty()
                ? Optional.empty()
                : Optional.of(new BearerTokens(network.tokens().get()));
    }

    /** Only what asks for it floats, so the controller may be there for all. */
    private static QueueOptions queueOptions(ServerOptions options) {
        ServerOptions.Budgets budgets = options.budgets();
        return QueueOptions.defaults()
                .withWorkers(options.threads())
                .withControl(Control.auto(Duration.ofMillis(budgets.targetMillis()), budgets.least()));
    }

    /** Every endpoint. */
    private static Routes routes(ServerOptions options, ServedModels models) {
        var list = new ModelsRoute(models);
        return new Routes()
                .add("POST", "/v1/embeddings", ErrorForm.OPENAI, new EmbeddingsRoute(models, options.limits()))
                .add("GET", "/v1/models", ErrorForm.OPENAI, list::list)
                .add("GET", "/v1/models/*", ErrorForm.OPENAI, list::one);
    }

    /** Where it listens. */
    public int port() {
        return connector.getLocalPort();
    }

    /**
     * Stops to listen, answers what was accepted, for at most {@link ServerOptions#drain}, then closes the models. Requests that still come on open connections are
     * answered for a moment, with {@code Connection: close}.
     */
    @Override
    public synchronized void close() {
        state.drain();
        long end = System.nanoTime() + drain.toNanos();
        try {
            connector.shutdown();
            if (!connector.getConnectedEndPoints().isEmpty()) {
                Thread.sleep(LINGER);
            }
            state.awaitIdle(Duration.ofNanos(end - System.nanoTime()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try {
            jetty.stop();
        } catch (Exception e) {
            throw new IllegalStateException("the server cannot be stopped", e);
        } finally {
            queue.close(Duration.ZERO);
            models.close();
        }
    }
}
