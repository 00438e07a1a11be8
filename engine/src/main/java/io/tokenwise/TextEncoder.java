package io.tokenwise;

import io.tokenwise.backend.Backend;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.io.TextDescription;
import io.tokenwise.io.Tokenizer;
import io.tokenwise.model.Encoder;
import io.tokenwise.natives.FreedMemory;
import io.tokenwise.nn.Budget;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * Turns texts into vectors with a pre-trained encoder, dense or adaptive; what a service imports.
 *
 * <p>Thread-safe: any number of threads may call; {@link EncoderOptions#concurrentCalls} of them run at once and the others wait. A result does
 * not depend on the number of threads nor on what else is in the call. Close waits for running calls, then frees all native
 * memory; later calls throw {@link IllegalStateException}.
 */
public final class TextEncoder implements AutoCloseable {
    private final Backend backend;
    private final ModelFiles files;
    private final Encoder encoder;
    private final Tokenizer tokenizer;
    private final Sessions sessions;
    private final ReadWriteLock open = new ReentrantReadWriteLock();
    private boolean closed;

    private TextEncoder(Backend backend, ModelFiles files, EncoderOptions options) {
        this.backend = backend;
        this.files = files;
        this.tokenizer = files.tokenizer();
        this.encoder = Encoder.load(files, backend);
        try {
            files.weights().close();
            this.sessions = new Sessions(encoder, backend, options.batchTokens(), options.concurrentCalls());
        } catch (Throwable e) {
            encoder.close();
            throw e;
        }
    }

    /** Opens the {@linkplain ModelFiles#defaultName default} built-in model; see {@link #open(String)}. */
    public static TextEncoder open() throws IOException {
        return open(ModelFiles.defaultName());
    }

    /**
     * Opens a model with {@link EncoderOptions#defaults}.
     *
     * @param model a built-in name ({@link ModelFiles#builtInNames}) or a directory in Hugging Face's layout
     * @throws io.tokenwise.io.BadFileException if a file is absent, bad or not supported
     */
    public static TextEncoder open(String model) throws IOException {
        return open(model, EncoderOptions.defaults());
    }

    /** Opens a model; see {@link #open(String)}. */
    public static TextEncoder open(String model, EncoderOptions options) throws IOException {
        // At the same time, because each takes some hundred milliseconds in a JVM that has just started.
        CompletableFuture<Backend> backend =
                CompletableFuture.supplyAsync(() -> options.backend().open(options.threads()));
        ModelFiles files;
        try {
            files = ModelFiles.open(model);
        } catch (Throwable e) {
            backend.thenAccept(Backend::close);
            throw e;
        }
        return open(files, options, () -> result(backend));
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

    /** Opens a model from its files, which the encoder closes. */
    public static TextEncoder open(ModelFiles files, EncoderOptions options) {
        return open(files, options, () -> options.backend().open(options.threads()));
    }

    private static TextEncoder open(ModelFiles files, EncoderOptions options, Supplier<Backend> opened) {
        Backend backend = null;
        try {
            backend = opened.get();
            return new TextEncoder(backend, files, options);
        } catch (Throwable e) {
            files.close();
            if (backend != null) {
                backend.close();
            }
            throw e;
        }
    }

    /** The vector of one text, at full budget. */
    public Embedding embed(String text) {
        return embed(text, Budget.FULL);
    }

    /** The vector of one text. */
    public Embedding embed(String text, Budget budget) {
        return embed(List.of(text), budget).getFirst();
    }

    /** The vectors of many texts, in their order, at full budget. */
    public List<Embedding> embed(List<String> texts) {
        return embed(texts, Budget.FULL);
    }

    /** The vectors of many texts, in their order, all with the same budget. */
    public List<Embedding> embed(List<String> texts, Budget budget) {
        return embed(texts, Collections.nCopies(texts.size(), budget));
    }

    /**
     * The vectors of many texts, in their order, each with a budget of its own.
     *
     * @throws IllegalArgumentException if there are not as many budgets as texts
     */
    public List<Embedding> embed(List<String> texts, List<Budget> budgets) {
        open.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("the text encoder is closed");
            }
            List<Tokenizer.Encoded> encoded =
                    texts.stream().map(tokenizer::encode).toList();
            float[][] vectors =
                    sessions.encode(encoded.stream().map(Tokenizer.Encoded::ids).toList(), budgets, null);
            var embeddings = new ArrayList<Embedding>(texts.size());
            for (int i = 0; i < vectors.length; i++) {
                Tokenizer.Encoded text = encoded.get(i);
                embeddings.add(new Embedding(vectors[i], text.ids().length, text.truncated()));
            }
            return embeddings;
        } finally {
            open.readLock().unlock();
        }
    }

    /** The vector of a search query: with what the model wants to see before queries, if anything. */
    public Embedding embedQuery(String query, Budget budget) {
        return embed(description().queryPrefix() + query, budget);
    }

    /** The vectors of texts to be found: with what the model wants to see before them, if anything. */
    public List<Embedding> embedPassages(List<String> passages, Budget budget) {
        String prefix = description().passagePrefix();
        return embed(passages.stream().map(passage -> prefix + passage).toList(), budget);
    }

    /** What the model is. */
    public TextDescription description() {
        return files.text();
    }

    /** The model behind, for evaluation; it is closed with this object. */
    public Encoder encoder() {
        return encoder;
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /** The token level below {@link #embed}: no tokenizer, observers allowed. */
    public Sessions sessions() {
        return sessions;
    }

    /** What computes: its name, threads and precision. */
    public Backend backend() {
        return backend;
    }

    @Override
    public void close() {
        open.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                sessions.close();
                encoder.close();
                files.close();
                backend.close();
                // Nobody has to wait for it, least of all a process that ends now.
                Thread.ofPlatform().daemon().name("tokenwise-close").start(FreedMemory::giveBack);
            }
        } finally {
            open.writeLock().unlock();
        }
    }
}
