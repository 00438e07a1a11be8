package io.tokenwise.bench.scale;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code spark/cluster} measured, in its result.json, beside what the simulator says of the same cluster.
 *
 * @param texts how many were embedded
 * @param budgets that texts got in turn
 * @param partitions tasks
 * @param executors of one core each
 * @param coldSeconds of a tenth of the texts in executors that have just come up
 * @param emptyTaskMillis of many tasks that do nothing, the whole job's time by their number
 * @param rounds at least one
 */
record ClusterCheck(
        int texts,
        List<Double> budgets,
        int partitions,
        int executors,
        double coldSeconds,
        double emptyTaskMillis,
        List<Round> rounds) {
    /** How far a prediction may be off, written down before the first run (docs/lab/spark.md). */
    private static final double MOST = 0.15;

    /** Local disks: no run has been seen to wait for them. */
    private static final Cluster.Store LOCAL_DISK = new Cluster.Store(1000, 1000, Double.POSITIVE_INFINITY, 0, 1000);

    /**
     * A run.
     *
     * @param librarySeconds of as many processes of the library as there are executors
     * @param sparkSeconds of the whole job
     * @param cpuSeconds of the processor in all tasks
     * @param taskSeconds of all tasks
     * @param modelSeconds of these in the model
     */
    record Round(
            double librarySeconds, double sparkSeconds, double cpuSeconds, double taskSeconds, double modelSeconds) {
        double besideModel() {
            return taskSeconds - modelSeconds;
        }
    }

    /** @throws IllegalArgumentException if the file is no result of {@code spark/cluster} */
    static ClusterCheck read(Path file) throws IOException {
        try {
            ClusterCheck check = JsonMapper.shared().readValue(Files.readString(file), ClusterCheck.class);
            if (check.texts > 0
                    && check.partitions > 0
                    && check.executors > 0
                    && has(check.budgets)
                    && has(check.rounds)) {
                return check;
            }
        } catch (JacksonException e) {
            // Told below.
        }
        throw new IllegalArgumentException(file + ": is no result.json of spark/cluster");
    }

    private static boolean has(List<?> some) {
        return some != null && !some.isEmpty();
    }

    /**
     * Prints predictions beside medians.
     *
     * @param alone what a text takes in the library
     * @param row what a row takes in Spark besides, in microseconds
     * @return whether Spark's time is within {@link #MOST}
     */
    boolean print(TextCost alone, double row, double launchSeconds, long seed, PrintWriter out) {
        var cluster = new Cluster(
                executors,
                1,
                launchSeconds,
                Cluster.Start.NOTHING,
                LOCAL_DISK,
                new Cluster.Shuffle(0),
                Cluster.Hazards.NONE);
        TextCost cost = alone.plus(row);
        double ofTask = (double) texts / partitions;
        Stage stage = Stage.whole(
                partitions, 0, ofTask * cost.micros() * 1e-6, Math.sqrt(ofTask) * cost.deviation() * 1e-6, 0);
        double spark = Simulation.run(cluster, List.of(stage), seed).seconds();
        out.printf(
                Locale.ROOT,
                "%d texts in %d tasks on %d executors of one core; medians of %d%n%n| | predicted | measured | predicted by measured |%n|---|---|---|---|%n",
                texts,
                partitions,
                executors,
                rounds.size());
        line(out, "processor time of all tasks, s", texts * cost.micros() * 1e-6, median(Round::cpuSeconds));
        line(
                out,
                executors + " processes of the library, s",
                texts * alone.micros() * 1e-6 / executors,
                median(Round::librarySeconds));
        double ratio = line(out, "Spark, s", spark, median(Round::sparkSeconds));
        out.printf(
                Locale.ROOT,
                "%nBeside that, measured: beside the model %.0f us a row; %.1f ms a task that does nothing; %.1f s for the first tenth of the texts, cold.%n",
                median(Round::besideModel) / texts * 1e6,
                emptyTaskMillis,
                coldSeconds);
        boolean good = Math.abs(ratio - 1) <= MOST;
        out.printf(Locale.ROOT, "Spark's time is %s %.0f %%.%n", good ? "within" : "NOT within", 100 * MOST);
        out.flush();
        return good;
    }

    private static double line(PrintWriter out, String what, double predicted, double measured) {
        out.printf(Locale.ROOT, "| %s | %.2f | %.2f | %.3f |%n", what, predicted, measured, predicted / measured);
        return predicted / measured;
    }

    private double median(ToDoubleFunction<Round> value) {
        double[] sorted = rounds.stream().mapToDouble(value).sorted().toArray();
        return sorted[sorted.length / 2];
    }
}
