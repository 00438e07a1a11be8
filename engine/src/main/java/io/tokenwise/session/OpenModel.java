package io.tokenwise.session;

import io.tokenwise.api.BackendChoice.Kind;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.backend.Backend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.VectorLength;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * A model that can run: its files, what computes, and sessions. It is what the doors have in common, {@code TextEncoder}, {@code ImageClassifier} and {@code
 * SpeechRecognizer}.
 *
 * <p>Thread-safe. Close waits for running calls, then frees the model's memory; later calls, and those that still wait for others, throw {@link IllegalStateException}.
 */
public final class OpenModel implements AutoCloseable {
    private final EngineCore core;
    private final Place place;
    private final ModelFiles files;
    private final Encoder encoder;
    private final Sessions sessions;
    private final Runnable afterwards;
    private boolean closed;

    /**
     * Leaves the files open if it fails.
     *
     * @param afterwards called when the model was closed
     * @throws UnsupportedOperationException if the place's device lacks what the model computes by
     */
    OpenModel(EngineCore core, Place place, ModelFiles files, Runnable afterwards) {
        this.core = core;
        this.place = place;
        this.files = files;
        this.afterwards = afterwards;
        encoder = Encoder.load(files, place.backend());
        try {
            sessions = new Sessions(
                    encoder, place.sessions(), false, core.options().batchTokens());
            if (place.backend().kind() == Kind.CUDA) {
                DeviceTrial.run(files, encoder, sessions);
            }
            files.weights().close();
        } catch (Throwable e) {
            // What a trial has taken on the device.
            place.sessions().forget();
            encoder.close();
            throw e;
        }
    }

    /**
     * Opens a model on an engine of its own, which is closed with it.
     *
     * @param model a built-in name ({@link Models#builtInNames}) or a directory in Hugging Face's layout
     * @param check throws if it is not the kind of model that is wanted, before its weights are read
     * @throws io.tokenwise.api.BadFileException if a file is absent, bad or not supported
     */
    public static OpenModel open(String model, EngineOptions options, Consumer<ModelFiles> check) throws IOException {
        return EngineCore.openAlone(model, options, check);
    }

    /** The same from the model's files, which it closes, also if this fails. */
    public static OpenModel open(ModelFiles files, EngineOptions options, Consumer<ModelFiles> check) {
        return EngineCore.openAlone(files, options, check);
    }

    /**
     * The same as a kind of model that the files hold besides.
     *
     * @param kind throws if they do not
     */
    public static OpenModel openAs(ModelFiles files, EngineOptions options, UnaryOperator<ModelFiles> kind) {
        return open(EngineCore.as(files, kind), options, _ -> {});
    }

    /** What the model gives for many inputs, without a deadline; see {@link #encode(List, List, Deadline)}. */
    public float[][] encode(List<int[]> inputs, List<Budget> budgets) {
        return encode(inputs, budgets, Deadline.NONE);
    }

    /**
     * What the model gives for many inputs, in their order, each with a budget of its own. Of a virtual thread it is computed on one of the engine's platform threads.
     *
     * @throws IllegalArgumentException if there are not as many budgets as inputs
     * @throws IllegalStateException if it is closed, or if the thread is interrupted
     * @throws io.tokenwise.api.DeadlineException if the deadline passes before the last batch begins
     */
    public float[][] encode(List<int[]> inputs, List<Budget> budgets, Deadline deadline) {
        return encode(inputs, budgets, VectorLength.DESCRIBED, each(inputs), deadline);
    }

    private Given each(List<int[]> inputs) {
        return Given.each(encoder.description().reads(), inputs.size());
    }

    /**
     * The same of inputs that are parts of what a call was given, or some of it, and with texts' vectors of another length.
     *
     * @param given what they are of, for messages
     */
    public float[][] encode(
            List<int[]> inputs, List<Budget> budgets, VectorLength length, Given given, Deadline deadline) {
        return onPlatform(deadline, stop -> sessions.encode(inputs, budgets, length, given, null, stop));
    }

