package io.tokenwise.cli;

import io.tokenwise.server.ServerOptions;
import io.tokenwise.server.TokenwiseServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

@Command(
        name = "serve",
        header = "Serve models over HTTP.",
        description = {
            "Answers OpenAI's and text-embeddings-inference's clients, over HTTP/1.1 and 2. --model may name several, with commas between, or be given again. Says on stderr"
                    + " when it is ready. SIGTERM or Ctrl-C stops it: what was accepted is answered, then it ends with 0.",
            "A request says its budget by its model's name (minilm-acm@0.5, minilm-acm@auto), the field budget, or the header x-tokenwise-budget."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise serve --model minilm-acm,vit-cifar10-acm --port 8080",
            "  ./tokenwise serve --budget auto --target-millis 50 --least-budget 0.35",
            "  ./tokenwise serve --host 0.0.0.0 --token-file tokens --tls-certificates chain.pem --tls-key key.pem"
        })
final class Serve implements Callable<Integer> {
    @Mixin
    private CommonOptions options = new CommonOptions(WantedModel.SERVED);

    @Spec
    private CommandSpec spec;

    @ArgGroup(validate = false, heading = "%nWhere, and to whom:%n")
    private ServeNetwork network = new ServeNetwork();

    @ArgGroup(validate = false, heading = "%nLimits:%n")
    private ServeLimits limits = new ServeLimits();

    @Option(
            names = "--budget",
            paramLabel = "auto|off|0..1",
            defaultValue = "1",
            description =
                    "Budget of requests that say nothing: a share of the dense model's time, or auto: load decides for single texts, queries, images and speech;"
                            + " lists of texts keep the full budget, as for an index. Requests may say auto in any case, but for off (default: ${DEFAULT-VALUE}).")
    private String budget;

    @Option(
            names = "--target-millis",
            paramLabel = "N",
            defaultValue = "100",
            converter = CommonOptions.CountConverter.class,
            description =
                    "What 99 of 100 answers whose budget load decides shall take at most (default: ${DEFAULT-VALUE}).")
    private int targetMillis;

    @Option(
            names = "--least-budget",
            paramLabel = "0..1",
            defaultValue = "0.35",
            converter = CommonOptions.BudgetConverter.class,
            description =
                    "Load brings budgets down to this at most, then refuses requests (default: ${DEFAULT-VALUE}).")
    private double leastBudget;

    @Option(
            names = "--drain-seconds",
            paramLabel = "N",
            defaultValue = "20",
            converter = DrainConverter.class,
            description = "How long stopping waits for what was accepted, 1 to 60 (default: ${DEFAULT-VALUE}).")
    private int drainSeconds;

    @Option(
            names = "--access-log",
            description = "Log each request on stderr: who, what, status, bytes, milliseconds, model, budget.")
    private boolean accessLog;

    @Option(
            names = "--otlp",
            paramLabel = "URL",
            description =
                    "OpenTelemetry receiver, http://HOST:4318, to send a span for each request to, and metrics; else OTEL_EXPORTER_OTLP_ENDPOINT may name one.")
    private String otlp;

