package io.tokenwise.spark;

import static org.apache.spark.sql.functions.col;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.jdk.javaapi.CollectionConverters;

/**
 * The driver of {@code spark/cluster}: embeds texts, each with its own budget, on executors that are JVMs of their own, and compares with the library in two processes: the time, each vector's bits, and all again with
 * an executor killed midway. {@code ClusterRun TEXTS COUNT ROUNDS FOLDER}.
 */
public final class ClusterRun {
    private static final StructType SCHEMA = new StructType()
            .add("id", DataTypes.IntegerType, false)
            .add("text", DataTypes.StringType, false)
            .add("share", DataTypes.DoubleType, true);
    private static final int PARTITIONS = 64;
    private static final int PROCESSES = 2;

    /** Tasks without work, by which it is told what a task itself takes. */
    private static final int EMPTY_TASKS = 2000;

    private final SparkSession spark;
    private final Path texts;
    private final int count;
    private final Path folder;
    private final Events events = new Events();

    /** Rounds in JSON. */
    private final List<String> results = new ArrayList<>();

    /** Of a tenth of the texts, at first, while executors' JVMs compile. */
    private double coldSeconds;

    private ClusterRun(SparkSession spark, Path texts, int count, Path folder) {
        this.spark = spark;
        this.texts = texts;
        this.count = count;
        this.folder = folder;
        spark.sparkContext().addSparkListener(events);
    }

    public static void main(String[] arguments) throws Exception {
        // Each file is a task: Spark would else read small ones together.
        SparkSession spark = SparkSession.builder()
                .appName("cluster")
                .config("spark.sql.files.openCostInBytes", 128 << 20)
                .getOrCreate();
        try {
            var run =
                    new ClusterRun(spark, Path.of(arguments[0]), Integer.parseInt(arguments[1]), Path.of(arguments[3]));
            run.all(Integer.parseInt(arguments[2]));
        } finally {
            spark.stop();
        }
    }

    private void all(int rounds) throws Exception {
        write();
        coldSeconds = seconds(() -> vectors(rows().limit(count / 10).repartition(2 * PROCESSES))
                .write()
                .format("noop")
                .mode("overwrite")
                .save());
        System.out.printf(
                "| round | texts | library, %d processes, s | Spark, s | Spark's throughput by the library's | an executor's memory, MB |%n|---|---|---|---|---|---|%n",
                PROCESSES);
        for (int round = 1; round <= rounds; round++) {
            double library = library();
            events.begin(-1);
            double ofSpark = seconds(() ->
                    vectors(rows()).write().format("noop").mode("overwrite").save());
            spark.sparkContext().listenerBus().waitUntilEmpty();
            results.add(
                    "{\"librarySeconds\":%s,\"sparkSeconds\":%s,\"cpuSeconds\":%s,\"taskSeconds\":%s,\"modelSeconds\":%s}"
                            .formatted(
                                    library,
                                    ofSpark,
                                    events.cpuNanos.get() * 1e-9,
                                    events.millis.get() * 1e-3,
                                    events.modelMillis.sum() * 1e-3));
            System.out.printf(
                    "| %d | %d | %.1f | %.1f | %.3f | %d |%n",
                    round, count, library, ofSpark, library / ofSpark, residentMegabytes());
        }
        Files.writeString(folder.resolve("result.json"), result());
        long[] expected = hashes();
        System.out.printf(
                "%n| run | rows | different bits | twice | missing | tasks | failed | executors lost |%n|---|---|---|---|---|---|---|---|%n");
        compare("as it is", expected, -1);
        compare("an executor killed midway", expected, PARTITIONS / 4);
    }

    private void write() throws IOException {
        List<Row> rows = new ArrayList<>();
        for (String text : Files.readAllLines(texts).subList(0, count)) {
            rows.add(RowFactory.create(rows.size(), text, LibraryRun.share(rows.size())));
        }
        spark.createDataFrame(rows, SCHEMA)
                .repartition(PARTITIONS, col("id"))
                .write()
                .mode("overwrite")
                .parquet(path("texts"));
    }

    private Dataset<Row> rows() {
        return spark.read().parquet(path("texts"));
    }

