package io.tokenwise.bench;

import ai.onnxruntime.OrtException;
import io.tokenwise.bench.faults.FaultsCommand;
import io.tokenwise.bench.load.LoadCommand;
import io.tokenwise.bench.scale.ScaleCommand;
import io.tokenwise.bench.soak.SoakCommand;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ./tokenwise bench}: our engine and its peers on the same texts in one run. */
@Command(
        name = "tokenwise bench",
        header = "Measure speed and quality side by side with peers.",
        description = {
            "Times MiniLM in our engine, dense and adaptive, in ONNX Runtime, float32 and int8, and in libtorch, on the"
                    + " same texts.",
            "",
            "All contenders warm up and then take turns, round by round. Only model time counts: from token ids to"
                    + " vectors of length 1. The tokenizer is left out for all; making input tensors, pooling and"
                    + " normalisation are in. Before that the run fails unless all float32 engines give the same vectors.",
            "",
            "spent: the share of the replaced layers' FLOPs that learners and gates cost on the scenario's texts. x"
                    + " f32, x int8, x dense: how many times the tokens per second of ONNX Runtime float32 and int8, and"
                    + " of our own dense model in the same backend and precision. cosine: the lowest to the dense model's"
                    + " vectors of the scenario's texts; mean c, low c: mean and lowest on held-out text; STS-B: Spearman"
                    + " on its development set. CPU s/1k: processor seconds of all threads for 1,000 texts. heap B: what"
                    + " the calling thread allocates on the Java heap in a call."
        },
        subcommands = {
            BenchCommands.Gemm.class,
            BenchCommands.Dispatch.class,
            BenchCommands.Window.class,
            CostCommand.class,
            BenchCommands.Train.class,
            BenchCommands.Vit.class,
            FamiliesCommand.class,
            CudaCommand.class,
            BenchCommands.Speech.class,
            BenchCommands.Tokenizers.class,
            FrontierCommand.class,
            SoakCommand.class,
            FaultsCommand.class,
            LoadCommand.class,
            ScaleCommand.class,
            BenchCommands.Jmh.class
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise bench                          one thread, all scenarios, budgets 0.25 to 1",
            "  ./tokenwise bench --full --picture q.svg   1 and 2 threads, peak memory, a picture",
            "  ./tokenwise bench --only dense,int8 --scenario query-16 --json",
            "  ./tokenwise bench gemm mlp-up-128          matrix products beside ONNX Runtime's and oneDNN's",
            "  ./tokenwise bench dispatch                 what grouping tokens by learner count costs",
            "  ./tokenwise bench window                   attention in a window beside attention to all",
            "  ./tokenwise bench cost                     predicted beside measured time",
            "  ./tokenwise bench vit                      a Vision Transformer at some budgets",
            "  ./tokenwise bench families --only nomic    other families of text models beside ONNX Runtime",
            "  ./tokenwise bench cuda                     backend cuda on a card: checks and tables",
            "  ./tokenwise bench speech --engine onednn-s8",
            "                                             Moonshine beside ONNX Runtime",
            "  ./tokenwise bench tokenizers gemma3        tokenizers beside Hugging Face's library",
            "  ./tokenwise bench frontier                 quality against measured time, ours and rivals",
            "  ./tokenwise bench train                    distillation steps beside libtorch's",
            "  ./tokenwise bench soak --hours 2           everything at once, with faults: is memory flat?",
            "  ./tokenwise bench faults                   trainings that are killed: do they end the same?",
            "  ./tokenwise bench load                     a server under load: who holds a latency target",
            "  ./tokenwise bench scale                    billions of texts on a cluster, simulated",
            "  ./tokenwise bench jmh EncoderBenchmark     whole forwards by JMH; its own options may follow",
            "",
            "Exit codes: 0 done, 1 failed, 2 wrong usage."
        })
public final class Bench implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private Options.Help help;

    @Mixin
    private Options.Turns turns;

    @Mixin
    private Options.AdaptiveModel model;

    private List<String> scenarioNames;

    @Option(
            names = "--only",
            paramLabel = "TEXT",
            split = ",",
            defaultValue = "",
            description = "Contenders whose name contains one of these texts, as onnxruntime-int8, libtorch-f32,"
                    + " dense-vector-f32, acm-vector-f32-0.5 (default: all).")
    private List<String> only;

    @Option(names = "--full", description = "The same as --threads 1,2 --memory.")
    private boolean full;

    @Option(
            names = "--memory",
            description = "Measure each contender's peak memory too, in a process of its own that runs the bulk.")
    private boolean memory;

    @Option(names = "--no-quality", description = "Leave out mean and lowest cosine on held-out text and STS-B.")
    private boolean noQuality;

    @Option(names = "--picture", paramLabel = "FILE.svg", description = "Draw quality against latency.")
    private Path picture;

    @Option(names = "--json", description = "Print one JSON object on stdout; everything else goes to stderr.")
    private boolean json;

    @Option(names = "--verbose", scope = CommandLine.ScopeType.INHERIT, description = "Show where a failure happened.")
    private boolean verbose;

    @Option(
            names = "--budget",
            paramLabel = "0..1",
            split = ",",
            converter = Options.BudgetConverter.class,
            defaultValue = "0.25,0.5,0.75,1",
            description = "Budgets of the adaptive model (default: ${DEFAULT-VALUE}).")
    private List<Double> budgets;

    @Mixin
    private Options.Threads threads;

    @Option(
            names = "--scenario",
            paramLabel = "NAME",
            split = ",",
            defaultValue = "query-16,passage-128,bulk,callers-8",
            description = "Scenarios to run (default: ${DEFAULT-VALUE}).")
    void setScenarios(List<String> names) {
        for (String name : names) {
            Options.check(
                    spec,
                    Scenario.NAMES.contains(name),
                    "--scenario: there is none called " + name + "; there are " + String.join(", ", Scenario.NAMES));
        }
        scenarioNames = names;
    }

    /** Runs the command line and ends the JVM with its exit code. */
    public static void main(String[] args) {
        var out = new PrintWriter(System.out, true);
        var err = new PrintWriter(System.err, true);
        System.exit(commandLine(out, err).execute(args));
    }

    /** The command, ready to execute; results go to {@code out} and all else to {@code err}. */
    static CommandLine commandLine(PrintWriter out, PrintWriter err) {
        return commandLine(new Bench(), out, err);
    }

    /** The same of one of the commands alone. */
    static CommandLine commandLine(Object program, PrintWriter out, PrintWriter err) {
        return new CommandLine(program)
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
        Optional<Path> adaptive = model.find();
        List<Scenario> scenarios;
        Optional<Quality.Texts> heldOut;
        try (ModelFiles minilm = Models.builtIn("minilm")) {
            scenarios = Scenario.all(minilm.tokenizer()).stream()
                    .filter(scenario -> scenarioNames.contains(scenario.name()))
                    .toList();
            heldOut = noQuality ? Optional.empty() : Optional.of(Quality.Texts.find(minilm.tokenizer()));
        }
        var run = new SideBySide(
                full ? List.of(1, 2) : threads.counts(),
                scenarios,
                only,
                budgets,
                adaptive,
                new Race(turns.rounds(), turns.warmUpNanos()),
                heldOut,
                full || memory,
                spec.commandLine().getErr());
        Results results = run.run();
        if (picture != null) {
            Picture.write(results, picture);
        }
        PrintWriter out = spec.commandLine().getOut();
        out.print(json ? results.asJson() + System.lineSeparator() : results.asTable());
        out.flush();
        return 0;
    }
}
