package io.tokenwise.spark;

import static org.apache.spark.sql.functions.col;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
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
        // Each file is a task: Spark would else read small ones together. No job begins before all executors are there.
        SparkSession spark = SparkSession.builder()
                .appName("cluster")
                .config("spark.sql.files.openCostInBytes", 128 << 20)
                .config("spark.scheduler.minRegisteredResourcesRatio", 1)
                .config("spark.scheduler.maxRegisteredResourcesWaitingTime", "10min")
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
        double start = start();
        write();
        coldSeconds = seconds(() -> run(vectors(rows().limit(count / 10).repartition(2 * PROCESSES))));
        System.out.printf("| round | of %d texts | start, s | work, s | CPU, s |%n|---|---|---|---|---|%n", count);
        for (int round = 1; round <= rounds; round++) {
            Times library = library();
            Times ofSpark = spark(start);
            library.print(round, "the library, " + PROCESSES + " processes");
            ofSpark.print(round, "Spark");
            results.add(json(library, ofSpark));
            System.out.printf(
                    "| %d | Spark's throughput by the library's: %.3f, with both starts %.3f | | | |%n",
                    round, library.work / ofSpark.work, library.all() / ofSpark.all());
        }
        long[] expected = hashes();
        System.out.printf(
                "%n| Spark's run | rows | other bits than the library's | rows twice | rows missing | tasks ended |"
                        + " failed | executors lost |%n|---|---|---|---|---|---|---|---|%n");
        boolean good = compare("as it is", expected);
        Files.writeString(folder.resolve("result.json"), result());
        begin(PARTITIONS / 4);
        writeVectors();
        good &= compare("an executor killed midway", expected) && events.lost.get() > 0;
        if (!good) {
            throw new IllegalStateException(
                    "not all rows are what the library gives, each once, with an executor killed too: see the table above");
        }
    }

    /** Counts anew, when Spark has told of all tasks of before: it tells later than they end. */
    private void begin(int killAfter) throws Exception {
        spark.sparkContext().listenerBus().waitUntilEmpty(600_000);
        events.begin(killAfter);
    }

    /** Seconds since the driver's JVM began, when each executor has made a vector. */
    private double start() {
        run(Embeddings.of("minilm-acm")
                .transform(
                        spark.range(0, PROCESSES, 1, PROCESSES)
                                .select(col("id").cast("string").as("text")),
                        "text",
                        "vector"));
        return LibraryRun.secondsSinceStart();
    }

    private static void run(Dataset<Row> dataset) {
        dataset.write().format("noop").mode("overwrite").save();
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

    private void writeVectors() {
        vectors(rows()).write().mode("overwrite").parquet(path("vectors"));
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    /**
     * In seconds.
     *
     * @param start from the JVM's to the first vector
     * @param work on all texts, of what is warm; Spark also writes the vectors
     * @param cpu of all threads meanwhile
     */
    private record Times(double start, double work, double cpu) {
        double all() {
            return start + work;
        }

        void print(int round, String who) {
            System.out.printf("| %d | %s | %.1f | %.1f | %.1f |%n", round, who, start, work, cpu);
        }
    }

    private String json(Times library, Times ofSpark) throws Exception {
        spark.sparkContext().listenerBus().waitUntilEmpty(600_000);
        return "{\"librarySeconds\":%s,\"sparkSeconds\":%s,\"cpuSeconds\":%s,\"taskSeconds\":%s,\"modelSeconds\":%s}"
                .formatted(
                        library.work,
                        ofSpark.work,
                        events.cpuNanos.get() * 1e-9,
                        events.millis.get() * 1e-3,
                        events.modelMillis.sum() * 1e-3);
    }

    /** For {@code bench scale --check}. */
    private String result() {
        double launch =
                seconds(() -> run(spark.range(0, EMPTY_TASKS, 1, EMPTY_TASKS).toDF()));
        String budgets = IntStream.range(0, LibraryRun.SHARES)
                .mapToObj(share -> LibraryRun.share(PROCESSES * share))
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

    private Times spark(double start) throws Exception {
        begin(-1);
        double cpu = cpuSeconds(sparks());
        long begin = System.nanoTime();
        writeVectors();
        return new Times(start, (System.nanoTime() - begin) / 1e9, cpuSeconds(sparks()) - cpu);
    }

    /** The driver and the executors. */
    private static Stream<ProcessHandle> sparks() {
        return Stream.concat(Stream.of(ProcessHandle.current()), executors());
    }

    private static double cpuSeconds(Stream<ProcessHandle> processes) {
        return processes
                        .mapToLong(process ->
                                process.info().totalCpuDuration().orElseThrow().toMillis())
                        .sum()
                / 1e3;
    }

    /** The times are those of the slower process; both begin when both are warm. */
    private Times library() throws IOException {
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < PROCESSES; i++) {
            processes.add(start(
                    List.of(),
                    LibraryRun.class,
                    texts.toString(),
                    "" + count,
                    "" + i,
                    "" + PROCESSES,
                    path("hashes" + i)));
        }
        double start = slowest(processes);
        double cpu = cpuSeconds(processes.stream().map(Process::toHandle));
        for (Process process : processes) {
            process.getOutputStream().write('\n');
            process.getOutputStream().flush();
        }
        double work = slowest(processes);
        cpu = cpuSeconds(processes.stream().map(Process::toHandle)) - cpu;
        for (Process process : processes) {
            process.getOutputStream().close();
            process.onExit().join();
        }
        return new Times(start, work, cpu);
    }

    private static double slowest(List<Process> processes) throws IOException {
        double seconds = 0;
        for (Process process : processes) {
            String line = process.inputReader().readLine();
            if (line == null) {
                throw new IOException("a process of the library ended");
            }
            seconds = Math.max(seconds, Double.parseDouble(line));
        }
        return seconds;
    }

    /**
     * Starts a program that knows the library and nothing of Spark.
     *
     * @param before words before those that start Java
     */
    static Process start(List<String> before, Class<?> program, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(before);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx1g",
                "-cp",
                System.getProperty("tokenwise.class.path"),
                program.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** Children of the workers, which live in this JVM. */
    static Stream<ProcessHandle> executors() {
        return ProcessHandle.current().children();
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

    /** What was written last, and what happened to its tasks; false if rows are not what they must be. */
    private boolean compare(String run, long[] expected) throws Exception {
        spark.sparkContext().listenerBus().waitUntilEmpty(600_000);
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
        int missing = count - found.cardinality();
        System.out.printf("| %s | %d | %d | %d | %d | %s |%n", run, rows, different, twice, missing, seen);
        return different + twice + missing == 0;
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

        /** @param after so many tasks an executor is killed; never if negative */
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
