package io.tokenwise.server;

import io.tokenwise.api.BackendChoice;
import java.time.Duration;
import java.util.List;

/**
 * What a server serves, where, and within which limits.
 *
 * @param models built-in names or directories; a directory is served under its last name
 * @param host where it listens
 * @param port 0 for any that is free
 * @param threads that compute, each a batch of its own
 * @param backend what computes, and in which precision
 * @param budget of requests that say nothing of budgets: {@code auto} or a number from 0 to 1
 * @param leastBudget to which load may bring down what floats, 0 to 1
 */
public record ServerOptions(
        List<String> models,
        String host,
        int port,
        int threads,
        BackendChoice backend,
        String budget,
        double leastBudget,
        Limits limits) {
    /** Where only programs of the same machine can call. */
    private static final String LOOPBACK = "127.0.0.1";

    /**
     * What one client, or all together, may ask for.
     *
     * @param bodyBytes of one request
     * @param bodiesBytes of all requests that are not answered yet
     * @param bodyTime in which a body must have come
     * @param texts of one request
     * @param headerBytes of one request, its first line included
     * @param connections at the same time; further ones wait to be accepted
     * @param idle after which a connection without traffic is closed
     */
    public record Limits(
            long bodyBytes,
            long bodiesBytes,
            Duration bodyTime,
            int texts,
            int headerBytes,
            int connections,
            Duration idle) {
        /** Of OpenAI and text-embeddings-inference, where they say; 256 MB of bodies, 10 seconds for each, 1,024 connections, 60 seconds idle. */
        public static Limits defaults() {
            return new Limits(
                    2_000_000, 256_000_000, Duration.ofSeconds(10), 2048, 16_384, 1024, Duration.ofSeconds(60));
        }
    }

    public ServerOptions {
        models = List.copyOf(models);
        if (models.isEmpty()) {
            throw new IllegalArgumentException("give a server at least one model");
        }
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port " + port + " is outside 0..65535");
        }
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1, are " + threads);
        }
        if (!(leastBudget >= 0 && leastBudget <= 1)) {
            throw new IllegalArgumentException("the least budget " + leastBudget + " is outside 0..1");
        }
    }

    /** On 127.0.0.1, port 8080, with all processors and the fastest precision; requests that say nothing get the full budget. */
    public static ServerOptions of(String... models) {
        return new ServerOptions(
                List.of(models),
                LOOPBACK,
                8080,
                Runtime.getRuntime().availableProcessors(),
                BackendChoice.AUTO,
                "1",
                0.25,
                Limits.defaults());
    }

    public ServerOptions withPort(int newPort) {
        return new ServerOptions(models, host, newPort, threads, backend, budget, leastBudget, limits);
    }
}
