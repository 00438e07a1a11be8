package io.tokenwise.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "cost",
        header = "Predicted beside measured time of a model's dense forward, one thread.",
        description = "One text a call. The prediction is from the table that a service would use: measured"
                + " on this machine and kept in the cache folder, or else what comes with the build.")
final class CostCommand implements Callable<Integer> {
    private static final long WARM_UP_NANOS = 500_000_000L;
    private static final long TURN_NANOS = 20_000_000L;

    @Spec
    private CommandSpec spec;

    @Mixin
    private Options.Help help;

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            defaultValue = "minilm",
            description =
                    "A text encoder's folder or built-in name; one whose tokens leave runs at .85, .7, .5 and .35 too (default: ${DEFAULT-VALUE}).")
    private String model;

    @Option(
            names = "--engine",
            paramLabel = "NAME",
            split = ",",
            converter = Options.EngineConverter.class,
            description =
                    "Backends and precisions (default: vector-f32, onednn-bf16 and onednn-s8, as far as the CPU has them).")
    private List<OwnEngine> engines;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            split = ",",
            converter = Options.CountConverter.class,
            defaultValue = "16,32,64,128,256",
            description = "Lengths of texts, as far as the model takes them (default: ${DEFAULT-VALUE}).")
    private List<Integer> tokens;

    @Option(names = "--measure", description = "Measure tables for the model's sizes first, and keep them.")
    private boolean measure;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            converter = Options.CountConverter.class,
            defaultValue = "21",
            description = "Turns of each engine and length (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(
            names = "--ship",
            paramLabel = "DIR",
            description =
                    "Instead, write the tables that come with the build into this folder, each measured in a process of its own.")
    private Path ship;

    @Option(names = "--json", description = "Print one JSON object on stdout; everything else goes to stderr.")
    private boolean json;

    @Override
    public Integer call() throws IOException, InterruptedException {
        PrintWriter err = spec.commandLine().getErr();
        if (ship != null) {
            ShippedTables.write(ship, err);
            return 0;
        }
        var times = new Interleaved(rounds, WARM_UP_NANOS, TURN_NANOS);
        List<OwnEngine> chosen = engines == null ? OwnEngine.unasked() : engines;
        CostResults results = new CostBench(model, chosen, tokens, measure, times, err).run();
        PrintWriter out = spec.commandLine().getOut();
        out.print(json ? results.asJson() + System.lineSeparator() : results.asTable());
        out.flush();
        return 0;
    }
}
