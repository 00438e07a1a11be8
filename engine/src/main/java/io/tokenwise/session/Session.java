package io.tokenwise.session;

import io.tokenwise.backend.Backend;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Workspace;
import java.util.concurrent.atomic.AtomicLong;

/** One batch's worth of working memory, of whichever model computes with it. For one call at a time. */
public final class Session {
    private final Workspace workspace;
    private final Pass pass;
    private final TokenBatch batch = new TokenBatch();
    private final AtomicLong inputs = new AtomicLong();
    private final AtomicLong tokens = new AtomicLong();

    /** Of the pool, when its memory was last given back. */
    private int epoch;

    Session(Backend backend) {
        workspace = backend.workspace(0);
        pass = new Pass(backend.stream(), workspace);
    }

    /** Allows it as much memory as a model needs; what another one was allowed stays. */
    void allow(long bytes) {
        workspace.allow(bytes);
    }

    /** Gives memory back that models needed which may be closed now. */
    void renew(int newEpoch) {
        if (epoch != newEpoch) {
            epoch = newEpoch;
            workspace.release();
        }
    }

    public Pass pass() {
        return pass;
    }

    public TokenBatch batch() {
        return batch;
    }

    /** Counts a batch that has run. */
    public void ran(TokenBatch done) {
        inputs.getAndAdd(done.sequences());
        tokens.getAndAdd(done.tokens());
    }

    /** Inputs that have run; any thread may ask. */
    long inputs() {
        return inputs.get();
    }

    /** Tokens of these, those included that left. */
    long tokens() {
        return tokens.get();
    }

    /** Native memory held now. */
    long bytes() {
        return workspace.bytes();
    }

    void close() {
        workspace.close();
    }
}
