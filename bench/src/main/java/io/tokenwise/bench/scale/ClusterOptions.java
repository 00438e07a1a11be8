package io.tokenwise.bench.scale;

import io.tokenwise.bench.Options;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** What is known or assumed about the machines. */
final class ClusterOptions {
    private static final double MOST = 1e12;

    /** So many are simulated in a minute or so. */
    private static final int MOST_CORES = 1_000_000;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--executors",
            paramLabel = "N",
            split = ",",
            defaultValue = "250",
            converter = Options.CountConverter.class,
            description = "Executors, JVMs each (default: ${DEFAULT-VALUE}).")
    private List<Integer> executors;

    @Option(
            names = "--cores",
            paramLabel = "N",
            defaultValue = "4",
            converter = Options.CountConverter.class,
            description = "Cores of an executor (default: ${DEFAULT-VALUE}).")
    private int cores;

    @Option(
            names = "--launch-millis",
            paramLabel = "MS",
            defaultValue = "2",
            converter = AmountConverter.class,
            description = "Of the driver for each task (default: ${DEFAULT-VALUE}).")
    private double launchMillis;

    @Option(
            names = "--start-seconds",
            paramLabel = "S",
            defaultValue = "30",
            converter = AmountConverter.class,
            description = "Until an executor's JVM runs (default: ${DEFAULT-VALUE}).")
    private double startSeconds;

    @Option(
            names = "--ship",
            paramLabel = "MB",
            defaultValue = "60",
            converter = AmountConverter.class,
            description = "Jars and model that the driver sends to each executor (default: ${DEFAULT-VALUE}).")
    private double shipped;

    @Option(
            names = "--driver-rate",
            paramLabel = "MB/S",
            defaultValue = "1000",
            converter = AmountConverter.class,
            description = "Of the driver's network (default: ${DEFAULT-VALUE}).")
    private double driverRate;

    @Option(
            names = "--open-seconds",
            paramLabel = "S",
            defaultValue = "1",
            converter = AmountConverter.class,
            description = "To open the model in an executor (default: ${DEFAULT-VALUE}).")
    private double openSeconds;

    @Option(
            names = "--warm-up-seconds",
            paramLabel = "S",
            defaultValue = "5",
            converter = AmountConverter.class,
            description = "What a core's first task takes longer, as the JVM compiles (default: ${DEFAULT-VALUE}).")
    private double warmUpSeconds;

    @Option(
            names = "--stream-rate",
            paramLabel = "MB/S",
            defaultValue = "85",
            converter = AmountConverter.class,
            description = "Of one request to the object store (default: ${DEFAULT-VALUE}).")
    private double streamRate;

    @Option(
            names = "--executor-rate",
            paramLabel = "MB/S",
            defaultValue = "200",
            converter = AmountConverter.class,
            description = "Of an executor's network (default: ${DEFAULT-VALUE}).")
    private double executorRate;

    @Option(
            names = "--store-rate",
            paramLabel = "MB/S",
            split = ",",
            defaultValue = "enough",
            converter = StoreRateConverter.class,
            description = "Of the whole object store, for all executors (default: ${DEFAULT-VALUE}).")
    private List<Double> storeRates;

    @Option(
            names = "--request-millis",
            paramLabel = "MS",
            defaultValue = "150",
            converter = AmountConverter.class,
            description = "Until a request's first byte (default: ${DEFAULT-VALUE}).")
    private double requestMillis;

    @Option(
            names = "--request",
            paramLabel = "MB",
            defaultValue = "8",
            converter = AmountConverter.class,
            description = "The most that one request moves (default: ${DEFAULT-VALUE}).")
    private double requestMegabytes;

    @Option(
            names = "--block-millis",
            paramLabel = "MS",
            defaultValue = "0.1",
            converter = AmountConverter.class,
            description = "For each block of a shuffle, of which a task fetches one from each task before (default:"
                    + " ${DEFAULT-VALUE}).")
    private double blockMillis;

    @Option(
            names = "--stragglers",
            paramLabel = "0..1",
            defaultValue = "0.01",
            converter = AmountConverter.class,
            description = "Share of tasks that take 1.5 to 10 times as long (default: ${DEFAULT-VALUE}).")
    private double stragglers;

    @Option(
            names = "--failures",
            paramLabel = "N",
            defaultValue = "0.001",
            converter = AmountConverter.class,
            description = "Of each executor in an hour (default: ${DEFAULT-VALUE}).")
    private double failures;

    /** Reads a rate, or that the store is never short. */
    static final class StoreRateConverter implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            return text.equals("enough") ? Double.POSITIVE_INFINITY : new AmountConverter().convert(text);
        }
    }

    /** Reads a number that is not below 0. */
    static final class AmountConverter implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            try {
                double amount = Double.parseDouble(text);
                if (amount >= 0 && amount <= MOST) {
                    return amount;
                }
                throw new TypeConversionException("must be 0 to 1e12, not " + text);
            } catch (NumberFormatException e) {
                throw new TypeConversionException("'" + text + "' is no number of 0 or more");
            }
        }
    }

    /**
     * One for each number of executors and each rate of the store.
     *
     * @throws ParameterException if there are no such clusters
     */
    List<Cluster> all() {
        Options.check(spec, stragglers <= 1, "--stragglers must be 0 to 1, not " + stragglers);
        checkRate("--driver-rate", driverRate);
        checkRate("--stream-rate", streamRate);
        checkRate("--executor-rate", executorRate);
        checkRate("--request", requestMegabytes);
        executors.forEach(count -> Options.check(
                spec,
                (long) count * cores <= MOST_CORES,
                "--executors " + count + " of --cores " + cores + " must be at most " + MOST_CORES + " cores"));
        storeRates.forEach(rate -> checkRate("--store-rate", rate));
        return executors.stream()
                .flatMap(count -> storeRates.stream().map(rate -> cluster(count, rate)))
                .toList();
    }

    private Cluster cluster(int count, double storeRate) {
        return new Cluster(
                count,
                cores,
                launchSeconds(),
                new Cluster.Start(startSeconds, shipped, driverRate, openSeconds, warmUpSeconds),
                new Cluster.Store(streamRate, executorRate, storeRate, requestMillis * 1e-3, requestMegabytes),
                new Cluster.Shuffle(blockMillis * 1e-3),
                new Cluster.Hazards(stragglers, failures));
    }

    /** Of the driver for each task. */
    double launchSeconds() {
        return launchMillis * 1e-3;
    }

    private void checkRate(String name, double rate) {
        Options.check(spec, rate > 0, name + " must be over 0, not " + rate);
    }

    /** For people: what nobody measured here. */
    String assumptions() {
        return String.format(
                Locale.ROOT,
                "the driver launches a task in %.1f ms; executors of %d cores, each up after %.0f s and %.0f MB at the driver's %.0f MB/s; %.1f s to open, %.1f s to compile; the store gives %.0f MB/s a request and %.0f an executor, after %.0f ms for each %.0f MB; %.3f of tasks are slow; an executor fails %.4f times an hour; a shuffled block takes %.2f ms",
                launchMillis,
                cores,
                startSeconds,
                shipped,
                driverRate,
                openSeconds,
                warmUpSeconds,
                streamRate,
                executorRate,
                requestMillis,
                requestMegabytes,
                stragglers,
                failures,
                blockMillis);
    }
}
