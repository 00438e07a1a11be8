package io.tokenwise.spark;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.distill.DistillRun;
import io.tokenwise.distill.TrainingTexts;
import io.tokenwise.model.InputKind;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.Objective;
import io.tokenwise.model.open.Models;
import io.tokenwise.train.TrainingOutput;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.resource.ResourceProfile;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StringType;
import scala.Function1;
import scala.reflect.ClassTag;

/**
 * Makes a model of texts adaptive on several executors at once, as {@code ./tokenwise distill} does on one machine: each worker trains a copy on texts of its own, and all take the mean of their copies every few steps. One
 * worker gives what the command gives, bit for bit, and several the same bits each time. Immutable; the others give a new one.
 *
 * <p>What workers exchange, their checkpoints and the model lie in a folder of a file system that driver and executors have mounted under one path, such as NFS. Object stores are none: files must be there for all as soon as they
 * are closed, and be renamed as a whole.
 *
 * <p>If a task fails or its executor is lost, Spark starts all of them again, and they go on from the newest checkpoint that all have, to the same bits. So does the same call after the driver was lost.
 */
public final class SparkDistillation {
    /** Executors of a cluster that has just been started come one by one. */
    private static final long SLOTS_NANOS = TimeUnit.SECONDS.toNanos(20);

    private final DistillSettings settings;

    SparkDistillation(DistillSettings settings) {
        this.settings = settings;
    }

    /**
     * {@return one that trains on 800,000 tokens, on one worker, in float32}
     *
     * @param teacher the name of a model, or a folder, as in {@link Embeddings#of}; what is adaptive already goes on learning
     */
    public static SparkDistillation of(String teacher) {
        return new SparkDistillation(DistillSettings.of(teacher));
    }

    /**
     * {@return the same that trains longer or shorter}
     *
     * @param count of all workers together, at least one for each; texts come again when they have fewer
     */
    public SparkDistillation tokens(long count) {
        return new SparkDistillation(settings.withTokens(atLeastOne("tokens", count)));
    }

    /**
     * {@return the same with other random numbers}
     *
     * @param seed same seed, texts and number of workers, same model
     */
    public SparkDistillation seed(long seed) {
        return new SparkDistillation(settings.withSeed(seed));
    }

    /**
     * {@return the same on several workers}
     *
     * @param count tasks that run at the same time, each on {@code spark.task.cpus} cores
     */
    public SparkDistillation workers(int count) {
        return new SparkDistillation(settings.withWorkers((int) atLeastOne("workers", count)));
    }

    /**
     * {@return the same that takes the mean of the workers' copies more or less often than every 20 steps}
     *
     * @param steps of each worker; a mean takes a second or more, since Spark's tasks look once a second whether all have come
     */
    public SparkDistillation averageEvery(int steps) {
        return new SparkDistillation(settings.withAverageSteps((int) atLeastOne("averageEvery", steps)));
    }

    /**
     * {@return the same whose workers write checkpoints more or less often than every 50 steps}
     *
     * @param steps of each worker; with several workers checkpoints come with a mean, so that a lost executor costs nearly as many steps as these and those between two means together
     */
    public SparkDistillation checkpointEvery(int steps) {
        return new SparkDistillation(settings.withCheckpointSteps((int) atLeastOne("checkpointEvery", steps)));
    }

    /**
     * {@return the same computed by another backend or in another precision}
     *
     * @param choice what trains in float32 or bfloat16; float32 where it leaves that open
     */
    public SparkDistillation backend(BackendChoice choice) {
        if (choice.precision() != null && choice.precision().isOfBytes()) {
            throw new IllegalArgumentException(
                    "distill: " + choice.precision() + " is for inference only: train in F32 or BF16");
        }
        return new SparkDistillation(settings.withBackend(choice));
    }

    /** {@return the same whose model is stored in 8 bits, a quarter of the size} */
    public SparkDistillation storedInBytes() {
        return new SparkDistillation(settings.storedInBytes());
    }

    private static long atLeastOne(String what, long count) {
        if (count < 1) {
            throw new IllegalArgumentException("distill: " + what + " is " + count + ", must be at least 1");
        }
        return count;
    }

