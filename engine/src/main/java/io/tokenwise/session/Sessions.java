package io.tokenwise.session;

import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.acm.leave.ShortPlan;
import io.tokenwise.acm.leave.StayGate;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.backend.Backend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.InputKind;
import io.tokenwise.model.RowMemory;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.SeenTokens;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.nn.VectorLength;
import io.tokenwise.tensor.HostTensor;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Runs an encoder on inputs, such as token ids or pixels, in sessions that are lent to one call at a time: of its own, or shared with other models. Thread-safe.
 */
public final class Sessions implements AutoCloseable {
    private final Encoder encoder;
    private final int batchTokens;
    private final SessionPool pool;
    private final boolean ownsPool;
    private final long limitBytes;

    /** Calls that have a session now. */
    private final AtomicInteger running = new AtomicInteger();

    /** Told when nothing runs any more; also guards {@link #closed}. */
    private final Object idle = new Object();

    private volatile boolean refusing;
    private boolean closed;

    /**
     * With sessions of its own.
     *
     * @param batchTokens tokens of several inputs that run through the model at once; one that has more runs alone
     * @param count calls that run at the same time; further ones wait
     */
    public Sessions(Encoder encoder, Backend backend, int batchTokens, int count) {
        this(encoder, new SessionPool(backend, count), true, batchTokens);
    }

    Sessions(Encoder encoder, SessionPool pool, boolean ownsPool, int batchTokens) {
        this.encoder = encoder;
        this.pool = pool;
        this.ownsPool = ownsPool;
        this.batchTokens = batchTokens;
        int longest = Math.max(
                encoder.description().maxTokens(), encoder.description().maxTokensOfPart());
        limitBytes = memoryLimit(encoder, Math.max(batchTokens, longest));
    }

    /**
     * Native memory that one session never passes, in bytes: twice what a batch needs, because a workspace that grows holds up
     * to twice its content. A token needs its input (a patch's values; a text's is a number), and what its layers hold.
     */
    public static long memoryLimit(Encoder encoder, int batchTokens) {
        var sizes = encoder.description().architecture();
        long floatsPerToken = sizes.floatsPerToken() + 256;
        if (encoder.leaving().isPresent()) {
            floatsPerToken += 10 * StayGate.WIDTH + StayGate.UNITS;
        }
        RowMemory ofFamily = encoder.description().family().memory(encoder.description());
        long floats = Math.addExact(
                Math.multiplyExact(batchTokens, floatsPerToken + ofFamily.floatsPerToken()), ofFamily.floats());
        return Math.addExact(Math.multiplyExact(2L * Float.BYTES, floats), 4L << 20);
    }

    /** The vectors of many sequences, in their order, all with the same budget; otherwise as the method with a budget for each. */
    public float[][] encode(List<int[]> sequences, Budget budget, LearnerObserver observer) {
        return encode(sequences, Collections.nCopies(sequences.size(), budget), observer);
    }

    /**
     * The vectors of many sequences, in their order. Sequences of different budgets run together; the vectors are those of separate
     * calls.
     *
     * @param budgets one for each sequence
     * @param observer told what adaptive modules spend, batch by batch in the order of the sequences; may be null
     * @throws IllegalArgumentException if there are not as many budgets as sequences
     * @throws IllegalStateException if closed, or if the thread is interrupted while it waits for its turn or between two batches
     */
    public float[][] encode(List<int[]> sequences, List<Budget> budgets, LearnerObserver observer) {
        return encode(sequences, budgets, VectorLength.DESCRIBED, each(sequences), observer, Stop.NEVER);
    }

    private Given each(List<int[]> sequences) {
        return Given.each(encoder.description().reads(), sequences.size());
    }

    /** @param given what the sequences are of, for messages */
    float[][] encode(
            List<int[]> sequences,
            List<Budget> budgets,
            VectorLength length,
            Given given,
            LearnerObserver observer,
            Stop stop) {
        requirePerToken(false);
        var vectors = new float[sequences.size()][encoder.outputs()];
        run(sequences, budgets, length, given, observer, stop, (pass, batch, plans, from) -> {
            try (HostTensor values = pass.stream().read(encoder.forward(pass, batch, plans))) {
                for (int i = 0; i < batch.sequences(); i++) {
                    values.copyRow(i, vectors[from + i], 0);
                }
            }
        });
        return vectors;
    }

