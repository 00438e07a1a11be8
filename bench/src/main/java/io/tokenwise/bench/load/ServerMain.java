package io.tokenwise.bench.load;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.server.ServerOptions;
import io.tokenwise.server.TokenwiseServer;
import io.tokenwise.serving.Control;
import io.tokenwise.testdata.WordNet;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * The process that is under load: a server with one thread and one controller, which also measures the library beside itself when it is told to by a line on
 * stdin.
 */
final class ServerMain {
    /** What it is asked: how long the JVM has compiled, on all its threads; and of the library. */
    static final String COMPILED_SECONDS = "compiled-seconds";

    static final String LIBRARY_ALONE = "library-alone";
    static final String LIBRARY_RATE = "library-rate";

    private static final Duration DRAIN = Duration.ofSeconds(30);

    private ServerMain() {}

    public static void main(String[] args) throws IOException {
        String model = args[0];
        var backend = new BackendChoice(BackendChoice.Kind.AUTO, Precision.valueOf(args[1]));
        Control control = control(Controller.valueOf(args[2]), Duration.ofMillis(Integer.parseInt(args[3])));
        ServerOptions options = ServerOptions.of(0, model)
                .withThreads(1)
                .withBackend(backend)
                .withBudgets(new ServerOptions.Budgets("1", control))
                .withDrain(DRAIN);
        // It would else go on when the generator is killed, and disturb whatever is measured next.
        ProcessHandle.current()
                .parent()
                .ifPresent(generator -> generator.onExit().thenRun(() -> System.exit(1)));
        TokenwiseServer server = TokenwiseServer.start(options);
        Runtime.getRuntime().addShutdownHook(new Thread(server::close));
        System.out.println("listening on http://127.0.0.1:" + server.port());
        listen(model, backend);
    }

    private static Control control(Controller controller, Duration target) {
        double least = ServerOptions.Budgets.defaults().control().share();
        return switch (controller) {
            case NONE -> Control.off();
            case SHEDDING, HALF, ORACLE -> Control.fixed(1);
            case FEEDBACK -> Control.auto(target, least).with(false, true, true);
            case FEED_FORWARD -> Control.auto(target, least).with(true, false, true);
            case BOTH -> Control.auto(target, least);
        };
    }

    /** Until stdin ends; the server goes on until SIGTERM. */
    private static void listen(String model, BackendChoice backend) throws IOException {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Library library = null;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            if (library == null && !line.equals(COMPILED_SECONDS)) {
                library = open(model, backend);
            }
            System.out.println(
                    switch (line) {
                        case COMPILED_SECONDS ->
                            ManagementFactory.getCompilationMXBean().getTotalCompilationTime() / 1e3;
                        case LIBRARY_ALONE -> library.medianMicros();
                        case LIBRARY_RATE -> library.textsPerSecond();
                        default -> throw new IOException("asked for " + line);
                    });
        }
    }

    private static Library open(String model, BackendChoice backend) throws IOException {
        var encoder =
                TextEncoder.open(model, EngineOptions.defaults().withThreads(1).withBackend(backend));
        return new Library(encoder, LoadTexts.of(encoder, WordNet.load()));
    }
}
