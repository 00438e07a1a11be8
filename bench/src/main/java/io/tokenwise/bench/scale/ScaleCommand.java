package io.tokenwise.bench.scale;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.bench.Options;
import io.tokenwise.cost.CostTables;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code ./tokenwise bench scale}: jobs over billions of texts, simulated. */
@Command(
        name = "scale",
        header = "What vectors of billions of texts cost on a cluster: a simulation on measured costs.",
        description = {
            "Predicts what a text takes on one core, from a table of measured times, and simulates a Spark job of such"
                    + " texts: executors that start, open the model, warm up and die; tasks that the driver launches, that"
                    + " read, compute and write; an object store that all share. Prints a row for each number of texts,"
                    + " cluster, size of partitions and budget, and first what was measured and what is assumed: each"
                    + " assumption is an option.",
            "",
            "core-hours: all cores from the first start to the last end. moving: reading, writing, and waiting for the"
                    + " store. slow: what stragglers take longer. lost: work of tasks whose executor died. bound by: what"
                    + " most of the cores' time went to."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise bench scale --texts TEXTS --measure --executors 100 --cores 8",
            "  ./tokenwise bench scale --tokens 128 --store-rate 2000",
            "  ./tokenwise bench scale --texts TEXTS --check spark/target/cluster/result.json"
        })
public final class ScaleCommand implements Callable<Integer> {
    /** A pass of each budget over so many tokens takes a few seconds. */
    private static final int MEASURED_TOKENS = 1 << 16;

    /** Of a row beside its text, as it is read and written: its number. */
    private static final int ID_BYTES = 8;

    private static final long MOST_TEXTS = 100_000_000_000_000L;

    @Spec
    private CommandSpec spec;

    @Mixin
    private Options.Help help;