    /**
     * What a model gives for tokens, a row for each, of many sequences in their order; otherwise as {@link #encode(List, List, LearnerObserver)}.
     *
     * @param places for each sequence the tokens that are asked for, no one twice; null for all tokens of all
     * @throws IllegalStateException if the model gives something for the input as a whole
     */
    public float[][][] encodeTokens(
            List<int[]> sequences, List<int[]> places, List<Budget> budgets, LearnerObserver observer) {
        return encodeTokens(sequences, places, null, budgets, each(sequences), observer, Stop.NEVER);
    }

    /** @param seen of each sequence how many of its first tokens others see; null for all of all */
    float[][][] encodeTokens(
            List<int[]> sequences,
            List<int[]> places,
            int[] seen,
            List<Budget> budgets,
            Given given,
            LearnerObserver observer,
            Stop stop) {
        requirePerToken(true);
        var outputs = new float[sequences.size()][][];
        var reading = new TokenReading(encoder);
        run(sequences, budgets, VectorLength.DESCRIBED, given, observer, stop, (pass, batch, plans, from) -> {
            pass.with(SeenTokens.class, seen == null ? null : SeenTokens.of(batch, from, seen));
            List<int[]> ofBatch = places == null ? null : places.subList(from, from + batch.sequences());
            for (int i = 0; i < batch.sequences(); i++) {
                outputs[from + i] = new float[places == null ? batch.length(i) : ofBatch.get(i).length][];
            }
            reading.read(
                    pass,
                    encoder.tokens(pass, batch, plans),
                    ofBatch,
                    (sequence, k, values) -> outputs[from + sequence][k] = values);
        });
        return outputs;
    }

    /**
     * The same of one sequence, whose rows nobody holds together. Asked for an end also between some of them and the next ones.
     *
     * @param given what the rows are of
     */
    void eachToken(int[] sequence, int[] places, Budget budget, Given given, Stop stop, Consumer<float[]> to) {
        requirePerToken(true);
        var reading = new TokenReading(encoder);
        run(
                List.of(sequence),
                List.of(budget),
                VectorLength.DESCRIBED,
                given,
                null,
                stop,
                (pass, batch, plans, _) -> reading.read(
                        pass, encoder.tokens(pass, batch, plans), List.of(places), new TokenReading.Rows() {
                            @Override
                            public void row(int ofOne, int k, float[] values) {
                                to.accept(values);
                            }

                            @Override
                            public void next(int done) {
                                stop.check(done, given);
                            }
                        }));
    }

    /**
     * What comes out for many sequences, in their order, all with the same budget: of each a row, or where the model gives something for each token, a row for each of these.
     *
     * @param observer told what adaptive modules spend; may be null
     */
    public float[][][] rows(List<int[]> sequences, Budget budget, LearnerObserver observer) {
        if (encoder.description().perToken()) {
            return encodeTokens(sequences, null, Collections.nCopies(sequences.size(), budget), observer);
        }
        float[][] vectors = encode(sequences, budget, observer);
        var rows = new float[vectors.length][][];
        Arrays.setAll(rows, i -> new float[][] {vectors[i]});
        return rows;
    }

    private void requirePerToken(boolean perToken) {
        if (encoder.description().perToken() != perToken) {
            throw new IllegalStateException(encoder.description().name() + " gives something for "
                    + (perToken ? "each input as a whole, not for each token" : "each token, not for an input"));
        }
    }

    /** What is done with a batch. */
    private interface Work {
        /** @param from the number of its first input */
        void run(Pass pass, TokenBatch batch, List<ShortPlan> plans, int from);
    }

