package io.tokenwise.session;

import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Future;

/**
 * What ends a call before all of it is computed: its deadline, that nobody waits for it any more, or an interrupt. Asked between batches; a batch that runs is finished.
 *
 * @param future who waits for the call, who may have cancelled it; null if nobody can
 */
record Stop(Deadline deadline, Future<?> future) {
    static final Stop NEVER = new Stop(Deadline.NONE, null);

    static Stop at(Deadline deadline) {
        return deadline == Deadline.NONE ? NEVER : new Stop(deadline, null);
    }

    /**
     * Before each batch.
     *
     * @param inputs what the model calls its inputs
     * @throws DeadlineException if the deadline has passed
     * @throws CancellationException if nobody waits any more
     * @throws IllegalStateException if the thread was interrupted after the first batch began
     */
    void check(int done, int all, String inputs) {
        if (deadline.hasPassed()) {
            throw new DeadlineException("the deadline passed after " + done + " of " + all + " " + inputs);
        }
        if (future != null && future.isDone()) {
            throw new CancellationException("cancelled after " + done + " of " + all + " " + inputs);
        }
        if (done > 0 && Thread.currentThread().isInterrupted()) {
            throw new IllegalStateException("interrupted after " + done + " of " + all + " " + inputs);
        }
    }
}
