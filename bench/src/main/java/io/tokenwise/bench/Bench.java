package io.tokenwise.bench;

import ai.onnxruntime.OrtException;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.VectorBackend;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.nn.Budget;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ./tokenwise bench}: our engine and its peers on the same texts in one run. */
@Command(
        name = "tokenwise bench",
        header = "Measure speed side by side with peers.",
        description = {
            "Times MiniLM in our engine, dense and adaptive, and in ONNX Runtime, float32 and int8, on the same texts.",
            "",
            "All contenders warm up and then take turns, round by round. Only model time counts: from token ids to vectors of"
                    + " length 1. The tokenizer is left out for all; making input tensors, pooling and normalisation are in."
                    + " Before that the run fails unless all float32 engines give the same vectors.",
            "",
            "x ORT and x dense say how many times faster a row is than ONNX Runtime float32 and than our own dense model,"
                    + " by their medians. cosine is the lowest to the dense model's vectors. heap B is what"
                    + " the calling thread allocates on the Java heap in a call."
        },
        subcommands = {BenchCommands.Gemm.class, BenchCommands.Jmh.class},
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise bench                          one thread, budgets 0.25 to 1",
            "  ./tokenwise bench --threads 2 --budget 0.5 --json",
            "  ./tokenwise bench gemm mlp-up-128          matrix products beside ONNX Runtime's",
            "  ./tokenwise bench jmh EncoderBenchmark     whole forwards by JMH; its own options may follow",
            "",
            "Exit codes: 0 done, 1 failed, 2 wrong usage."
        })
public final class Bench implements Callable<Integer> {
    private static final Path DEMO = Path.of("tokenwise-demo");

