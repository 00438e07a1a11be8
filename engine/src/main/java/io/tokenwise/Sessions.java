package io.tokenwise;

import io.tokenwise.backend.Backend;
import io.tokenwise.io.VitArchitecture;
import io.tokenwise.model.Encoder;
import io.tokenwise.nn.Budget;
import io.tokenwise.nn.LearnerObserver;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Runs an encoder on inputs, such as token ids or pixels: a fixed number of sessions, each with its own stream and workspace, lent to one call at a time.
 * Thread-safe.
 */
public final class Sessions implements AutoCloseable {
    /** Of so many calls, one waits behind those that wait already. */
    private static final int POLITE = 16;

    /** Numbers that the inputs of a batch may have, if there are several: few patches may have many pixels. */
    private static final int MOST_INPUT = 1 << 22;

    private final Encoder encoder;
    private final int batchTokens;
    private final List<Session> all = new ArrayList<>();

    /** Guarded by itself. The last one back goes first: its memory is in the caches, and what few callers never need stays small. */
    private final ArrayDeque<Session> free;

    /**
     * One for each free session; those who wait get them in their order. Who comes just then may go first, because it takes a while until
     * they wake up (16 callers for 8 sessions, short texts: 5,300 calls a second, 3,200 in strict order), but not always, or some would
     * starve (longest call 0.7 seconds).
     */
    private final Semaphore turns;

    private final AtomicInteger calls = new AtomicInteger();

    private volatile boolean closed;

    /**
     * @param batchTokens tokens that run through the model at once; raised to the model's longest text if less
     * @param count calls that run at the same time; further ones wait
     */
    public Sessions(Encoder encoder, Backend backend, int batchTokens, int count) {
        this.encoder = encoder;
        this.batchTokens = Math.max(batchTokens, encoder.description().maxTokens());
        free = new ArrayDeque<>(count);
        turns = new Semaphore(count, true);
        for (int i = 0; i < count; i++) {
            var session = new Session(backend, memoryLimit(encoder, this.batchTokens));
            all.add(session);
            free.add(session);
        }
    }

    /**
     * Native memory that one session never passes, in bytes: twice what a batch needs, because a workspace that grows holds up
     * to twice its content. A token needs its input (a patch's values; a text's is a number), its embedding and each layer's result, and within a layer
     * Q, K, V, context, attention output, norms, MLP output and the units.
     */
    public static long memoryLimit(Encoder encoder, int batchTokens) {
        var sizes = encoder.description().architecture();
        long floatsPerToken = (long) sizes.hiddenSize() * (sizes.layers() + 10) + sizes.intermediateSize() + 256;
        if (sizes instanceof VitArchitecture vit) {
            floatsPerToken += vit.patchValues() + vit.hiddenSize() + vit.classes() / vit.tokens() + 1;
        }
        return Math.addExact(Math.multiplyExact(2L * Float.BYTES * batchTokens, floatsPerToken), 4L << 20);
    }

    /** One text's or batch's worth of working memory. */
    private final class Session {
        final Workspace workspace;
        final Pass pass;
        final TokenBatch batch = new TokenBatch();

        Session(Backend backend, long limitBytes) {
            workspace = new Workspace(limitBytes);
            pass = new Pass(backend.stream(), workspace);
        }
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
     * @throws IllegalStateException if closed, or if the thread is interrupted while it waits for its turn
     */
    public float[][] encode(List<int[]> sequences, List<Budget> budgets, LearnerObserver observer) {
        if (budgets.size() != sequences.size()) {
            throw new IllegalArgumentException(
                    "encode: " + sequences.size() + " inputs and " + budgets.size() + " budgets; give one for each");
        }
        var vectors = new float[sequences.size()][encoder.outputs()];
        Session session = borrow();
        try {
            int done = 0;
            while (done < vectors.length) {
                int from = done;
                session.batch.clear();
                while (done < vectors.length && (done == from || fits(sequences.get(done), session.batch))) {
                    encoder.add(session.batch, sequences.get(done++));
                }
                Pass pass = session.pass.begin(budgets.subList(from, done), observer);
                Tensor y = encoder.forward(pass, session.batch);
                for (int i = from; i < done; i++) {
                    copy(y, i - from, vectors[i], 0);
                }
            }
        } finally {
            giveBack(session);
        }
        return vectors;
    }

    private boolean fits(int[] sequence, TokenBatch batch) {
        return batch.tokens() + encoder.description().tokens(sequence) <= batchTokens
                && batch.inputLength() + sequence.length <= MOST_INPUT;
    }

    /**
     * The vectors of a batch into {@code vectors}, one after the other. Once warm it allocates nothing on the heap.
     *
     * @throws IllegalArgumentException if the array has another size than {@code sequences * outputs}
     */
    public void encode(TokenBatch batch, Budget budget, LearnerObserver observer, float[] vectors) {
        int width = encoder.outputs();
        if (vectors.length != batch.sequences() * width) {
            throw new IllegalArgumentException("encode: " + batch.sequences() + " sequences of " + width
                    + " values do not fit an array of " + vectors.length);
        }
        Session session = borrow();
        try {
            Tensor y = encoder.forward(session.pass.begin(budget, observer), batch);
            for (int i = 0; i < batch.sequences(); i++) {
                copy(y, i, vectors, i * width);
            }
        } finally {
            giveBack(session);
        }
    }

    /** Native memory that all sessions hold now, in bytes. */
    public long workspaceBytes() {
        return all.stream().mapToLong(session -> session.workspace.bytes()).sum();
    }

    /** Waits for running calls, then frees the working memory; later and waiting calls throw {@link IllegalStateException}. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        turns.acquireUninterruptibly(all.size());
        all.forEach(session -> session.workspace.close());
        // Wakes calls that wait for their turn; they find out that it is too late.
        turns.release(all.size());
    }

    private Session borrow() {
        try {
            boolean polite = calls.incrementAndGet() % POLITE == 0 && turns.hasQueuedThreads();
            if (polite || !turns.tryAcquire()) {
                turns.acquire();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for a free session", e);
        }
        if (closed) {
            turns.release();
            throw new IllegalStateException("the model is closed");
        }
        synchronized (free) {
            return free.pop();
        }
    }

    private void giveBack(Session session) {
        synchronized (free) {
            free.push(session);
        }
        turns.release();
    }

    private static void copy(Tensor y, int row, float[] target, int at) {
        MemorySegment segment = y.floats().segment();
        long offset = y.floats().at((long) row * y.columns());
        MemorySegment.copy(segment, ValueLayout.JAVA_FLOAT, offset, target, at, y.columns());
    }
}