    private void run(
            List<int[]> sequences,
            List<Budget> budgets,
            VectorLength length,
            Given given,
            LearnerObserver observer,
            Stop stop,
            Work work) {
        if (budgets.size() != sequences.size()) {
            throw new IllegalArgumentException(
                    "encode: " + sequences.size() + " inputs and " + budgets.size() + " budgets; give one for each");
        }
        if (sequences.isEmpty()) {
            // There is nothing to wait for.
            refuseIfClosed();
            return;
        }
        var batches = new Batches(encoder, batchTokens, sequences, budgets, given);
        var event = new EmbedEvent();
        boolean isTold = event.isEnabled() && encoder.description().reads() == InputKind.TEXT;
        event.begin();
        long asked = isTold ? System.nanoTime() : 0;
        Session session = borrow(stop.deadline());
        long began = isTold ? System.nanoTime() : 0;
        try {
            run(session, batches, length, observer, stop, work);
        } finally {
            giveBack(session);
        }
        if (isTold) {
            event.end();
            event.queueNanos = stop.queuedNanos() + began - asked;
            event.computeNanos = System.nanoTime() - began;
            if (event.shouldCommit()) {
                event.tell(encoder, sequences, budgets);
            }
        }
    }

    private static void run(
            Session session, Batches batches, VectorLength length, LearnerObserver observer, Stop stop, Work work) {
        int done = 0;
        while (done < batches.inputs()) {
            stop.check(done, batches.given());
            int from = done;
            done = batches.fill(session.batch(), from);
            Pass pass = session.pass()
                    .begin(batches.budgets(from, done))
                    .with(LearnerObserver.class, observer)
                    .with(VectorLength.class, length);
            work.run(pass, session.batch(), batches.plans(from, done), from);
            session.ran(session.batch());
        }
    }

    /**
     * The vectors of a batch into {@code vectors}, one after the other. Once warm it allocates nothing on the heap.
     *
     * @throws IllegalArgumentException if the array has another size than {@code sequences * outputs}, or if the inputs' plans differ in their number of narrow layers
     */
    public void encode(TokenBatch batch, Budget budget, LearnerObserver observer, float[] vectors) {
        int width = encoder.outputs();
        if (vectors.length != batch.sequences() * width) {
            throw new IllegalArgumentException("encode: " + batch.sequences() + " sequences of " + width
                    + " values do not fit an array of " + vectors.length);
        }
        Session session = borrow(Deadline.NONE);
        try {
            Pass pass = session.pass().begin(budget).with(LearnerObserver.class, observer);
            try (HostTensor values = pass.stream().read(encoder.forward(pass, batch))) {
                for (int i = 0; i < batch.sequences(); i++) {
                    values.copyRow(i, vectors, i * width);
                }
            }
            session.ran(batch);
        } finally {
            giveBack(session);
        }
    }

    /**
     * What a call computes in a session, which it has for that long.
     *
     * @throws IllegalStateException if closed, or if the thread is interrupted while it waits for its turn
     * @throws io.tokenwise.api.DeadlineException if the deadline passes first
     */
    public <T> T lend(Deadline deadline, Function<Session, T> work) {
        Session session = borrow(deadline);
        try {
            return work.apply(session);
        } finally {
            giveBack(session);
        }
    }

    private Session borrow(Deadline deadline) {
        refuseIfClosed();
        Session session = pool.borrow(deadline);
        running.incrementAndGet();
        try {
            // It may have been closed while we waited; from here on closing waits for us.
            refuseIfClosed();
            session.allow(limitBytes);
            return session;
        } catch (Throwable e) {
            giveBack(session);
            throw e;
        }
    }

    void refuseIfClosed() {
        if (refusing) {
            throw new IllegalStateException("the model is closed");
        }
    }

    private void giveBack(Session session) {
        pool.giveBack(session);
        if (running.decrementAndGet() == 0 && refusing) {
            synchronized (idle) {
                idle.notifyAll();
            }
        }
    }

    /** Native memory that all sessions hold now, in bytes. */
    public long workspaceBytes() {
        return pool.bytes();
    }

    /** Frees the working memory, where a call runs when it ends: what comes is smaller than what there was, or comes later. */
    public void giveBackMemory() {
        pool.forget();
    }

    /** Waits for running calls, then frees the working memory; later and waiting calls throw {@link IllegalStateException}. */
    @Override
    public void close() {
        refusing = true;
        if (ownsPool) {
            pool.close();
            return;
        }
        synchronized (idle) {
            awaitIdle();
            if (!closed) {
                closed = true;
                pool.forget();
            }
        }
    }

    private void awaitIdle() {
        boolean interrupted = false;
        while (running.get() > 0) {
            try {
                idle.wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
