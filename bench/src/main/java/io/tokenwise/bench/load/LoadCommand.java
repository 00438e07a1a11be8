package io.tokenwise.bench.load;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.bench.Options;
import io.tokenwise.io.AtomicFiles;
import io.tokenwise.io.Processor;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** {@code ./tokenwise bench load}: a latency target under load, by each controller. */
@Command(
        name = "load",
        header = "A server under open-loop load: who holds the latency target, and at which quality.",
        description = {
            "Serves a model on one core and sends it single texts of 16 to 128 tokens from the other, when they are due and"
                    + " whatever became of earlier ones; latency counts from when a request was due. Rates are multiples of what"
                    + " the server answers at full budget. One request in 20 is pinned to full budget: its vector must have the library's"
                    + " bits.",
            "",
            "Writes load.json, load.svg and load.txt. Exit code 1 if what issue 24 asks for does not hold."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise bench load                     all loads and controllers, three seeds: an hour",
            "  ./tokenwise bench load --seeds 1 --load 1.3,2,step --controller shedding,both",
            "  ./tokenwise bench load --cost              what HTTP costs beside the library",
            "  ./tokenwise bench load --soak 60           an hour at 1.5 beside bad clients"
        })
public final class LoadCommand implements Callable<Integer> {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int CONNECTIONS = 1000;
    private static final int UNDER_WAY = 64;
    private static final double CAPACITY_SECONDS = 6;
    private static final double WARM_UP_SECONDS = 20;
    private static final double OVERLOAD = 1.3;

    /** Between two runs: what is left of the last one is over. */
    private static final long PAUSE_MILLIS = 500;

    @Spec
    private CommandSpec spec;

    @Mixin
    private Options.Help help;

    @Option(
            names = "--model",
            paramLabel = "NAME",
            defaultValue = "minilm-acm",
            description = "A text encoder whose tokens leave (default: ${DEFAULT-VALUE}).")
    private String model;

    @Option(
            names = "--precision",
            paramLabel = "P",
            defaultValue = "S8",
            description = "f32, bf16 or s8 (default: s8).")
    private Precision precision;

