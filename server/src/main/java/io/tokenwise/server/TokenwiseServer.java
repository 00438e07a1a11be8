package io.tokenwise.server;

import io.tokenwise.EncoderOptions;
import io.tokenwise.ImageClassifier;
import io.tokenwise.RecognizerOptions;
import io.tokenwise.SpeechRecognizer;
import io.tokenwise.TextEncoder;
import io.tokenwise.io.ImageDescription;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.io.SpeechDescription;
import io.tokenwise.io.TextDescription;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** Models over HTTP. It answers once {@link #start} has returned, until it is closed. Thread-safe. */
public final class TokenwiseServer implements AutoCloseable {
    private final Server jetty;
    private final ServerConnector connector;
    private final ServedModels models;
    private final ThreadPoolExecutor workers;

    private TokenwiseServer(Server jetty, ServerConnector connector, ServedModels models, ThreadPoolExecutor workers) {
        this.jetty = jetty;
        this.connector = connector;
        this.models = models;
        this.workers = workers;
    }

    /**
     * Opens the models and listens.
     *
     * @throws io.tokenwise.api.BadFileException if a model is absent, bad or not supported
     * @throws IOException if a model cannot be read, or nobody can listen at the port
     */
    public static TokenwiseServer start(ServerOptions options) throws IOException {
        var workers = new ThreadPoolExecutor(
                options.threads(), options.threads(), 1, TimeUnit.SECONDS, new ArrayBlockingQueue<>(512));
        ServedModels models = open(options, workers);
        var threads = new QueuedThreadPool(16, 4);
        threads.setName("tokenwise-http");
        threads.setDaemon(true);
        var jetty = new Server(threads);
        var http = new HttpConfiguration();
        http.setSendServerVersion(false);
        http.setRequestHeaderSize(options.limits().headerBytes());
        http.setIdleTimeout(options.limits().idle().toMillis());
        var connector =
                new ServerConnector(jetty, new HttpConnectionFactory(http), new HTTP2CServerConnectionFactory(http));
        connector.setHost(options.host());
        connector.setPort(options.port());
        connector.setIdleTimeout(options.limits().idle().toMillis());
        jetty.addConnector(connector);
        jetty.setHandler(new RoutingHandler(routes(options, models), options.limits()));
        var server = new TokenwiseServer(jetty, connector, models, workers);
        try {
            jetty.start();
        } catch (Exception e) {
            server.close();
            throw new IOException("cannot listen at " + options.host() + ", port " + options.port(), e);
        }
        return server;
    }

    /** Every endpoint. */
    private static Routes routes(ServerOptions options, ServedModels models) {
        var list = new ModelsRoute(models);
        return new Routes()
                .add("POST", "/v1/embeddings", ErrorForm.OPENAI, new EmbeddingsRoute(models, options.limits()))
                .add("GET", "/v1/models", ErrorForm.OPENAI, list::list)
                .add("GET", "/v1/models/*", ErrorForm.OPENAI, list::one);
    }

    private static ServedModels open(ServerOptions options, ThreadPoolExecutor workers) throws IOException {
        var defaults = new BudgetDefaults(AskedBudget.parse("budget", options.budget()), options.leastBudget());
        var served = new ArrayList<ServedModel>();
        try {
            for (String model : options.models()) {
                served.add(open(model, options, workers, defaults));
            }
            return new ServedModels(List.copyOf(served));
        } catch (Throwable e) {
            served.forEach(ServedModel::close);
            throw e;
        }
    }

    private static ServedModel open(
            String model, ServerOptions options, ThreadPoolExecutor workers, BudgetDefaults defaults)
            throws IOException {
        String name = Path.of(model).toAbsolutePath().normalize().getFileName().toString();
        ModelFiles files = ModelFiles.open(model);
        EncoderOptions encoder = EncoderOptions.defaults()
                .withThreads(1)
                .withConcurrentCalls(options.threads())
                .withBackend(options.backend());
        return switch (files.description()) {
            case TextDescription ignored ->
                new ServedModel.Texts(name, new ServedText(TextEncoder.open(files, encoder), workers, defaults));
            case ImageDescription ignored -> new ServedModel.Images(name, ImageClassifier.open(files, encoder));
            case SpeechDescription ignored ->
                new ServedModel.Speech(
                        name,
                        SpeechRecognizer.open(
                                files,
                                RecognizerOptions.defaults()
                                        .withThreads(1)
                                        .withConcurrentCalls(options.threads())
                                        .withBackend(options.backend())));
        };
    }

    /** Where it listens. */
    public int port() {
        return connector.getLocalPort();
    }

    /** Stops to listen, then closes the models. */
    @Override
    public void close() {
        try {
            jetty.stop();
        } catch (Exception e) {
            throw new IllegalStateException("the server cannot be stopped", e);
        } finally {
            workers.shutdown();
            models.close();
        }
    }
}
