package io.tokenwise.bench.load;

import io.tokenwise.api.Precision;
import io.tokenwise.bench.Options;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

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
            defaultValue = "s8",
            converter = Options.PrecisionConverter.class,
            description = "f32, bf16, s8 or s7 (default: ${DEFAULT-VALUE}).")
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
        Options.check(spec, !cost || soakMinutes == null, "give --cost or --soak, not both");
        Options.check(
                spec,
                soakMinutes == null || soakMinutes > 0 && soakMinutes <= 10_000,
                "--soak must be over 0 and at most 10000 minutes");
        List<Load> chosenLoads = chosenLoads();
        List<Controller> chosen = Arrays.stream(Controller.values())
                .filter(controller -> startsWithOne(controller.label(), controllers))
                .toList();
        Options.check(spec, !chosenLoads.isEmpty(), "--load: none has such a name; --help has all");
        Options.check(spec, !chosen.isEmpty(), "--controller: none has such a name; --help has all");
        Cores.pinThisProcess();
        var underLoad = ModelUnderLoad.open(model, precision, targetMillis);
        PrintWriter out = spec.commandLine().getOut();
        boolean holds = cost
                ? cost(underLoad, out)
                : soakMinutes != null ? soak(underLoad, out) : race(underLoad, chosenLoads, chosen, out);
        return holds ? 0 : 1;
    }

    private static boolean cost(ModelUnderLoad underLoad, PrintWriter out) throws IOException, InterruptedException {
        try (var server = new ControlledServer(Controller.SHEDDING, underLoad)) {
            server.warmUp();
            return ServerCost.run(server, underLoad, out);
        }
    }

    private boolean soak(ModelUnderLoad underLoad, PrintWriter out) throws IOException, InterruptedException {
        try (var server = new ControlledServer(Controller.BOTH, underLoad)) {
            server.warmUp();
            double capacity = server.capacity(ControlledServer.CAPACITY_SECONDS);
            return new LoadSoak(server, underLoad, capacity, out).run(soakMinutes);
        }
    }

    private boolean race(ModelUnderLoad underLoad, List<Load> chosenLoads, List<Controller> chosen, PrintWriter out)
            throws IOException, InterruptedException {
        LoadFolder results = LoadFolder.create(folder);
        LoadResults all = new LoadRace(underLoad, chosenLoads, seeds, out).run(chosen, results);
        out.print(all.generator() + LoadBounds.text(all));
        out.flush();
        return LoadBounds.of(all).stream().allMatch(LoadBounds.Bound::holds);
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
}
