package io.tokenwise;

import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.choice.Backends;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.model.Encoder;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A model that can run: its files, what computes, and sessions. It is what {@link TextEncoder} and {@link ImageClassifier} have in common.
 *
 * <p>Thread-safe. Close waits for running calls, then frees all native memory; later calls, and those that still wait for others, throw {@link IllegalStateException}.
 */
public final class OpenModel implements AutoCloseable {
    private final Backend backend;
    private final ModelFiles files;
    private final Encoder encoder;
    private final Sessions sessions;
    private final OpenUntilClosed open = new OpenUntilClosed("model");

    private OpenModel(Backend backend, ModelFiles files, EncoderOptions options) {
        this.backend = backend;
        this.files = files;
        this.encoder = Encoder.load(files, backend);
        try {
            files.weights().close();
            this.sessions = new Sessions(encoder, backend, options.batchTokens(), options.concurrentCalls());
        } catch (Throwable e) {
            encoder.close();
            throw e;
        }
    }

    /**
     * Opens a model.
     *
     * @param model a built-in name ({@link ModelFiles#builtInNames}) or a directory in Hugging Face's layout
     * @param check throws if it is not the kind of model that is wanted, before its weights are read
     * @throws io.tokenwise.api.BadFileException if a file is absent, bad or not supported
     */
    public static OpenModel open(String model, EncoderOptions options, Consumer<ModelFiles> check) throws IOException {
        // At the same time, because each takes some hundred milliseconds in a JVM that has just started.
        CompletableFuture<Backend> backend =
                CompletableFuture.supplyAsync(() -> Backends.open(options.backend(), options.threads()));
        ModelFiles files;
        try {
            files = ModelFiles.open(model);
        } catch (Throwable e) {
            backend.thenAccept(Backend::close);
            throw e;
        }
        return open(files, options, check, () -> result(backend));
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

    /** Opens a model from its files, which it closes. */
    public static OpenModel open(ModelFiles files, EncoderOptions options, Consumer<ModelFiles> check) {
        return open(files, options, check, () -> Backends.open(options.backend(), options.threads()));
    }

    private static OpenModel open(
            ModelFiles files, EncoderOptions options, Consumer<ModelFiles> check, Supplier<Backend> opened) {
        Backend backend = null;
        try {
            backend = opened.get();
            check.accept(files);
            return new OpenModel(backend, files, options);
        } catch (Throwable e) {
            files.close();
            if (backend != null) {
                backend.close();
            }
            throw e;
        }
    }

    /**
     * What the model gives for many inputs, in their order, each with a budget of its own.
     *
     * @throws IllegalArgumentException if there are not as many budgets as inputs
     * @throws IllegalStateException if it is closed
     */
    public float[][] encode(List<int[]> inputs, List<Budget> budgets) {
        return open.use(() -> sessions.encode(inputs, budgets, null));
    }

    /**
     * The vectors of all tokens of many inputs, {@code [inputs][tokens][hidden]}, at full budget.
     *
     * @throws IllegalStateException if it is closed
     */
    public float[][][] tokenVectors(List<int[]> inputs) {
        return open.use(() -> sessions.tokenVectors(inputs));
    }

    /** Its description and, if it reads text, tokenizer. */
    public ModelFiles files() {
        return files;
    }

    /** The network behind, for evaluation; it is closed with this object. */
    public Encoder encoder() {
        return encoder;
    }

    /** The level below {@link #encode}: observers allowed. */
    public Sessions sessions() {
        return sessions;
    }

    /** What computes: its name, threads and precision. */
    public Backend backend() {
        return backend;
    }

    @Override
    public void close() {
        open.close(sessions::refuse, () -> {
            sessions.close();
            encoder.close();
            files.close();
            backend.close();
        });
    }
}