    @Option(
            names = "--target-millis",
            paramLabel = "MS",
            converter = Options.CountConverter.class,
            defaultValue = "50",
            description = "Within which 99 %% are to be answered (default: ${DEFAULT-VALUE}).")
    private int targetMillis;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            converter = Options.CountConverter.class,
            defaultValue = "10",
            description = "Of a phase of a load (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Option(
            names = "--seeds",
            paramLabel = "N",
            converter = Options.CountConverter.class,
            defaultValue = "3",
            description = "Arrivals that each controller gets (default: ${DEFAULT-VALUE}).")
    private int seeds;

    @Option(
            names = "--load",
            paramLabel = "TEXT",
            split = ",",
            defaultValue = "",
            description =
                    "Loads whose name begins so: 0.5, 0.8, 1.0, 1.3, 1.5, 2.0, step, burst, noisy (default: all).")
    private List<String> loads;

    @Option(
            names = "--controller",
            paramLabel = "TEXT",
            split = ",",
            defaultValue = "",
            description =
                    "Controllers whose name begins so: none, shedding, fixed, feedback, feed-forward, both, oracle (default:"
                            + " all).")
    private List<String> controllers;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "load",
            description = "Where results go (default: ${DEFAULT-VALUE}).")
    private Path folder;

    @Option(names = "--cost", description = "Only what HTTP costs beside the library.")
    private boolean cost;

    @Option(
            names = "--soak",
            paramLabel = "MINUTES",
            description = "Only a server at 1.5 for so long, beside clients that vanish, send garbage, or send slowly.")
    private Double soakMinutes;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (soakMinutes != null && !(soakMinutes > 0 && soakMinutes <= 10_000)) {
            throw new ParameterException(spec.commandLine(), "--soak must be over 0 and at most 10000 minutes");
        }
        Cores.pinThisProcess();
        PrintWriter out = spec.commandLine().getOut();
        LoadTexts texts = texts();
        if (cost) {
            return cost(texts, out) ? 0 : 1;
        }
        return (soakMinutes != null ? soak(texts, out) : race(texts, out)) ? 0 : 1;
    }

    /** On one thread, as the server computes. */
    private LoadTexts texts() throws IOException {
        var options = EngineOptions.defaults()
                .withThreads(1)
                .withBackend(new BackendChoice(BackendChoice.Kind.AUTO, precision));
        try (TextEncoder encoder = TextEncoder.open(model, options)) {
            return LoadTexts.of(encoder, WordNet.load());
        }
    }

    private ServedProcess serve(Controller controller) throws IOException {
        return new ServedProcess(List.of(model, precision.name(), controller.name(), String.valueOf(targetMillis)));
    }

    private boolean cost(LoadTexts texts, PrintWriter out) throws IOException, InterruptedException {
        try (ServedProcess server = serve(Controller.SHEDDING);
                var connections = new Connections(server.port(), CONNECTIONS)) {
            capacity(connections, texts, WARM_UP_SECONDS);
            return ServerCost.run(server, connections, texts, model + "@1", out);
        }
    }

    private boolean soak(LoadTexts texts, PrintWriter out) throws IOException, InterruptedException {
        Controller both = Controller.BOTH;
        try (ServedProcess server = serve(both)) {
            double capacity;
            try (var connections = new Connections(server.port(), CONNECTIONS)) {
                capacity(connections, texts, WARM_UP_SECONDS);
                capacity = capacity(connections, texts, CAPACITY_SECONDS);
            }
            Load load = Load.poisson(1, 1);
            return new LoadSoak(
                            server,
                            texts,
                            arrival -> request(both, load, arrival, texts),
                            capacity,
                            targetMillis * 1_000_000L,
                            out)
                    .run(soakMinutes, CONNECTIONS);
        }
    }

    /** Each controller has a server of its own; capacity is that of the first one, the same for all. */
    private boolean race(LoadTexts texts, PrintWriter out) throws IOException, InterruptedException {
        List<Load> chosenLoads = chosenLoads();
        List<Controller> chosen = Arrays.stream(Controller.values())
                .filter(controller -> startsWithOne(controller.label(), controllers))
                .toList();
        if (chosenLoads.isEmpty() || chosen.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "no load or no controller has such a name; see --help");
        }
        var rows = new ArrayList<LoadRow>();
        double capacity = 0;
        for (Controller controller : chosen) {
            try (ServedProcess server = serve(controller);
                    var connections = new Connections(server.port(), CONNECTIONS)) {
                capacity(connections, texts, WARM_UP_SECONDS);
                double measured = capacity(connections, texts, CAPACITY_SECONDS);
                capacity = capacity == 0 ? measured : capacity;
                out.printf(
                        "%s (%s): %.0f requests a second at full budget%n",
                        controller.label(), controller.what(), measured);
                out.flush();
                // What only overload runs is slow at first: C2 compiles it on the server's core.
                run(controller, Load.poisson(OVERLOAD, WARM_UP_SECONDS), seeds, capacity, connections, texts);
                for (Load load : chosenLoads) {
                    for (int seed = 0; seed < seeds; seed++) {
                        rows.add(run(controller, load, seed, capacity, connections, texts));
                    }
                }
            }
        }
        var results = new LoadResults(
                Processor.name(),
                System.getProperty("java.version"),
                model + " " + precision.label(),
                targetMillis,
                capacity,
                rows);
        return report(results, out);
    }

    private LoadRow run(
            Controller controller, Load load, int seed, double capacity, Connections connections, LoadTexts texts)
            throws InterruptedException {
        Thread.sleep(PAUSE_MILLIS);
        List<Arrival> arrivals = Arrival.of(load, capacity, texts.texts().size(), seed);
        Thread neighbour = load.neighbourPhase() < 0
                ? null
                : NoisyNeighbour.during(
                        load.begin(load.neighbourPhase()),
                        load.phases().get(load.neighbourPhase()).seconds());
        Outcome[] outcomes =
                new OpenLoop(connections, texts).run(arrivals, arrival -> request(controller, load, arrival, texts));
        if (neighbour != null) {
            neighbour.join();
        }
        return LoadRow.of(load, controller, seed, outcomes, targetMillis * 1_000_000L);
    }

    /** Those who shed are told by when an answer is wanted; who does not, is not asked to hurry. */
    private byte[] request(Controller controller, Load load, Arrival arrival, LoadTexts texts) {
        return EmbeddingCall.request(
                model + "@" + controller.budget(load, arrival),
                List.of(texts.texts().get(arrival.text())),
                controller == Controller.NONE ? 0 : targetMillis);
    }

    private double capacity(Connections connections, LoadTexts texts, double forSeconds)
            throws IOException, InterruptedException {
        List<byte[]> requests = texts.texts().stream()
                .map(text -> EmbeddingCall.request(model + "@1", List.of(text), 0))
                .toList();
        return Capacity.perSecond(connections, requests, UNDER_WAY, forSeconds);
    }

    private List<Load> chosenLoads() {
        List<Load> all = List.of(
                Load.poisson(0.5, seconds),
                Load.poisson(0.8, seconds),
                Load.poisson(1, seconds),
                Load.poisson(1.3, seconds),
                Load.poisson(1.5, seconds),
                Load.poisson(2, seconds),
                Load.step(seconds),
                Load.burst(seconds),
                Load.neighbour(seconds));
        return all.stream().filter(load -> startsWithOne(load.name(), loads)).toList();
    }

    private static boolean startsWithOne(String name, List<String> starts) {
        return starts.stream().anyMatch(name::startsWith);
    }

    private boolean report(LoadResults results, PrintWriter out) throws IOException {
        var text = new StringBuilder(results.table());
        List<LoadBounds.Bound> bounds = LoadBounds.of(results);
        bounds.forEach(bound -> text.append(bound.line()).append(System.lineSeparator()));
        out.print(text);
        out.flush();
        Files.createDirectories(folder);
        write("load.json", JSON.writeValueAsBytes(results));
        write("load.svg", LoadPicture.svg(results).getBytes(StandardCharsets.UTF_8));
        write("load.txt", text.toString().getBytes(StandardCharsets.UTF_8));
        return bounds.stream().allMatch(LoadBounds.Bound::holds);
    }

    private void write(String name, byte[] content) throws IOException {
        AtomicFiles.write(folder.resolve(name), stream -> stream.write(content));
    }
}