    /**
     * What the model gives for tokens, a row for each; otherwise as {@link #encode(List, List, Deadline)}.
     *
     * @param places for each input the tokens that are asked for, no one twice; null for all tokens of all
     */
    public float[][][] encodeTokens(List<int[]> inputs, List<int[]> places, List<Budget> budgets, Deadline deadline) {
        return encodeTokens(inputs, places, null, budgets, each(inputs), deadline);
    }

    /**
     * The same of one input of a call, row by row: there may be a number for each word of a vocabulary, and many rows.
     *
     * @param given what the rows are of, for messages
     * @param to gets each row, in the order of the places
     */
    public void eachToken(
            int[] input, int[] places, Budget budget, Given given, Deadline deadline, Consumer<float[]> to) {
        onPlatform(deadline, stop -> {
            sessions.eachToken(input, places, budget, given, stop, to);
            return null;
        });
    }

    /**
     * The same of inputs that are parts of what a call was given, and not all of whose tokens are seen by others.
     *
     * @param seen of each input how many of its first tokens others see; null for all of all
     * @param given what the inputs are of, for messages
     */
    public float[][][] encodeTokens(
            List<int[]> inputs, List<int[]> places, int[] seen, List<Budget> budgets, Given given, Deadline deadline) {
        return onPlatform(deadline, stop -> sessions.encodeTokens(inputs, places, seen, budgets, given, null, stop));
    }

    /** What a call computes in a session, which it has for that long; otherwise as {@link #encode(List, List, Deadline)}. */
    public <T> T lend(Deadline deadline, Function<Session, T> work) {
        return lend(deadline, 0, "of 1 " + encoder.description().inputs(), work);
    }

    /**
     * The same of one part of what is asked for.
     *
     * @param done parts before it
     * @param parts what they are called, for messages, such as "segments"
     */
    public <T> T lend(Deadline deadline, int done, String parts, Function<Session, T> work) {
        return onPlatform(
                deadline,
                stop -> sessions.lend(stop.deadline(), session -> {
                    stop.check(done, parts);
                    return work.apply(session);
                }));
    }

    private <T> T onPlatform(Deadline deadline, Function<Stop, T> work) {
        return core.totals()
                .counted(() -> Thread.currentThread().isVirtual()
                        ? core.calls().await(deadline, work)
                        : work.apply(Stop.at(deadline)));
    }

    /**
     * Computes on the engine's platform threads, as many at once as calls run; others wait in their order.
     *
     * @param work gets a way to {@link #encode(List, List, Deadline) encode} that ends when the future is done, because it was cancelled or is too late
     * @return a future that fails as {@link #encode(List, List, Deadline)} does, with {@link java.util.concurrent.RejectedExecutionException} if too many calls wait
     */
    public <T> CompletableFuture<T> start(Deadline deadline, Function<Encoding, T> work) {
        return core.totals()
                .counted(core.calls()
                        .start(
                                deadline,
                                stop -> work.apply((inputs, budgets, length, given) ->
                                        sessions.encode(inputs, budgets, length, given, null, stop))));
    }

    /** Encodes the inputs of one call. */
    @FunctionalInterface
    public interface Encoding {
        float[][] encode(List<int[]> inputs, List<Budget> budgets, VectorLength length, Given given);
    }

    /**
     * Refuses a budget that a model of texts cannot keep for any, so that who is told it once, at the start, finds out then.
     *
     * @throws IllegalArgumentException if it is one
     */
    public void requireKept(Budget budget) {
        // Of the longest text tokens that always stay are the least share.
        encoder.plan(new int[encoder.description().maxTokens()], budget);
    }

    /**
     * For calls that need no session.
     *
     * @throws IllegalStateException if it is closed
     */
    public void requireOpen() {
        sessions.refuseIfClosed();
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
        return place.backend();
    }

    /** What it may use, together with the other models of its engine. */
    public EngineOptions options() {
        return core.options();
    }

    @Override
    public void close() {
        try {
            closeModel();
        } finally {
            afterwards.run();
        }
    }

    /** Without what it was opened with. */
    synchronized void closeModel() {
        if (closed) {
            return;
        }
        closed = true;
        sessions.close();
        encoder.close();
        files.close();
        core.forget(this);
    }
}