    /**
     * Trains, and writes the model. The driver reads the texts, once and in their order, and keeps at most 20 million tokens of them, at random where there are more.
     *
     * @param texts like those that the model will see; null and blank ones do not count
     * @param column that holds them
     * @param out a new folder for the model, or that of a distillation that was stopped, on the file system that driver and executors share
     * @return what came of it
     * @throws IllegalArgumentException if the column is of another type, if there are too few texts or tokens, if the cluster has fewer slots than there are workers, or if it allocates executors dynamically
     * @throws BadFileException if the model cannot be made adaptive from texts, or if what was stopped had other settings, texts or another number of workers. That it was another model, or another backend's, workers find: the job ends with that line
     * @throws IOException if the folder holds something else, if nothing can be written there, or if another training writes to it
     */
    public Distilled run(Dataset<?> texts, String column, String out) throws IOException {
        if (settings.tokens() < settings.workers()) {
            throw new IllegalArgumentException("distill: tokens is " + settings.tokens()
                    + ", must be at least that of workers: " + settings.workers());
        }
        requireStrings(texts.select(texts.col(column)), column);
        Path folder = folder(out);
        SparkContext context = texts.sparkSession().sparkContext();
        try (ModelFiles files = Models.open(ExecutorModels.place(settings.teacher()))) {
            requireTexts(files);
            try (TrainingOutput output = TrainingOutput.begin(folder, ModelWriter.Existing.KEEP)) {
                List<int[]> sequences = sequences(texts, column, files);
                DistillRun run = settings.run(files, sequences, output.out());
                run.check(settings.worker(0, List::of), settings.precision());
                requireSlots(context);
                Distilled distilled = train(JavaSparkContext.fromSparkContext(context), sequences, output.out());
                run.ended(output);
                return distilled;
            }
        }
    }

    private static void requireStrings(Dataset<Row> column, String name) {
        DataType type = column.schema().apply(0).dataType();
        if (!(type instanceof StringType)) {
            throw new IllegalArgumentException(
                    "distill: column " + name + " is of type " + type.typeName() + ", a string is needed");
        }
    }

    private static Path folder(String out) {
        if (out.matches("\\w[\\w+.-]+:/.*")) {
            throw new IllegalArgumentException(
                    "distill: the folder is " + out
                            + ", must be a path that driver and executors have mounted, such as one of NFS: object stores and HDFS are none");
        }
        return Path.of(out).toAbsolutePath();
    }

    private static void requireTexts(ModelFiles files) {
        DistillRun.check(files);
        if (files.description().reads() != InputKind.TEXT) {
            throw new BadFileException(
                    files.description().name(), "reads no texts; on Spark only models of texts are distilled");
        }
        if (files.description().objective() == Objective.SCORES) {
            throw new BadFileException(
                    files.description().name(), "reads pairs of texts; on Spark only models of one text are distilled");
        }
    }

    private List<int[]> sequences(Dataset<?> texts, String column, ModelFiles files) {
        var kept = new TrainingTexts(files, settings.seed(), false, TrainingTexts.MOST_TOKENS);
        Iterator<Row> rows = texts.select(texts.col(column)).toLocalIterator();
        while (rows.hasNext()) {
            Row row = rows.next();
            if (!row.isNullAt(0)) {
                kept.add(row.getString(0));
            }
        }
        return kept.sequences();
    }

    /** Spark itself would wait for ten minutes, and say nothing meanwhile. What it asks then has no form in its API. */
    private void requireSlots(SparkContext context) throws InterruptedIOException {
        if (!context.isLocal() && context.getConf().getBoolean("spark.dynamicAllocation.enabled", false)) {
            throw new IllegalArgumentException(
                    "distill: spark.dynamicAllocation.enabled is true, must be false: workers run at the same time");
        }
        ResourceProfile tasks = context.resourceProfileManager().defaultResourceProfile();
        long until = System.nanoTime() + SLOTS_NANOS;
        while (context.maxNumConcurrentTasks(tasks) < settings.workers()) {
            if (context.isLocal() || System.nanoTime() > until) {
                throw new IllegalArgumentException("distill: " + settings.workers()
                        + " workers run at the same time, and the cluster has slots for "
                        + context.maxNumConcurrentTasks(tasks) + ": ask for fewer, or give it more cores");
            }
            LockSupport.parkNanos(100_000_000);
            if (Thread.currentThread().isInterrupted()) {
                throw new InterruptedIOException("distill: interrupted while waiting for executors");
            }
        }
    }

    private Distilled train(JavaSparkContext context, List<int[]> sequences, Path out) {
        Broadcast<int[][]> texts = context.broadcast(sequences.toArray(int[][]::new));
        try {
            var task = new DistillTask(settings, texts, out.toString());
            JavaRDD<Integer> ranks = context.parallelize(
                    IntStream.range(0, settings.workers()).boxed().toList(), settings.workers());
            // Behind a shuffle: only what a shuffle reads of a barrier stage does Spark start again.
            return Distilled.of(together(ranks)
                    .mapPartitions(task)
                    .coalesce(1, true)
                    .collect()
                    .getFirst());
        } finally {
            texts.destroy();
        }
    }

    /** Partitions whose tasks run at the same time: what Java's API of Spark lacks. */
    static JavaRDD<Integer> together(JavaRDD<Integer> partitions) {
        ClassTag<Integer> tag = ClassTag.apply(Integer.class);
        var same = (Function1<scala.collection.Iterator<Integer>, scala.collection.Iterator<Integer>> & Serializable)
                numbers -> numbers;
        return JavaRDD.fromRDD(partitions.rdd().barrier().mapPartitions(same, true, tag), tag);
    }
}