    @Spec
    private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this help.")
    private boolean help;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description =
                    "The adaptive model (default: the newest that demo left in tokenwise-demo; without one, MiniLM with"
                            + " untrained learners of static width).")
    private Path model;

    private List<Double> budgets;
    private int threads;
    private int rounds;
    private double warmUp;

    @Option(names = "--json", description = "Print one JSON object on stdout; everything else goes to stderr.")
    private boolean json;

    @Option(names = "--verbose", scope = CommandLine.ScopeType.INHERIT, description = "Show where a failure happened.")
    private boolean verbose;

    @Option(
            names = "--budget",
            paramLabel = "0..1",
            split = ",",
            defaultValue = "0.25,0.5,0.75,1",
            description = "Budgets of the adaptive model (default: ${DEFAULT-VALUE}).")
    void setBudgets(List<Double> chosen) {
        for (double budget : chosen) {
            check(budget >= 0 && budget <= 1, "--budget " + budget + " is outside 0..1");
        }
        budgets = chosen;
    }

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "1",
            description = "Threads that compute in each engine, the caller among them (default: ${DEFAULT-VALUE}).")
    void setThreads(int count) {
        check(count >= 1, "--threads must be 1 or more, not " + count);
        threads = count;
    }

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "20",
            description = "Turns of each contender (default: ${DEFAULT-VALUE}).")
    void setRounds(int count) {
        check(count >= 1, "--rounds must be 1 or more, not " + count);
        rounds = count;
    }

    @Option(
            names = "--warm-up",
            paramLabel = "SECONDS",
            defaultValue = "1.5",
            description = "Warm-up of each contender in each scenario (default: ${DEFAULT-VALUE}).")
    void setWarmUp(double seconds) {
        check(seconds >= 0 && seconds <= 3600, "--warm-up must be 0 to 3600 seconds, not " + seconds);
        warmUp = seconds;
    }

    private void check(boolean good, String otherwise) {
        if (!good) {
            throw new ParameterException(spec.commandLine(), otherwise);
        }
    }

    /** Runs the command line and ends the JVM with its exit code. */
    public static void main(String[] args) {
        var out = new PrintWriter(System.out, true);
        var err = new PrintWriter(System.err, true);
        System.exit(commandLine(out, err).execute(args));
    }

    /** The command, ready to execute; results go to {@code out} and all else to {@code err}. */
    static CommandLine commandLine(PrintWriter out, PrintWriter err) {
        return new CommandLine(new Bench())
                .setOut(out)
                .setErr(err)
                .setUsageHelpWidth(100)
                .setParameterExceptionHandler((mistake, _) -> {
                    String name = mistake.getCommandLine().getCommandSpec().qualifiedName();
                    err.println(name + ": " + oneLine(mistake.getMessage()) + " (" + name
                            + " --help says what is possible)");
                    return CommandLine.ExitCode.USAGE;
                })
                .setExecutionExceptionHandler((failure, command, parsed) -> {
                    String message = failure.getMessage() == null ? failure.toString() : failure.getMessage();
                    err.println(command.getCommandSpec().qualifiedName() + ": " + oneLine(message));
                    if (parsed.originalArgs().contains("--verbose")) {
                        failure.printStackTrace(err);
                    }
                    return CommandLine.ExitCode.SOFTWARE;
                });
    }

    private static String oneLine(String message) {
        return message.strip().replaceAll("\\s*\\R\\s*", "; ");
    }

    @Override
    public Integer call() throws IOException, OrtException {
        Optional<Path> saved = model == null ? newestModel(DEMO) : Optional.of(model);
        List<Scenario> scenarios;
        List<int[]> sample;
        try (ModelFiles minilm = ModelFiles.builtIn("minilm")) {
            scenarios = Scenario.all(minilm.tokenizer());
            sample = Scenario.sample(minilm.tokenizer());
        }
        try (Backend backend = VectorBackend.open(threads);
                OwnModel adaptive = saved.isPresent()
                        ? OwnModel.adaptive(saved.get(), backend)
                        : OwnModel.untrained(backend, sample);
                OwnModel dense = OwnModel.dense(backend);
                OrtModel float32 = new OrtModel("all-minilm-l6-v2.onnx", threads);
                OrtModel int8 = new OrtModel("all-minilm-l6-v2-q.onnx", threads)) {
            var contenders = new ArrayList<Contender>();
            contenders.add(float32.contender("ONNX Runtime float32", "f32"));
            contenders.add(int8.contender("ONNX Runtime int8", "int8"));
            contenders.add(dense.contender("dense", Budget.FULL, true));
            for (double budget : budgets) {
                contenders.add(
                        saved.isPresent()
                                ? adaptive.contender("acm", Budget.of(budget), false)
                                : adaptive.contender("acm (untrained, static)", Budget.fixed(budget), budget == 1));
            }
            print(new Results(
                    cpu(),
                    Runtime.version().toString(),
                    notes(saved, scenarios, backend),
                    race(scenarios, contenders)));
        }
        return 0;
    }

    private List<Results.Row> race(List<Scenario> scenarios, List<Contender> contenders) {
        var race = new Race(rounds, (long) (warmUp * 1e9));
        PrintWriter err = spec.commandLine().getErr();
        var rows = new ArrayList<Results.Row>();
        for (Scenario scenario : scenarios) {
            err.println(
                    "measures " + scenario.name() + ": " + contenders.size() + " contenders, " + rounds + " rounds");
            race.run(scenario, contenders.getFirst(), contenders)
                    .forEach(timing -> rows.add(Results.Row.of(scenario, threads, timing)));
        }
        return rows;
    }

    private void print(Results results) {
        PrintWriter out = spec.commandLine().getOut();
        out.print(json ? results.asJson() + System.lineSeparator() : results.asTable());
        out.flush();
    }

    private List<String> notes(Optional<Path> saved, List<Scenario> scenarios, Backend backend) {
        var notes = new ArrayList<String>();
        notes.add(
                "Model time only, token ids in, vectors out: input tensors, pooling and normalisation count, the tokenizer"
                        + " does not.");
        notes.add("Tokenwise: " + backend.name() + ", " + threads + " thread(s), workers park when idle.");
        notes.add("ONNX Runtime " + OrtModel.version() + ": all optimizations, " + threads
                + " intra-op thread(s), which spin during a call (its default) but not after it"
                + " (session.force_spinning_stop); padded batches of " + OrtModel.BATCH + " texts ordered by length.");
        notes.add(
                saved.isPresent()
                        ? "acm: " + saved.get() + ", routed by its gates; at budget 1 every learner runs."
                        : "acm (untrained, static): no saved model was found. Every token gets the same number of learners: gates"
                                + " and grouping cost nothing here, and the quality is that of no training at all.");
        notes.add("p50, p95, p99 of the calls of " + rounds + " interleaved rounds after " + warmUp
                + " s of warm-up for each contender.");
        scenarios.forEach(scenario -> notes.add(scenario.name() + ": " + scenario.what() + "."));
        return notes;
    }

    /** The model directory within a folder, or the folder itself, whose config.json was written last. */
    static Optional<Path> newestModel(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return Optional.empty();
        }
        try (Stream<Path> files = Files.walk(folder, 2)) {
            return files.filter(file -> file.endsWith("config.json"))
                    .map(Path::getParent)
                    .filter(directory -> Files.exists(directory.resolve("model.safetensors")))
                    .max(Comparator.comparing(directory ->
                            directory.resolve("config.json").toFile().lastModified()));
        }
    }

    private static String cpu() throws IOException {
        Path info = Path.of("/proc/cpuinfo");
        if (Files.exists(info)) {
            try (Stream<String> lines = Files.lines(info)) {
                Optional<String> name = lines.filter(line -> line.startsWith("model name"))
                        .map(line -> line.substring(line.indexOf(':') + 1).strip())
                        .findFirst();
                if (name.isPresent()) {
                    return name.get();
                }
            }
        }
        return System.getProperty("os.arch");
    }
}
