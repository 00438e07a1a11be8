package io.tokenwise.spark;

import io.tokenwise.Engine;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.JvmFlags;
import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkFiles;
import org.apache.spark.TaskContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Models that are open in this JVM, each on an engine that all tasks share. Opened by the first task that needs it; closed when none has asked it for a minute, so that neither short
 * tasks one after the other open it again and again, nor a driver that lives for days keeps what it used once. With the JVM all ends. Thread-safe.
 */
final class ExecutorModels {
    private static final Logger LOG = LoggerFactory.getLogger(ExecutorModels.class);

    /**
     * The only state of this module that belongs to the JVM. Spark makes the functions of each task anew, from bytes: tasks of one executor have nothing in common but its
     * classes.
     */
    private static final ExecutorModels OF_THIS_JVM = new ExecutorModels(Duration.ofMinutes(1));

    private final long idleNanos;
    private final Map<Key, Shared> shared = new HashMap<>();

    ExecutorModels(Duration idle) {
        idleNanos = idle.toNanos();
    }

    static ExecutorModels ofThisJvm() {
        return OF_THIS_JVM;
    }

    private record Key(Class<?> door, String model, BackendChoice backend, int threads) {}

    /** What is asked of an open model. */
    @FunctionalInterface
    interface Work<M, R> {
        R of(M model) throws IOException;
    }

    /** Asks a model, which stays open meanwhile. */
    <M, R> R ask(Door<?, M> door, Settings settings, Work<M, R> work) throws IOException {
        var key = new Key(door.getClass(), settings.model(), settings.choice(), threads());
        Shared model = borrow(key);
        try {
            return work.of(model.open(door));
        } finally {
            giveBack(model);
        }
    }

    /** A task computes on the cores that Spark has given it. */
    private static int threads() {
        TaskContext task = TaskContext.get();
        return task == null ? 1 : Math.max(1, task.cpus());
    }

    /** A folder that Spark has brought here, by {@code --archives} or {@code SparkContext.addFile}, else what the engine knows by this name. */
    static String place(String model) {
        if (SparkEnv.get() == null) {
            return model;
        }
        File brought = new File(SparkFiles.getRootDirectory(), model);
        return brought.isDirectory() ? brought.getPath() : model;
    }

    private synchronized Shared borrow(Key key) {
        Shared model = shared.computeIfAbsent(key, Shared::new);
        model.users++;
        return model;
    }

    private synchronized void giveBack(Shared model) {
        model.users--;
        model.idleSince = System.nanoTime();
        if (!model.watched) {
            model.watched = true;
            watch(model, idleNanos);
        }
    }

    private void watch(Shared model, long nanos) {
        CompletableFuture.delayedExecutor(nanos, TimeUnit.NANOSECONDS).execute(() -> closeIfIdle(model));
    }

    private void closeIfIdle(Shared model) {
        synchronized (this) {
            long left = model.users > 0 ? idleNanos : idleNanos - (System.nanoTime() - model.idleSince);
            if (left > 0) {
                watch(model, left);
                return;
            }
            shared.remove(model.key);
        }
        model.close();
    }

    synchronized int count() {
        return shared.size();
    }

    /** A model and its engine. Users are counted by the outer class, under its lock. */
    private static final class Shared {
        final Key key;
        int users;
        long idleSince;
        boolean watched;

        private Engine engine;
        private Object model;

        Shared(Key key) {
            this.key = key;
        }

        /** Others wait for the first one. After a failure the next one tries again. */
        @SuppressWarnings("unchecked")
        synchronized <M> M open(Door<?, M> door) throws IOException {
            if (model == null) {
                JvmFlags.advice("in spark.executor.extraJavaOptions").ifPresent(LOG::warn);
                engine = Engine.open(
                        EngineOptions.defaults().withThreads(key.threads).withBackend(key.backend));
                try {
                    model = door.open(engine, place(key.model));
                } catch (Throwable e) {
                    engine.close();
                    throw e;
                }
            }
            return (M) model;
        }

        synchronized void close() {
            if (model != null) {
                engine.close();
            }
        }
    }
}
