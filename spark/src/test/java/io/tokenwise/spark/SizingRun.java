package io.tokenwise.spark;

import static org.apache.spark.sql.functions.col;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * The driver of {@code spark/cluster}'s last table, a row for each run: what one executor takes outside its heap, and how long its first task waits. {@code SizingRun TEXTS COUNT PRECISION TASKS}. The executor's heap must
 * be touched from the beginning ({@code -Xms}, {@code AlwaysPreTouch}): what the process has beyond it is outside.
 */
public final class SizingRun {
    private SizingRun() {}

    public static void main(String[] arguments) throws IOException {
        SparkSession spark = SparkSession.builder().appName("sizing").getOrCreate();
        try {
            int tasks = Integer.parseInt(arguments[3]);
            Dataset<Row> one =
                    spark.range(0, 1, 1, 1).select(col("id").cast("string").as("text"));
            // The executor fetches its jars for the first task.
            run(one);
            long bare = residentMegabytes();
            Embeddings embeddings = Embeddings.of("minilm-acm").backend(choice(arguments[2]));
            long start = System.nanoTime();
            run(embeddings.transform(one, "text", "vector"));
            double opening = (System.nanoTime() - start) / 1e9;
            Dataset<Row> texts = spark.createDataset(
                            Files.readAllLines(Path.of(arguments[0])).subList(0, Integer.parseInt(arguments[1])),
                            Encoders.STRING())
                    .toDF("text");
            run(embeddings.transform(texts.repartition(4 * tasks), "text", "vector"));
            long heap = spark.sparkContext().getConf().getSizeAsMb("spark.executor.memory", "1g");
            System.out.printf(
                    "| %s | %d | %.1f | %d | %d |%n",
                    arguments[2], tasks, opening, bare - heap, residentMegabytes() - heap);
        } finally {
            spark.stop();
        }
    }

    private static BackendChoice choice(String precision) {
        return precision.equals("f32")
                ? BackendChoice.FLOAT32
                : new BackendChoice(BackendChoice.Kind.ONEDNN, Precision.valueOf(precision.toUpperCase(Locale.ROOT)));
    }

    private static void run(Dataset<Row> dataset) {
        dataset.write().format("noop").mode("overwrite").save();
    }

    /** The most that the executor ever had in memory. */
    private static long residentMegabytes() throws IOException {
        ProcessHandle executor = ProcessHandle.current().children().findFirst().orElseThrow();
        try (Stream<String> lines = Files.lines(Path.of("/proc", "" + executor.pid(), "status"))) {
            return lines.filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) >> 10)
                    .findFirst()
                    .orElseThrow();
        }
    }
}