    private static Dataset<Row> vectors(Dataset<Row> rows) {
        return Embeddings.of("minilm-acm").budget(col("share")).transform(rows, "text", "vector");
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    /** For {@code bench scale --check}. */
    private String result() {
        double launch = seconds(() -> spark.range(0, EMPTY_TASKS, 1, EMPTY_TASKS)
                .write()
                .format("noop")
                .mode("overwrite")
                .save());
        String budgets = IntStream.range(0, LibraryRun.SHARES)
                .mapToObj(LibraryRun::share)
                .map(share -> share == null ? "1" : share.toString())
                .collect(Collectors.joining(","));
        return "{\"texts\":%d,\"budgets\":[%s],\"partitions\":%d,\"executors\":%d,\"coldSeconds\":%s,\"emptyTaskMillis\":%s,\"rounds\":[%s]}%n"
                .formatted(
                        count,
                        budgets,
                        PARTITIONS,
                        PROCESSES,
                        coldSeconds,
                        launch / EMPTY_TASKS * 1e3,
                        String.join(",", results));
    }

    private static double seconds(Runnable work) {
        long start = System.nanoTime();
        work.run();
        return (System.nanoTime() - start) / 1e9;
    }

    /** The time of the slower process: both begin when both are warm. */
    private double library() throws IOException {
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < PROCESSES; i++) {
            processes.add(new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "--add-modules=jdk.incubator.vector",
                            "--enable-native-access=ALL-UNNAMED",
                            "-Xmx1g",
                            "-cp",
                            System.getProperty("tokenwise.class.path"),
                            LibraryRun.class.getName(),
                            texts.toString(),
                            "" + count,
                            "" + i,
                            "" + PROCESSES,
                            path("hashes" + i))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start());
        }
        for (Process process : processes) {
            if (!"ready".equals(process.inputReader().readLine())) {
                throw new IOException("a process of the library did not begin");
            }
        }
        for (Process process : processes) {
            process.getOutputStream().write('\n');
            process.getOutputStream().flush();
        }
        double seconds = 0;
        for (Process process : processes) {
            seconds = Math.max(seconds, Double.parseDouble(process.inputReader().readLine()));
            process.onExit().join();
        }
        return seconds;
    }

    /** Children of the workers, which live in this JVM. */
    private static Stream<ProcessHandle> executors() {
        return ProcessHandle.current().children();
    }

    /** The most that one of the executors ever had in memory. */
    private static long residentMegabytes() {
        return executors().mapToLong(ClusterRun::residentMegabytes).max().orElse(0);
    }

    private static long residentMegabytes(ProcessHandle process) {
        try (Stream<String> lines = Files.lines(Path.of("/proc", "" + process.pid(), "status"))) {
            return lines.filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) >> 10)
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private long[] hashes() throws IOException {
        var hashes = new long[count];
        for (int i = 0; i < PROCESSES; i++) {
            try (var in =
                    new DataInputStream(new BufferedInputStream(Files.newInputStream(folder.resolve("hashes" + i))))) {
                for (int text = i; text < count; text += PROCESSES) {
                    hashes[text] = in.readLong();
                }
            }
        }
        return hashes;
    }

    /** @param killAfter so many tasks an executor is killed; never if negative */
    private void compare(String run, long[] expected, int killAfter) throws Exception {
        events.begin(killAfter);
        vectors(rows()).write().mode("overwrite").parquet(path("vectors"));
        spark.sparkContext().listenerBus().waitUntilEmpty();
        String seen = "%d | %d | %d".formatted(events.tasks.get(), events.failed.get(), events.lost.get());
        var found = new BitSet();
        int rows = 0;
        int different = 0;
        int twice = 0;
        Iterator<Row> vectors =
                spark.read().parquet(path("vectors")).select("id", "vector").toLocalIterator();
        while (vectors.hasNext()) {
            Row row = vectors.next();
            int id = row.getInt(0);
            rows++;
            twice += found.get(id) ? 1 : 0;
            found.set(id);
            different += LibraryRun.hash(LocalSpark.floats(row, "vector")) == expected[id] ? 0 : 1;
        }
        System.out.printf(
                "| %s | %d | %d | %d | %d | %s |%n", run, rows, different, twice, count - found.cardinality(), seen);
    }

    /** What happens to tasks; it kills an executor when so many have ended. */
    private static final class Events extends SparkListener {
        final AtomicInteger tasks = new AtomicInteger();
        final AtomicInteger failed = new AtomicInteger();
        final AtomicInteger lost = new AtomicInteger();
        final AtomicLong millis = new AtomicLong();
        final AtomicLong cpuNanos = new AtomicLong();
        final DoubleAdder modelMillis = new DoubleAdder();
        private volatile int killAfter;

        void begin(int after) {
            tasks.set(0);
            failed.set(0);
            lost.set(0);
            millis.set(0);
            cpuNanos.set(0);
            modelMillis.reset();
            killAfter = after;
        }

        @Override
        public void onTaskEnd(SparkListenerTaskEnd end) {
            if (!end.taskInfo().successful()) {
                failed.incrementAndGet();
            } else {
                millis.addAndGet(end.taskMetrics().executorRunTime());
                cpuNanos.addAndGet(end.taskMetrics().executorCpuTime());
                CollectionConverters.asJava(end.taskInfo().accumulables()).stream()
                        .filter(one -> one.name().contains("vector: milliseconds"))
                        .forEach(one -> modelMillis.add((Double) one.update().get()));
            }
            if (tasks.incrementAndGet() == killAfter) {
                executors().findFirst().orElseThrow().destroyForcibly();
            }
        }

        @Override
        public void onExecutorRemoved(SparkListenerExecutorRemoved removed) {
            lost.incrementAndGet();
        }
    }
}
