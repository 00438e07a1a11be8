package io.tokenwise.server;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.serving.Control;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What a server serves, where, and within which limits.
 *
 * @param models built-in names or directories; a directory is served under its last name. {@code sparse:} before one serves the sparse vectors that its files have besides, under that name with {@code -sparse} behind it
 * @param threads that compute, each a batch of its own
 * @param backend what computes, and in which precision
 * @param budgets what requests get
 * @param network where it listens, and to whom
 * @param limits what clients may ask for
 * @param drain how long {@link TokenwiseServer#close} waits for requests that were accepted
 * @param accessLog whether each request is logged, at level info, by the logger {@code io.tokenwise.server.access}
 * @param otlp URL of an OpenTelemetry receiver that is to get spans and metrics; without one OpenTelemetry's own variables may name it
 */
public record ServerOptions(
        List<String> models,
        int threads,
        BackendChoice backend,
        Budgets budgets,
        Network network,
        Limits limits,
        Duration drain,
        boolean accessLog,
        Optional<String> otlp) {
    /** Where only programs of the same machine can call. */
    private static final String LOOPBACK = "127.0.0.1";

    /** Each has the working memory of a batch. */
    private static final int MOST_THREADS = 1024;

    /**
     * What requests get.
     *
     * @param usual of requests that say nothing of budgets: {@code auto} (load decides, for single texts and what is called a query), or a number from 0 to 1
     * @param control who decides for those that leave it to load; without a target they get the full budget
     */
    public record Budgets(String usual, Control control) {
        private static final String OFF = "off";
        /** The least of which it was measured what search and sentence similarity lose (docs/quality.md). */
        private static final double LEAST = 0.35;

        private static final Duration TARGET = Duration.ofMillis(100);

        /**
         * Checks the usual budget.
         *
         * @throws IllegalArgumentException if it is neither {@code auto} nor a number from 0 to 1
         */
        public Budgets {
            AskedBudget.check(usual);
        }

        /**
         * As the command line has it.
         *
         * @param usual as above, or {@code off} for the full budget always, unless a request names a number
         * @param least to which load may bring down what floats, 0 to 1
         * @param target for the time from arrival to answer of 99 of 100 answers that float
         * @return the budgets
         * @throws IllegalArgumentException if one of these is outside
         */
        public static Budgets of(String usual, double least, Duration target) {
            return usual.equals(OFF)
                    ? new Budgets(String.valueOf(1), Control.fixed(1))
                    : new Budgets(usual, Control.auto(target, least));
        }

        /** {@return full budget unless a request says {@code auto}; that may come down to .35, for 100 ms} */
        public static Budgets defaults() {
            return of(String.valueOf(1), LEAST, TARGET);
        }

        /** To which load may bring down what floats. */
        double least() {
            return control.mode() == Control.Mode.AUTO ? control.share() : 1;
        }
    }

    /**
     * Where it listens, and to whom.
     *
     * @param host name or address at which it listens
     * @param port 0 for any that is free
     * @param tokens a file of bearer tokens, one a line, of which a request must have one; read again when it changes
     * @param tls if it is to speak HTTPS
     * @param insecure allows another host than loopback without tokens
     * @param metrics whether {@code /metrics} answers
     * @param page whether there is a page at {@code /}
     */
    public record Network(
            String host,
            int port,
            Optional<Path> tokens,
            Optional<Tls> tls,
            boolean insecure,
            boolean metrics,
            boolean page) {
        /**
         * Checks the port.
         *
         * @throws IllegalArgumentException if it is outside 0..65535
         */
        public Network {
            if (port < 0 || port > 65_535) {
                throw new IllegalArgumentException("port " + port + " is outside 0..65535");
            }
        }

        /**
         * {@return 127.0.0.1, without tokens and TLS}
         *
         * @param port 0 for any that is free
         */
        public static Network loopback(int port) {
            return new Network(LOOPBACK, port, Optional.empty(), Optional.empty(), false, true, true);
        }

        /**
         * {@return the same at another address}
         *
         * @param newHost name or address; other than loopback it needs tokens, or {@link #insecure}
         */
        public Network withHost(String newHost) {
            return new Network(newHost, port, tokens, tls, insecure, metrics, page);
        }

        /**
         * {@return the same for those who have a token}
         *
         * @param file with one a line, of at least 16 characters
         */
        public Network withTokens(Path file) {
            return new Network(host, port, Optional.of(file), tls, insecure, metrics, page);
        }

        /**
         * {@return the same by HTTPS}
         *
         * @param newTls the server's certificate and key
         */
        public Network withTls(Tls newTls) {
            return new Network(host, port, tokens, Optional.of(newTls), insecure, metrics, page);
        }

        /**
         * {@return the same, also for those who have no token at another host than loopback}
         *
         * @param newInsecure whether that is allowed
         */
        public Network withInsecure(boolean newInsecure) {
            return new Network(host, port, tokens, tls, newInsecure, metrics, page);
        }

        /**
         * {@return the same with or without metrics}
         *
         * @param newMetrics whether {@code /metrics} answers
         */
        public Network withMetrics(boolean newMetrics) {
            return new Network(host, port, tokens, tls, insecure, newMetrics, page);
        }

        /**
         * {@return the same with or without a page}
         *
         * @param newPage whether there is one at {@code /}
         */
        public Network withPage(boolean newPage) {
            return new Network(host, port, tokens, tls, insecure, metrics, newPage);
        }
    }

    /**
     * PEM files.
     *
     * @param certificates the server's, then those that vouch for it
     * @param key its private key, in PKCS#8, not encrypted
     */
    public record Tls(Path certificates, Path key) {}

    /**
     * What one client, or all together, may ask for.
     *
     * @param bodyBytes of one request
     * @param bodiesBytes of all requests that are not answered yet, and as much again of answers that are not taken yet
     * @param arrival in which a request's head, and then its body, must have come
     * @param texts of one request
     * @param headerBytes of one request, its first line included
     * @param connections at the same time; further ones wait to be accepted
     * @param idle after which a connection without traffic is closed
     */
    public record Limits(
            int bodyBytes,
            long bodiesBytes,
            Duration arrival,
            int texts,
            int headerBytes,
            int connections,
            Duration idle) {
        /**
         * Checks the limits.
         *
         * @throws IllegalArgumentException if one is too small for any request
         */
        public Limits {
            if (bodyBytes < 1 || bodiesBytes < bodyBytes || texts < 1 || headerBytes < 256 || connections < 1) {
                throw new IllegalArgumentException(
                        "limits: bytes of a body, texts and connections must be at least 1, bytes of headers at least 256, bytes of all bodies at least those of one");
            }
            if (arrival.toMillis() < 1 || idle.toMillis() < 1) {
                throw new IllegalArgumentException("limits: times must be at least 1 millisecond");
            }
        }

        /** {@return 2 MB and 2,048 texts a request, as text-embeddings-inference and OpenAI have it; 256 MB of bodies, 10 seconds for each, 1,024 connections, 60 seconds idle} */
        public static Limits defaults() {
            return new Limits(
                    2_000_000, 256_000_000, Duration.ofSeconds(10), 2048, 16_384, 1024, Duration.ofSeconds(60));
        }
    }

    /**
     * Checks what can be checked without opening anything.
     *
     * @throws IllegalArgumentException if there is no model, no thread, or an OTLP receiver that is no URL
     */
    public ServerOptions {
        models = List.copyOf(models);
        if (models.isEmpty()) {
            throw new IllegalArgumentException("give a server at least one model");
        }
        if (threads < 1 || threads > MOST_THREADS) {
            throw new IllegalArgumentException("threads must be 1 to " + MOST_THREADS + ", are " + threads);
        }
        if (otlp.isPresent() && !otlp.get().matches("https?://[!-~]+")) {
            throw new IllegalArgumentException("the OTLP receiver must be a URL, as http://127.0.0.1:4318");
        }
    }

    /**
     * {@return options at loopback, with all processors and the fastest precision; requests that say nothing get the full budget}
     *
     * @param port 0 for any that is free
     * @param models built-in names or directories, at least one
     */
    public static ServerOptions of(int port, String... models) {
        return new ServerOptions(
                List.of(models),
                Runtime.getRuntime().availableProcessors(),
                BackendChoice.AUTO,
                Budgets.defaults(),
                Network.loopback(port),
                Limits.defaults(),
                Duration.ofSeconds(20),
                false,
                Optional.empty());
    }

    /**
     * {@return the same with other threads}
     *
     * @param newThreads that compute, each a batch of its own; 1 to 1,024
     */
    public ServerOptions withThreads(int newThreads) {
        return new ServerOptions(models, newThreads, backend, budgets, network, limits, drain, accessLog, otlp);
    }

    /**
     * {@return the same with another backend}
     *
     * @param newBackend what computes, and in which precision
     */
    public ServerOptions withBackend(BackendChoice newBackend) {
        return new ServerOptions(models, threads, newBackend, budgets, network, limits, drain, accessLog, otlp);
    }

    /**
     * {@return the same with another time to end}
     *
     * @param newDrain how long {@link TokenwiseServer#close} waits for requests that were accepted
     */
    public ServerOptions withDrain(Duration newDrain) {
        return new ServerOptions(models, threads, backend, budgets, network, limits, newDrain, accessLog, otlp);
    }

    /**
     * {@return the same with or without a log of requests}
     *
     * @param newAccessLog whether each request is logged
     */
    public ServerOptions withAccessLog(boolean newAccessLog) {
        return new ServerOptions(models, threads, backend, budgets, network, limits, drain, newAccessLog, otlp);
    }

    /**
     * {@return the same elsewhere, or for others}
     *
     * @param newNetwork where it listens, and to whom
     */
    public ServerOptions withNetwork(Network newNetwork) {
        return new ServerOptions(models, threads, backend, budgets, newNetwork, limits, drain, accessLog, otlp);
    }

    /**
     * {@return the same within other limits}
     *
     * @param newLimits what clients may ask for
     */
    public ServerOptions withLimits(Limits newLimits) {
        return new ServerOptions(models, threads, backend, budgets, network, newLimits, drain, accessLog, otlp);
    }

    /**
     * {@return the same with other budgets}
     *
     * @param newBudgets what requests get
     */
    public ServerOptions withBudgets(Budgets newBudgets) {
        return new ServerOptions(models, threads, backend, newBudgets, network, limits, drain, accessLog, otlp);
    }

    /**
     * {@return the same with OpenTelemetry}
     *
     * @param url of its receiver, such as {@code http://127.0.0.1:4318}
     */
    public ServerOptions withOtlp(String url) {
        return new ServerOptions(
                models, threads, backend, budgets, network, limits, drain, accessLog, Optional.of(url));
    }
}
