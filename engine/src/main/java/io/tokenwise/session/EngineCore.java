package io.tokenwise.session;

import io.tokenwise.api.BackendChoice.Kind;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.EngineMXBean;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.natives.FreedMemory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the models that are opened with one engine share: the backend with its threads, sessions, and threads that compute for those who wait. Thread-safe.
 *
 * <p>Close waits for running calls, then closes all models and frees all native memory; later calls, and those that still wait for others, throw {@link
 * IllegalStateException}.
 */
public final class EngineCore implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EngineCore.class);

    private final EngineOptions options;
    private final Place place;
    private final CallThreads calls;
    private final CallTotals totals = new CallTotals();

    /** Of models that the device lacks something for; null until there is one. Guarded by {@link #models}. */
    private Place onCpu;

    private final Set<OpenModel> models = new LinkedHashSet<>();

    /** Read by what opens a model, which closing waits for. */
    private final ReadWriteLock opening = new ReentrantReadWriteLock();

    private final Runnable unmanage;
    private volatile boolean refusing;
    private boolean closed;

    /** @param backend closed with it */
    EngineCore(EngineOptions options, Backend backend) {
        this.options = options;
        place = Place.of(backend, options.concurrentCalls());
        calls = new CallThreads(options.concurrentCalls());
        unmanage = options.management() ? Management.register(this) : () -> {};
    }

    /**
     * Starts threads and finds out what computes.
     *
     * @throws IllegalArgumentException if this machine cannot do what is wanted; the message says what it offers
     */
    public static EngineCore open(EngineOptions options) {
        Backend backend = Backends.open(options.backend(), options.threads());
        try {
            return new EngineCore(options, backend);
        } catch (Throwable e) {
            backend.close();
            throw e;
        }
    }

    /**
     * Opens a model on an engine of its own, which is closed with it.
     *
     * @param model a built-in name ({@link Models#builtInNames}) or a directory in Hugging Face's layout
     * @param check throws if it is not the kind of model that is wanted, before its weights are read
     * @throws BadFileException if a file is absent, bad or not supported
     */
    static OpenModel openAlone(String model, EngineOptions options, Consumer<ModelFiles> check) throws IOException {
        // At the same time, because each takes some hundred milliseconds in a JVM that has just started.
        // On a thread of its own: the common pool's may all wait for this model, as where a parallel stream's first
        // element opens it.
        CompletableFuture<EngineCore> core =
                CompletableFuture.supplyAsync(() -> open(options), EngineCore::startedAlone);
        ModelFiles files;
        try {
            files = Models.open(model);
        } catch (Throwable e) {
            core.thenAccept(EngineCore::close);
            throw e;
        }
        EngineCore opened;
        try {
            opened = result(core);
        } catch (Throwable e) {
            files.close();
            throw e;
        }
        return opened.openOnly(files, check);
    }

    /** The same from the model's files, which it closes. */
    static OpenModel openAlone(ModelFiles files, EngineOptions options, Consumer<ModelFiles> check) {
        EngineCore core;
        try {
            // Before threads are started for nothing.
            check.accept(files);
            core = open(options);
        } catch (Throwable e) {
            files.close();
            throw e;
        }
        return core.openOnly(files, check);
    }

    private OpenModel openOnly(ModelFiles files, Consumer<ModelFiles> check) {
        try {
            return open(files, check, this::close);
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    private static void startedAlone(Runnable task) {
        Thread.ofPlatform()
                .daemon()
                .inheritInheritableThreadLocals(false)
                .name("tokenwise-open")
                .start(task);
    }

    private static <T> T result(CompletableFuture<T> future) {
        try {
            return future.join();
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null, default -> throw e;
            }
        }
    }

    /** Opens a model beside others; see {@link #openAlone}. */
    public OpenModel open(String model, Consumer<ModelFiles> check) throws IOException {
        return open(Models.open(model), check, () -> {});
    }

    /**
     * The same as a kind of model that the files hold besides.
     *
     * @param kind throws if they do not
     */
    public OpenModel openAs(String model, UnaryOperator<ModelFiles> kind) throws IOException {
        return open(as(Models.open(model), kind), _ -> {}, () -> {});
    }

    static ModelFiles as(ModelFiles files, UnaryOperator<ModelFiles> kind) {
        try {
            return kind.apply(files);
        } catch (Throwable e) {
            files.close();
            throw e;
        }
    }

    private OpenModel open(ModelFiles files, Consumer<ModelFiles> check, Runnable afterwards) {
        // Closing may wait for calls, which who opens a model now need not wait for.
        if (refusing) {
            files.close();
            throw new IllegalStateException("the engine is closed");
        }
        opening.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("the engine is closed");
            }
            check.accept(files);
            OpenModel model = opened(files, afterwards);
            synchronized (models) {
                models.add(model);
            }
            return model;
        } catch (Throwable e) {
            files.close();
            throw e;
        } finally {
            opening.readLock().unlock();
        }
    }

    private OpenModel opened(ModelFiles files, Runnable afterwards) {
        try {
            return new OpenModel(this, place, files, afterwards);
        } catch (UnsupportedOperationException e) {
            if (place.backend().kind() != Kind.CUDA) {
                throw e;
            }
            String name = files.description().name();
            if (options.backend().kind() != Kind.AUTO) {
                throw new IllegalArgumentException(
                        name + ": backend " + place.backend().name() + ": " + e.getMessage()
                                + "; backends vector and onednn run this model, auto chooses one of them for it",
                        e);
            }
            var model = new OpenModel(this, onCpu(), files, afterwards);
            LOG.info(
                    "{} runs on backend {}, not {}: {}",
                    name,
                    model.backend().name(),
                    place.backend().name(),
                    e.getMessage());
            return model;
        }
    }

    private Place onCpu() {
        synchronized (models) {
            if (onCpu == null) {
                onCpu = Place.of(Backends.openOnCpu(options.backend(), options.threads()), options.concurrentCalls());
            }
            return onCpu;
        }
    }

    /** A model was closed. */
    void forget(OpenModel model) {
        synchronized (models) {
            models.remove(model);
        }
        // Closing does so once for all.
        if (!refusing) {
            giveBackFreed();
        }
    }

    /** Nobody has to wait for it, least of all a process that ends now. */
    private static void giveBackFreed() {
        try {
            Thread.ofPlatform()
                    .daemon()
                    .inheritInheritableThreadLocals(false)
                    .name("tokenwise-close")
                    .start(FreedMemory::giveBack);
        } catch (OutOfMemoryError _) {
            // The system has no more threads. Nothing is lost but this.
        }
    }

    public EngineOptions options() {
        return options;
    }

    /** What computes, but for models that run on the CPU since it lacks something for them: its name, threads and precision. */
    public Backend backend() {
        return place.backend();
    }

    /** Those of each place. */
    List<SessionPool> sessions() {
        synchronized (models) {
            return onCpu == null ? List.of(place.sessions()) : List.of(place.sessions(), onCpu.sessions());
        }
    }

    CallThreads calls() {
        return calls;
    }

    CallTotals totals() {
        return totals;
    }

    /** The names of the models that are open. */
    String[] names() {
        return models().stream()
                .map(model -> model.files().description().name())
                .toArray(String[]::new);
    }

    private void closePlaces() {
        place.close();
        synchronized (models) {
            if (onCpu != null) {
                onCpu.close();
            }
        }
    }

    private List<OpenModel> models() {
        synchronized (models) {
            return new ArrayList<>(models);
        }
    }

    /** What it does now. */
    public EngineMXBean state() {
        return new Management(this);
    }

    @Override
    public void close() {
        refusing = true;
        sessions().forEach(SessionPool::refuse);
        opening.writeLock().lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            unmanage.run();
            models().forEach(OpenModel::closeModel);
            calls.close();
            closePlaces();
            giveBackFreed();
        } finally {
            opening.writeLock().unlock();
        }
    }
}