    @Override
    public Integer call() throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        if (accessLog) {
            System.setProperty("org.slf4j.simpleLogger.log.io.tokenwise.server.access", "info");
        }
        try (TokenwiseServer server = start(err)) {
            server.models().forEach(err::println);
            err.println("listening on " + network.address(server.port()));
            awaitStop();
            err.println("stopping: answers what was accepted");
        }
        return ExitCode.OK;
    }

    private TokenwiseServer start(PrintWriter err) throws IOException {
        try {
            return TokenwiseServer.start(serverOptions(), model -> err.println("opening " + model));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    /** Until this thread is interrupted, by which a signal is told. */
    private static void awaitStop() {
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            // Not passed on: what comes now may take time.
        }
    }

    private ServerOptions serverOptions() {
        return new ServerOptions(
                models(),
                options.threads(),
                options.engineOptions().backend(),
                budgets(),
                network.options(),
                limits.options(),
                Duration.ofSeconds(drainSeconds),
                accessLog,
                Optional.ofNullable(otlp));
    }

    private List<String> models() {
        List<String> models = options.models();
        for (String model : models) {
            if (model.isBlank()) {
                throw options.mistake("--model names one that is empty");
            }
            if (Collections.frequency(models, model) > 1) {
                throw options.mistake("--model names " + model + " twice");
            }
        }
        return models;
    }

    private ServerOptions.Budgets budgets() {
        try {
            return ServerOptions.Budgets.of(budget, leastBudget, Duration.ofMillis(targetMillis));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(
                    spec.commandLine(), "--budget must be auto, off or a number from 0 to 1, not '" + budget + "'", e);
        }
    }

    /** Reads the number of a port. */
    static final class PortConverter implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return CommonOptions.whole(text, 0, 65_535);
        }
    }

    /** Reads how long stopping waits. */
    static final class DrainConverter implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return CommonOptions.whole(text, 1, 60);
        }
    }

    /** Reads the name of a file that must be there. */
    static final class FileConverter implements ITypeConverter<Path> {
        @Override
        public Path convert(String text) {
            Path file = Path.of(text);
            if (Files.notExists(file)) {
                throw new TypeConversionException("there is no file " + file);
            }
            return file;
        }
    }

    /** Where it listens, and to whom. */
    static final class ServeNetwork {
        @Option(
                names = "--host",
                paramLabel = "NAME",
                defaultValue = "127.0.0.1",
                description =
                        "Address to listen at; another than loopback needs --token-file or --insecure (default: ${DEFAULT-VALUE}).")
        private String host = "127.0.0.1";

        @Option(
                names = "--port",
                paramLabel = "N",
                defaultValue = "8080",
                converter = PortConverter.class,
                description = "Port to listen at; 0 for any that is free (default: ${DEFAULT-VALUE}).")
        private int port = 8080;

        @Option(
                names = "--token-file",
                paramLabel = "FILE",
                converter = FileConverter.class,
                description =
                        "Bearer tokens, one a line, of which a request must have one. Read again when it changes; chmod 600 it.")
        private Path tokens;

        @Option(names = "--insecure", description = "Let anybody call who can reach the address, without a token.")
        private boolean insecure;

        @Option(
                names = "--tls-certificates",
                paramLabel = "FILE",
                converter = FileConverter.class,
                description = "PEM file with the server's certificate and those that vouch for it: speak HTTPS.")
        private Path certificates;

        @Option(
                names = "--tls-key",
                paramLabel = "FILE",
                converter = FileConverter.class,
                description = "PEM file with its private key, in PKCS#8, not encrypted.")
        private Path key;

        @Option(names = "--no-metrics", description = "Do not answer at /metrics.")
        private boolean noMetrics;

        @Option(names = "--no-page", description = "Do not answer at /.")
        private boolean noPage;

        ServerOptions.Network options() {
            if ((certificates == null) != (key == null)) {
                throw new IllegalArgumentException("--tls-certificates and --tls-key go together: give both");
            }
            return new ServerOptions.Network(
                    host,
                    port,
                    Optional.ofNullable(tokens),
                    Optional.ofNullable(certificates).map(file -> new ServerOptions.Tls(file, key)),
                    insecure,
                    !noMetrics,
                    !noPage);
        }

        String address(int listening) {
            String name = host.contains(":") ? "[" + host + "]" : host;
            return (certificates == null ? "http://" : "https://") + name + ":" + listening;
        }
    }

    /** What one client, or all together, may ask for. */
    static final class ServeLimits {
        private static final ServerOptions.Limits DEFAULTS = ServerOptions.Limits.defaults();

        @Option(
                names = "--max-body-bytes",
                paramLabel = "N",
                converter = CommonOptions.CountConverter.class,
                description = "Size of one request (default: 2000000).")
        private int bodyBytes = DEFAULTS.bodyBytes();

        @Option(
                names = "--max-texts",
                paramLabel = "N",
                converter = CommonOptions.CountConverter.class,
                description = "Texts of one request (default: 2048).")
        private int texts = DEFAULTS.texts();

        @Option(
                names = "--max-connections",
                paramLabel = "N",
                converter = CommonOptions.CountConverter.class,
                description = "Open at the same time; further ones wait (default: 1024).")
        private int connections = DEFAULTS.connections();

        @Option(
                names = "--arrival-seconds",
                paramLabel = "N",
                converter = CommonOptions.CountConverter.class,
                description = "In which a request's head, and then its body, must have come (default: 10).")
        private int arrivalSeconds = (int) DEFAULTS.arrival().toSeconds();

        @Option(
                names = "--idle-seconds",
                paramLabel = "N",
                converter = CommonOptions.CountConverter.class,
                description = "After which a connection without traffic is closed (default: 60).")
        private int idleSeconds = (int) DEFAULTS.idle().toSeconds();

        ServerOptions.Limits options() {
            return new ServerOptions.Limits(
                    bodyBytes,
                    Math.max(DEFAULTS.bodiesBytes(), bodyBytes),
                    Duration.ofSeconds(arrivalSeconds),
                    texts,
                    DEFAULTS.headerBytes(),
                    connections,
                    Duration.ofSeconds(idleSeconds));
        }
    }
}
