package io.tokenwise;

import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.acm.leave.ShortPlan;
import io.tokenwise.acm.leave.StayGate;
import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.io.MoonshineArchitecture;
import io.tokenwise.io.VitArchitecture;
import io.tokenwise.model.Encoder;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Runs an encoder on inputs, such as token ids or pixels: a fixed number of sessions, each with its own stream and workspace, lent to one call at a time.
 * Thread-safe.
 */
public final class Sessions implements AutoCloseable {
    /** Numbers that the inputs of a batch may have, if there are several: few patches may have many pixels. */
    private static final int MOST_INPUT = 1 << 22;

    private final Encoder encoder;
    private final int batchTokens;
    private final SessionPool<Session> sessions;

    /**
     * @param batchTokens tokens that run through the model at once; raised to the model's longest text if less
     * @param count calls that run at the same time; further ones wait
     */
    public Sessions(Encoder encoder, Backend backend, int batchTokens, int count) {
        this.encoder = encoder;
        this.batchTokens = Math.max(batchTokens, encoder.description().maxTokens());
        long limitBytes = memoryLimit(encoder, this.batchTokens);
        sessions = new SessionPool<>("model", count, () -> new Session(backend, limitBytes));
    }

    /**
     * Native memory that one session never passes, in bytes: twice what a batch needs, because a workspace that grows holds up
     * to twice its content. A token needs its input (a patch's values; a text's is a number), its embedding and each layer's result, and within a layer
     * Q, K, V, context, attention output, norms, MLP output and the units.
     */
    public static long memoryLimit(Encoder encoder, int batchTokens) {
        var sizes = encoder.description().architecture();
        long floatsPerToken = (long) sizes.hiddenSize() * (sizes.layers() + 10) + sizes.intermediateSize() + 256;
        if (encoder.leaving().isPresent()) {
            floatsPerToken += 10 * StayGate.WIDTH + StayGate.UNITS;
        }
        if (sizes instanceof VitArchitecture vit) {
            floatsPerToken += vit.patchValues() + vit.hiddenSize() + vit.classes() / vit.tokens() + 1;
        }
        if (sizes instanceof MoonshineArchitecture moonshine) {
            floatsPerToken += SpeechRecognizer.frontEndFloats(moonshine);
        }
        return Math.addExact(Math.multiplyExact(2L * Float.BYTES * batchTokens, floatsPerToken), 4L << 20);
    }

    /** One text's or batch's worth of working memory. */
    private static final class Session implements AutoCloseable {
        final Workspace workspace;
        final Pass pass;
        final TokenBatch batch = new TokenBatch();

        Session(Backend backend, long limitBytes) {
            workspace = backend.workspace(limitBytes);
            pass = new Pass(backend.stream(), workspace);
        }

        @Override
        public void close() {
            workspace.close();
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
        List<ShortPlan> plans = plans(sequences, budgets);
        var vectors = new float[sequences.size()][encoder.outputs()];
        Session session = sessions.borrow();
        try {
            int done = 0;
            while (done < vectors.length) {
                int from = done;
                session.batch.clear();
                int narrowLayers = plans.get(from).narrowLayers();
                while (done < vectors.length
                        && (done == from
                                || fits(sequences.get(done), session.batch)
                                        && plans.get(done).narrowLayers() == narrowLayers)) {
                    encoder.add(session.batch, sequences.get(done++));
                }
                Pass pass = session.pass.begin(budgets.subList(from, done)).with(LearnerObserver.class, observer);
                Tensor y = encoder.forward(pass, session.batch, plans.subList(from, done));
                try (HostTensor values = pass.stream().read(y)) {
                    for (int i = from; i < done; i++) {
                        values.copyRow(i - from, vectors[i], 0);
                    }
                }
            }
        } finally {
            sessions.giveBack(session);
        }
        return vectors;
    }

    private List<ShortPlan> plans(List<int[]> sequences, List<Budget> budgets) {
        var plans = new ArrayList<ShortPlan>(sequences.size());
        for (int i = 0; i < sequences.size(); i++) {
            plans.add(encoder.plan(sequences.get(i), budgets.get(i)));
        }
        return plans;
    }

    private boolean fits(int[] sequence, TokenBatch batch) {
        return batch.tokens() + encoder.description().tokens(sequence) <= batchTokens
                && batch.inputLength() + sequence.length <= MOST_INPUT;
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
        Session session = sessions.borrow();
        try {
            Pass pass = session.pass.begin(budget).with(LearnerObserver.class, observer);
            try (HostTensor values = pass.stream().read(encoder.forward(pass, batch))) {
                for (int i = 0; i < batch.sequences(); i++) {
                    values.copyRow(i, vectors, i * width);
                }
            }
        } finally {
            sessions.giveBack(session);
        }
    }

    /**
     * The vectors of all tokens of many sequences, {@code [sequences][tokens][hidden]}, at full budget: with a smaller one tokens leave, and those have none.
     *
     * @throws IllegalStateException if closed, or if the thread is interrupted while it waits for its turn
     */
    public float[][][] tokenVectors(List<int[]> sequences) {
        var vectors = new float[sequences.size()][][];
        Session session = sessions.borrow();
        try {
            int done = 0;
            while (done < vectors.length) {
                int from = done;
                session.batch.clear();
                while (done < vectors.length && (done == from || fits(sequences.get(done), session.batch))) {
                    encoder.add(session.batch, sequences.get(done++));
                }
                Pass pass = session.pass.begin(Budget.FULL);
                try (HostTensor values = pass.stream().read(encoder.tokens(pass, session.batch))) {
                    for (int i = from; i < done; i++) {
                        vectors[i] = rows(values, session.batch.offsets()[i - from], session.batch.length(i - from));
                    }
                }
            }
        } finally {
            sessions.giveBack(session);
        }
        return vectors;
    }

    private float[][] rows(HostTensor values, int from, int count) {
        var rows = new float[count][encoder.hidden()];
        for (int row = 0; row < count; row++) {
            values.copyRow(from + row, rows[row], 0);
        }
        return rows;
    }

    /** Calls that wait for a session, and later ones, throw {@link IllegalStateException}; those that run go on. */
    void refuse() {
        sessions.refuse();
    }

    /** Native memory that all sessions hold now, in bytes. */
    public long workspaceBytes() {
        return sessions.all().stream()
                .mapToLong(session -> session.workspace.bytes())
                .sum();
    }

    /** Waits for running calls, then frees the working memory; later and waiting calls throw {@link IllegalStateException}. */
    @Override
    public void close() {
        sessions.close();
    }
}
