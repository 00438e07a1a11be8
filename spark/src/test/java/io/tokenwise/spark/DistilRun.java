package io.tokenwise.spark;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * The driver of {@code spark/distil}: a distillation by one thread on one core, by two executors with a core each, and by these once more with one of them killed midway. {@code DistilRun TEXTS COUNT STEPS EVERY FOLDER}.
 */
public final class DistilRun {
    private static final int WORKERS = 2;

    private final Path texts;
    private final int count;
    private final int steps;
    private final int every;
    private final Path folder;

    private DistilRun(Path texts, int count, int steps, int every, Path folder) {
        this.texts = texts;
        this.count = count;
        this.steps = steps;
        this.every = every;
        this.folder = folder;
    }

    public static void main(String[] arguments) throws Exception {
        new DistilRun(
                        Path.of(arguments[0]),
                        Integer.parseInt(arguments[1]),
                        Integer.parseInt(arguments[2]),
                        Integer.parseInt(arguments[3]),
                        Path.of(arguments[4]))
                .all();
    }

    private void all() throws Exception {
        System.out.printf(
                "| run | steps of each | until the first step, s | steps, s | of these for means, s | calibration and the rest, s | all, s | held-out cosine at half of the multiply-adds | speed: steps | all |%n|---|---|---|---|---|---|---|---|---|---|%n");
        long start = System.nanoTime();
        Distilled local = local();
        double localSeconds = seconds(start);
        print("one thread on one core", local, localSeconds, 1, 1);
        SparkSession spark = SparkSession.builder().appName("distil").getOrCreate();
        try {
            start = System.nanoTime();
            Distilled whole = train(spark, "whole");
            double seconds = seconds(start);
            print("two executors", whole, seconds, local.trainSeconds() / whole.trainSeconds(), localSeconds / seconds);
            var events = new Events();
            spark.sparkContext().addSparkListener(events);
            Thread killer = Thread.ofPlatform().daemon().start(this::killAnExecutor);
            start = System.nanoTime();
            Distilled killed = train(spark, "killed");
            seconds = seconds(start);
            // Its parts are those of the workers' second life, and so are no measure of all its steps.
            print("an executor killed midway, parts since then", killed, seconds, Double.NaN, localSeconds / seconds);
            killer.interrupt();
            killer.join();
            spark.sparkContext().listenerBus().waitUntilEmpty(600_000);
            if (!isSame(events)) {
                throw new IllegalStateException("no executor was killed midway, or the model is another: see above");
            }
        } finally {
            spark.stop();
        }
    }

    /** Says what became of the run of which an executor is killed; false if there was none, or it made another model. */
    private boolean isSame(Events events) throws IOException {
        if (events.lost.get() == 0 || events.again.get() == 0) {
            System.out.println(
                    "Nothing was killed while it trained: the last row is of a run like the one before; more steps give the killer time");
            return false;
        }
        long mismatch = Files.mismatch(weights("whole"), weights("killed"));
        System.out.printf(
                "With an executor killed midway (%d lost, %d stages started again) the model's file is %s%n",
                events.lost.get(),
                events.again.get(),
                mismatch < 0 ? "the same" : "another from byte " + mismatch + " on");
        return mismatch < 0;
    }

    /** What happens to the run that is to be killed. */
    private static final class Events extends SparkListener {
        private final AtomicInteger lost = new AtomicInteger();
        private final AtomicInteger again = new AtomicInteger();

        @Override
        public void onExecutorRemoved(SparkListenerExecutorRemoved removed) {
            lost.incrementAndGet();
        }

        @Override
        public void onStageSubmitted(SparkListenerStageSubmitted submitted) {
            if (submitted.stageInfo().attemptNumber() > 0) {
                again.incrementAndGet();
            }
        }
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    private Path weights(String out) {
        return folder.resolve(out).resolve("model.safetensors");
    }

    private static void print(String run, Distilled of, double seconds, double speedOfSteps, double speedOfAll) {
        System.out.printf(
                "| %s | %d | %.1f | %.1f | %.1f | %.1f | %.1f | %.4f | %s | %.2f |%n",
                run,
                of.steps(),
                of.prepareSeconds(),
                of.trainSeconds(),
                of.averageSeconds(),
                of.endSeconds(),
                seconds,
                of.agreement(),
                Double.isNaN(speedOfSteps) ? "" : "%.2f".formatted(speedOfSteps),
                speedOfAll);
    }

    private Distilled local() throws IOException, InterruptedException {
        Process process = ClusterRun.start(
                List.of("taskset", "-c", "0"),
                LocalDistilRun.class,
                texts.toString(),
                "" + count,
                "" + steps,
                folder.resolve("local").toString());
        BufferedReader out = process.inputReader();
        List<Double> numbers = out.lines().map(Double::valueOf).toList();
        if (process.waitFor() != 0) {
            throw new IOException("the distillation without Spark failed");
        }
        return new Distilled(
                numbers.get(0).intValue(),
                numbers.get(1),
                numbers.get(2),
                numbers.get(3),
                numbers.get(4),
                0,
                numbers.get(5));
    }

    private Distilled train(SparkSession spark, String out) throws IOException {
        Dataset<Row> rows = spark.createDataset(Files.readAllLines(texts).subList(0, count), Encoders.STRING())
                .toDF("text");
        return new SparkDistillation(
                        LocalDistilRun.settings(steps).withWorkers(WORKERS).withAverageSteps(every))
                .run(rows, "text", folder.resolve(out).toString());
    }

    /** When it has written its checkpoint of half of the steps, or a later one; none when the thread is interrupted before. */
    private void killAnExecutor() {
        Path checkpoints = folder.resolve("killed.checkpoint");
        while (!hasHalf(checkpoints)) {
            LockSupport.parkNanos(10_000_000);
            if (Thread.currentThread().isInterrupted()) {
                return;
            }
        }
        ClusterRun.executors().findFirst().orElseThrow().destroyForcibly();
    }

    private boolean hasHalf(Path checkpoints) {
        if (!Files.isDirectory(checkpoints)) {
            return false;
        }
        try (Stream<Path> files = Files.list(checkpoints)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("worker-"))
                    .anyMatch(name -> Integer.parseInt(name.replaceAll(".*-", "")) >= steps / WORKERS / 2);
        } catch (IOException | UncheckedIOException _) {
            // Just being deleted.
            return false;
        }
    }
}
