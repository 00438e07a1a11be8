package io.tokenwise.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.window;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryException;
import org.apache.spark.sql.streaming.StreamingQueryProgress;
import org.apache.spark.sql.streaming.Trigger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Vectors of a stream whose micro-batches are files. */
class StreamingTest {
    private static final SparkSession SPARK = LocalSpark.session();
    private static final Map<String, List<String>> FILES = new TreeMap<>(Map.of(
            "a", List.of("How do I pay?", "Invoices are paid by bank transfer.", ""),
            "b", List.of("Sundays we are closed.", "a", "b"),
            "c", List.of("The last one.")));

    @TempDir
    Path folder;

    private Path source() {
        return folder.resolve("source");
    }

    /** While it is there, each task that has a result for the file's text stops. */
    private Path fault() {
        return folder.resolve("fault");
    }

    private void arrive(String name, int number) throws IOException {
        Path file = Files.write(folder.resolve(name), FILES.get(name));
        // The source takes older files first.
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_700_000_000_000L + 1000 * number));
        Files.move(file, source().resolve(name));
    }

    /** All that has arrived and was not done, a file for each micro-batch; from the checkpoint of the query before, if there was one. */
    private StreamingQuery query() throws Exception {
        Dataset<Row> texts = SPARK.readStream().option("maxFilesPerTrigger", 1).text(source().toString());
        Dataset<Row> vectors = Embeddings.of("minilm-acm")
                .budget(expr("case when length(value) < 2 then 0.5 end"))
                .transform(texts, "value", "vector");
        return vectors.mapPartitions(
                        stopping(fault().toString(), "Sundays we are closed."), Encoders.row(vectors.schema()))
                .observe("done", count(col("vector")).as("vectors"))
                .writeStream()
                .option("checkpointLocation", folder.resolve("checkpoint").toString())
                .trigger(Trigger.AvailableNow())
                .start(folder.resolve("vectors").toString());
    }

    private static MapPartitionsFunction<Row, Row> stopping(String fault, String text) {
        return rows -> {
            var read = new java.util.ArrayList<Row>();
            while (rows.hasNext()) {
                read.add(rows.next());
                if (read.getLast().getString(0).equals(text) && Files.exists(Path.of(fault))) {
                    throw new IllegalStateException("the fault");
                }
            }
            return read.iterator();
        };
    }

    private List<Row> written() {
        return SPARK.read().parquet(folder.resolve("vectors").toString()).collectAsList();
    }

    @Test
    void aQueryThatBrokeGoesOnFromItsCheckpointWithTheSameRows() throws Exception {
        Files.createDirectories(source());
        arrive("a", 0);
        arrive("b", 1);
        Files.createFile(fault());
        StreamingQuery broken = query();
        assertThatThrownBy(broken::awaitTermination)
                .isInstanceOf(StreamingQueryException.class)
                .rootCause()
                .hasMessage("the fault");
        assertThat(written()).hasSize(FILES.get("a").size());

        Files.delete(fault());
        arrive("c", 2);
        StreamingQuery mended = query();
        mended.awaitTermination();

        assertThat(Arrays.stream(mended.recentProgress()).filter(progress -> progress.numInputRows() > 0))
                .extracting(StreamingQueryProgress::numInputRows)
                .containsExactly(3L, 1L);
        assertThat(Arrays.stream(mended.recentProgress()).filter(progress -> progress.numInputRows() > 0))
                .extracting(progress -> progress.observedMetrics().get("done").getLong(0))
                .containsExactly(3L, 1L);
        List<Row> rows = written();
        assertThat(rows)
                .extracting(row -> row.getString(0))
                .containsExactlyInAnyOrderElementsOf(
                        FILES.values().stream().flatMap(List::stream).toList());
        try (var encoder =
                TextEncoder.open("minilm-acm", EngineOptions.defaults().withThreads(1))) {
            for (Row row : rows) {
                String text = row.getString(0);
                assertThat(LocalSpark.floats(row, "vector"))
                        .isEqualTo(encoder.embed(text, Budget.of(text.length() < 2 ? 0.5 : 1))
                                .vector());
            }
        }
    }

    /** Which is metadata of its column: without it Spark refuses to write windows before they may change again. */
    @Test
    void aWatermarkIsKept() throws Exception {
        Files.createDirectories(source());
        arrive("a", 0);
        Dataset<Row> texts = SPARK.readStream()
                .text(source().toString())
                .withColumn("arrived", expr("timestamp_seconds(1700000000)"))
                .withWatermark("arrived", "1 minute");
        Dataset<Row> vectors = Embeddings.of("minilm-acm").transform(texts, "value", "vector");
        vectors.groupBy(window(col("arrived"), "1 minute"))
                .agg(count(col("vector")))
                .writeStream()
                .outputMode("append")
                .option("checkpointLocation", folder.resolve("checkpoint").toString())
                .trigger(Trigger.AvailableNow())
                .start(folder.resolve("vectors").toString())
                .awaitTermination();
        assertThat(vectors.schema().apply("arrived").metadata())
                .isEqualTo(texts.schema().apply("arrived").metadata());
    }
}
