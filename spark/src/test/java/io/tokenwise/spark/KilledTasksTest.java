package io.tokenwise.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.BackendChoice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.spark.TaskContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A distillation whose tasks are killed ends as one whose are not. */
class KilledTasksTest {
    private static final SparkSession SPARK = LocalSpark.session();
    private static final String KILLED = "attempt 1: TaskKilled";

    @TempDir
    Path folder;

    /** Once in the midst of steps, once when the model is written; Spark starts both workers again each time. */
    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void twoWorkersGiveTheSameBits() throws Exception {
        Path dense = folder.resolve("dense");
        SparkDistillationTest.writeSmall(dense);
        Dataset<Row> texts = SparkDistillationTest.texts();
        SparkDistillation two = SparkDistillation.of(dense.toString())
                .tokens(SparkDistillationTest.TOKENS)
                .backend(BackendChoice.FLOAT32)
                .workers(2)
                .averageEvery(3)
                .checkpointEvery(3);
        Distilled distilled = two.run(texts, "text", folder.resolve("first").toString());
        assertThat(distilled.steps()).isEqualTo(SparkDistillationTest.STEPS / 2);
        assertThat(distilled.averageSeconds()).isPositive();
        var ends = new Ends();
        SPARK.sparkContext().addSparkListener(ends);
        try (var killer = new KillerOfTasks("after 6 steps", "the model is written")) {
            two.run(texts, "text", folder.resolve("second").toString());
            assertThat(killer.killed)
                    .containsExactlyInAnyOrderEntriesOf(Map.of("after 6 steps", true, "the model is written", true));
            // Worker 1 may or may not have its checkpoint of step 6 by then.
            assertThat(killer.seen).anyMatch(line -> line.matches(".*worker 0 goes on at step [36]"));
            assertThat(killer.seen).anyMatch(line -> line.endsWith("worker 0 goes on at step 12"));
        } finally {
            SPARK.sparkContext().removeSparkListener(ends);
        }
        // The second worker had not ended when the first one, which had written the model, was killed.
        assertThat(ends.seen).filteredOn(end -> end.contains("attempt 1")).containsExactly(KILLED, KILLED);
        SparkDistillationTest.assertSame(folder.resolve("first"), folder.resolve("second"));
        try (var files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("dense", "first", "second", ".first.lock", ".second.lock");
        }
    }

    /** How tasks have ended. */
    private static final class Ends extends SparkListener {
        private final List<String> seen = new CopyOnWriteArrayList<>();

        @Override
        public void onTaskEnd(SparkListenerTaskEnd end) {
            seen.add("attempt " + end.stageAttemptId() + ": "
                    + end.reason().getClass().getSimpleName());
        }
    }

    /** Kills the task that writes a line to the log with certain words, of each the first time. */
    private static final class KillerOfTasks extends AbstractAppender implements AutoCloseable {
        private final List<String> words;
        private final List<String> seen = new CopyOnWriteArrayList<>();

        /** By the words whether Spark has agreed. */
        private final Map<String, Boolean> killed = new ConcurrentHashMap<>();

        private final Logger logger = (Logger) LogManager.getLogger(DistillStory.class);
        private final Level before = logger.getLevel();

        KillerOfTasks(String... words) {
            super("killer", null, null, true, null);
            this.words = List.of(words);
            start();
            logger.addAppender(this);
            logger.setLevel(Level.INFO);
        }

        @Override
        public void append(LogEvent event) {
            String line = event.getMessage().getFormattedMessage();
            seen.add(line);
            words.stream()
                    .filter(line::contains)
                    .filter(some -> killed.putIfAbsent(some, false) == null)
                    .forEach(some -> killed.put(some, kill(TaskContext.get())));
        }

        /** A worker that need not wait for the killed one has the time to end. */
        private static boolean kill(TaskContext task) {
            LockSupport.parkNanos(500_000_000);
            boolean agreed = SPARK.sparkContext().killTaskAttempt(task.taskAttemptId(), false, "a test");
            while (agreed && !task.isInterrupted()) {
                Thread.onSpinWait();
            }
            return agreed;
        }

        @Override
        public void close() {
            logger.removeAppender(this);
            logger.setLevel(before);
            stop();
        }
    }
}
