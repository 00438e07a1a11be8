package io.tokenwise.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "soak",
        header = "Mixed calls for a long time: memory must stay flat, and results the same.",
        description =
                "Dense and adaptive MiniLM in every engine that this machine can run, single texts and lists, changing"
                        + " budgets, several callers, encoders that open and close meanwhile; paced to a quarter of a core. Exit"
                        + " code 1 if a call fails, a vector changes, or resident memory grows too much after the first tenth.")
final class SoakCommand implements Callable<Integer> {
    private static final long MEBIBYTE = 1 << 20;

    @Spec
    private CommandSpec spec;

    @Mixin
    private Options.Help help;

    @Option(
            names = "--minutes",
            paramLabel = "M",
            defaultValue = "60",
            description = "How long (default: ${DEFAULT-VALUE}).")
    private double minutes;

    @Option(
            names = "--warm-up",
            paramLabel = "CALLS",
            defaultValue = "1000",
            description = "Calls of each encoder before the time begins (default: ${DEFAULT-VALUE}).")
    private int warmUp;

    @Option(
            names = "--growth",
            paramLabel = "MIB",
            defaultValue = "64",
            description =
                    "What resident memory may grow by after the first tenth of the time (default: ${DEFAULT-VALUE}).")
    private long growth;

    @Option(
            names = "--engine",
            paramLabel = "NAME",
            split = ",",
            converter = Options.EngineConverter.class,
            description = "Backends and precisions (default: all that this machine can run).")
    private List<OwnEngine> named;

    @Mixin
    private Options.AdaptiveModel model;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (!(minutes > 0 && minutes <= 10_000) || growth < 0 || warmUp < 0) {
            throw new ParameterException(
                    spec.commandLine(), "--minutes must be over 0 and at most 10000, --growth and --warm-up 0 or more");
        }
        if (!PeakMemory.isAvailable()) {
            throw new IOException("soak reads resident memory from /proc, which this system does not have");
        }
        List<OwnEngine> engines = named == null
                ? OwnEngine.all().stream()
                        .filter(engine -> engine.refusal().isEmpty())
                        .toList()
                : named;
        Optional<Path> adaptive = model.find();
        if (adaptive.isPresent()) {
            return soak(engines, adaptive.get());
        }
        try (var folder = TemporaryFolder.create("tokenwise-soak-")) {
            Path untrained = folder.path().resolve("untrained");
            Soak.saveUntrained(untrained);
            return soak(engines, untrained);
        }
    }

    private int soak(List<OwnEngine> engines, Path adaptive) throws IOException, InterruptedException {
        try (var soak = new Soak(
                engines,
                List.of("minilm", adaptive.toString()),
                spec.commandLine().getOut())) {
            return soak.run(warmUp, minutes, growth * MEBIBYTE) ? 0 : 1;
        }
    }
}