    @Option(names = "--texts", paramLabel = "FILE", description = "A text a line, of which some are drawn.")
    private Path texts;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            split = ",",
            converter = Options.CountConverter.class,
            description = "Instead, texts of these lengths, equally many of each (default: twenty lengths, each of a"
                    + " twentieth of minilm-acm's training texts).")
    private List<Integer> tokens;

    @Option(
            names = "--count",
            paramLabel = "N",
            split = ",",
            defaultValue = "1e9,1e10,1e11",
            converter = LargeCountConverter.class,
            description = "How many texts (default: ${DEFAULT-VALUE}).")
    private List<Long> counts;

    @Option(
            names = "--budget",
            paramLabel = "0..1",
            split = ",",
            defaultValue = "1,0.7,0.5,0.35",
            converter = Options.BudgetConverter.class,
            description = "Shares of the dense model's time (default: ${DEFAULT-VALUE}).")
    private List<Double> budgets;

    @Option(
            names = "--partition",
            paramLabel = "N",
            split = ",",
            defaultValue = "100000",
            converter = Options.CountConverter.class,
            description = "Texts of a task (default: ${DEFAULT-VALUE}).")
    private List<Integer> partitions;

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            defaultValue = "minilm-acm",
            description = "A text encoder's folder or built-in name (default: ${DEFAULT-VALUE}).")
    private String model;

    @Option(
            names = "--precision",
            paramLabel = "P",
            converter = Options.PrecisionConverter.class,
            description = "f32, bf16, s8 or s7 (default: the fastest here, as in Spark).")
    private Precision precision;

    @Option(
            names = "--table",
            paramLabel = "NAME",
            description = "Costs of another CPU, one of the tables that come with the build, as"
                    + " onednn-avx512_core_vnni-s8 (default: that of this machine).")
    private String table;

    @Option(
            names = "--measure",
            description = "Measure first what such texts take here in chunks as Spark's tasks make them, on all"
                    + " processors at once, and scale the predictions by it.")
    private boolean measure;

    @Option(
            names = "--row-micros",
            paramLabel = "US",
            defaultValue = "20",
            converter = ClusterOptions.AmountConverter.class,
            description = "What a row takes in Spark beside the model (default: ${DEFAULT-VALUE}).")
    private double rowMicros;

    @Option(
            names = "--vector",
            paramLabel = "F",
            defaultValue = "f32",
            converter = VectorFormConverter.class,
            description = "f32, s8 or bit: what is written of a dimension (default: ${DEFAULT-VALUE}).")
    private VectorForm vector;

    @Option(names = "--shuffle", description = "Deal rows out to other tasks first, as repartition does.")
    private boolean shuffle;

    @Option(
            names = "--price",
            paramLabel = "P",
            converter = ClusterOptions.AmountConverter.class,
            description = "What you pay for a core-hour: one column more.")
    private Double price;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "Of all that is drawn (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--check",
            paramLabel = "FILE",
            description = "Instead, measure as --measure does and set a prediction beside what spark/cluster measured,"
                    + " its result.json; wants the same --texts. Exit code 1 if they differ by more than 15 %%.")
    private Path check;

    @Mixin
    private ClusterOptions clusters;

    /** Reads the name of a form of vectors. */
    static final class VectorFormConverter implements ITypeConverter<VectorForm> {
        @Override
        public VectorForm convert(String text) {
            return switch (text) {
                case "f32" -> VectorForm.F32;
                case "s8" -> VectorForm.S8;
                case "bit" -> VectorForm.BIT;
                default -> throw new TypeConversionException("give f32, s8 or bit, not '" + text + "'");
            };
        }
    }

    /** Reads a number of texts, as 1e9. */
    static final class LargeCountConverter implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            try {
                double count = Double.parseDouble(text);
                if (count >= 1 && count <= MOST_TEXTS && count == Math.rint(count)) {
                    return (long) count;
                }
                throw new TypeConversionException("must be a whole number from 1 to 1e14, not " + text);
            } catch (NumberFormatException e) {
                throw new TypeConversionException("'" + text + "' is no number, such as 1e9");
            }
        }
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Options.check(spec, texts == null || tokens == null, "give --texts or --tokens, not both");
        Options.check(spec, check == null || texts != null, "--check wants --texts, the file that spark/cluster had");
        Options.check(
                spec,
                table == null || !measure && check == null,
                "--table is for another CPU: nothing can be measured of it here");
        Options.check(
                spec,
                table == null || CostTables.SHIPPED.contains(table),
                "--table: there is none called " + table + "; there are " + String.join(", ", CostTables.SHIPPED));
        List<Cluster> machines = clusters.all();
        int threads = Runtime.getRuntime().availableProcessors();
        var options = EngineOptions.defaults()
                .withThreads(1)
                .withConcurrentCalls(threads)
                .withBackend(new BackendChoice(BackendChoice.Kind.AUTO, precision));
        try (TextEncoder encoder = TextEncoder.open(model, options)) {
            var costs = new Costs(encoder, table);
            return check == null ? simulate(encoder, machines, costs) : check(encoder, costs);
        }
    }

    private SampledTexts sample(TextEncoder encoder) throws IOException {
        var tokenizer = encoder.model().files().tokenizer();
        return texts == null
                ? SampledTexts.ofLengths(tokens == null ? SampledTexts.USUAL : tokens, tokenizer)
                : SampledTexts.read(texts, Long.MAX_VALUE, tokenizer, seed);
    }

    private int check(TextEncoder encoder, Costs costs) throws IOException, InterruptedException {
        ClusterCheck measured = ClusterCheck.read(check);
        var sample = SampledTexts.read(
                texts, measured.texts(), encoder.model().files().tokenizer(), seed);
        PrintWriter out = spec.commandLine().getOut();
        List<Double> factors = costs.measure(sample.upTo(MEASURED_TOKENS), List.of(measured.budgets()));
        out.printf(Locale.ROOT, "%s; of that, in chunks on all processors: %.3f%n", costs.label(), factors.getFirst());
        TextCost alone = costs.of(sample, measured.budgets()).times(factors.getFirst());
        return measured.print(alone, rowMicros, clusters.launchSeconds(), seed, out) ? 0 : 1;
    }

    private int simulate(TextEncoder encoder, List<Cluster> machines, Costs costs)
            throws IOException, InterruptedException {
        SampledTexts sample = sample(encoder);
        List<List<Double>> rows = budgets.stream().map(List::of).toList();
        List<Double> factors =
                measure ? costs.measure(sample.upTo(MEASURED_TOKENS), rows) : Collections.nCopies(rows.size(), 1.0);
        tellSources(costs, sample, factors);
        double textBytes = sample.meanBytes() + ID_BYTES;
        double vectorBytes = vector.bytes(encoder.dimensions()) + ID_BYTES;
        var results = new ScaleTable(spec.commandLine().getOut(), price);
        results.head();
        for (long count : counts) {
            for (Cluster cluster : machines) {
                for (int partition : partitions) {
                    var job = new Job(count, partition, textBytes, vectorBytes, shuffle);
                    for (int i = 0; i < budgets.size(); i++) {
                        TextCost cost = costs.of(sample, rows.get(i))
                                .times(factors.get(i))
                                .plus(rowMicros);
                        Outcome outcome = Simulation.run(cluster, job.stages(cost), seed);
                        results.row(job, cluster, budgets.get(i), cost, outcome);
                    }
                }
            }
        }
        return 0;
    }

    private void tellSources(Costs costs, SampledTexts sample, List<Double> factors) {
        PrintWriter out = spec.commandLine().getOut();
        out.printf(
                Locale.ROOT,
                "- %s: %d texts %s, on average %.1f tokens and %.0f bytes%n",
                model,
                sample.texts().size(),
                texts == null ? "of chosen lengths" : "of the file",
                sample.meanTokens(),
                sample.meanBytes());
        out.printf(
                "- Measured: %s%s%n",
                costs.label(), measure ? "; of that, in chunks on all processors: " + shown(factors) : "");
        out.printf(
                Locale.ROOT,
                "- Assumed: a row takes %.0f us beside the model; %s%n%n",
                rowMicros,
                clusters.assumptions());
    }

    private static String shown(List<Double> factors) {
        var shown = new ArrayList<String>();
        factors.forEach(factor -> shown.add(String.format(Locale.ROOT, "%.3f", factor)));
        return String.join(", ", shown);
    }
}
