package io.tokenwise.server;

import io.tokenwise.Engine;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.serving.QueueOptions;
import io.tokenwise.serving.RequestQueue;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/** Models over HTTP. It answers once {@link #start} has returned, until it is closed. Thread-safe. */
public final class TokenwiseServer implements AutoCloseable {
    private final HttpService http;
    private final Engine engine;
    private final RequestQueue queue;
    private final ServedModels models;
    private final Duration drain;
    private final Observers observers;
    private final ExecutorService readers;

    private TokenwiseServer(
            HttpService http,
            Engine engine,
            RequestQueue queue,
            ServedModels models,
            Duration drain,
            Observers observers,
            ExecutorService readers) {
        this.http = http;
        this.engine = engine;
        this.queue = queue;
        this.models = models;
        this.drain = drain;
        this.observers = observers;
        this.readers = readers;
    }

    /**
     * Opens the models, makes them fast, which takes some seconds each, and listens.
     *
     * @param options what it serves, where, and within which limits
     * @return the server, which answers until it is closed
     * @throws io.tokenwise.api.BadFileException if a model or a PEM file is absent, bad or not supported
     * @throws IllegalArgumentException if options do not go together, the host is no address of this machine, or a file of tokens has none
     * @throws IOException if a file cannot be read, or nobody can listen at the port
     */
    public static TokenwiseServer start(ServerOptions options) throws IOException {
        return start(options, model -> {});
    }

    /**
     * The same for those who wait.
     *
     * @param options what it serves, where, and within which limits
     * @param opening is told the name of each model before it is opened
     * @return the server, which answers until it is closed
     * @throws io.tokenwise.api.BadFileException as {@link #start(ServerOptions)}
     * @throws IOException as {@link #start(ServerOptions)}
     */
    public static TokenwiseServer start(ServerOptions options, Consumer<String> opening) throws IOException {
        // What is wrong with these is told before models are opened, which takes long.
        var http = HttpService.of(options.network(), options.limits());
        Optional<BearerTokens> tokens = options.network().tokens().map(BearerTokens::new);
        Observers observers = Observers.start(options.otlp());
        try {
            return start(options, opening, http, tokens, observers);
        } catch (Throwable e) {
            observers.close();
            throw e;
        }
    }

    private static TokenwiseServer start(
            ServerOptions options,
            Consumer<String> opening,
            HttpService http,
            Optional<BearerTokens> tokens,
            Observers observers)
            throws IOException {
        Engine engine = Engine.open(engineOptions(options));
        RequestQueue queue = RequestQueue.start(queueOptions(options));
        ExecutorService readers = readers();
        try {
            ServedModels models = new ModelOpening(options, engine, queue).all(opening);
            QueueMetrics.add(observers.metrics(), queue);
            http.listen(
                    routes(options, models, queue, http.state(), observers, readers),
                    options.limits(),
                    tokens,
                    options.accessLog(),
                    observers);
            return new TokenwiseServer(http, engine, queue, models, options.drain(), observers, readers);
        } catch (Throwable e) {
            http.close(Duration.ZERO);
            queue.close(Duration.ZERO);
            engine.close();
            readers.shutdown();
            throw e;
        }
    }

    /** Recordings are read and cut by one thread, so that the others are the queue's. */
    private static ExecutorService readers() {
        return Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("tokenwise-reader").factory());
    }

    /** A call for each of the queue's threads, which computes it alone: what has to wait does so in the queue. */
    private static EngineOptions engineOptions(ServerOptions options) {
        return EngineOptions.defaults()
                .withThreads(1)
                .withConcurrentCalls(options.threads())
                .withBackend(options.backend());
    }

    /** Only what asks for it floats, so the controller may be there for all. As many texts as one request may have find room. */
    private static QueueOptions queueOptions(ServerOptions options) {
        QueueOptions defaults = QueueOptions.defaults();
        int requests = Math.max(defaults.waitingRequests(), options.limits().texts());
        return defaults.withWaiting(requests, defaults.waitingTokens())
                .withWorkers(options.threads())
                .withControl(options.budgets().control());
    }

    /** Every endpoint. */
    private static Routes routes(
            ServerOptions options,
            ServedModels models,
            RequestQueue queue,
            ServerState state,
            Observers observers,
            Executor readers) {
        var list = new ModelsRoute(models);
        var rerank = new RerankRoute(models, options.limits());
        var routes = new Routes()
                .add("POST", "/v1/embeddings", ErrorForm.OPENAI, new EmbeddingsRoute(models, options.limits()))
                .add("POST", "/v1/rerank", ErrorForm.OPENAI, rerank)
                .add("POST", "/v2/rerank", ErrorForm.OPENAI, rerank)
                .add("POST", "/v1/audio/transcriptions", ErrorForm.OPENAI, new TranscriptionsRoute(models, readers))
                .add("GET", "/v1/models", ErrorForm.OPENAI, list::list)
                .add("GET", "/v1/models/*", ErrorForm.OPENAI, list::one);
        var decoding = new ImageDecoding();
        TeiRoutes.add(routes, models, queue, state, decoding);
        if (options.network().page()) {
            PageRoute.add(routes, models, queue, decoding);
        }
        if (options.network().metrics()) {
            routes.add("GET", "/metrics", ErrorForm.TEI, TeiRoutes.metrics(observers.metrics()));
        }
        return routes;
    }

    /** {@return the port at which it listens} */
    public int port() {
        return http.port();
    }

    /** {@return a line for each model that it serves} */
    public List<String> models() {
        return models.all().stream().map(ServedModel::describe).toList();
    }

    /** Stops to listen, answers what was accepted, for at most {@link ServerOptions#drain} and not at all in a thread that is interrupted, refuses what is left (503), then closes the models. */
    @Override
    public synchronized void close() {
        try {
            http.drain(drain);
            queue.close(Duration.ZERO);
            http.end();
        } finally {
            readers.shutdown();
            engine.close();
            observers.close();
        }
    }
}
