package io.tokenwise.session;

import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Future;

/**
 * What ends a call before all of it is computed: its deadline, that nobody waits for it any more, or an interrupt. Asked between batches; a batch that runs is finished.
 *
 * @param future who waits for the call, who may have cancelled it; null if nobody can
 * @param queuedNanos how long the call has waited for a thread
 * @param before what the call has done in sessions that it had before
 * @param parts how many of what it does in all of them, such as "of 3 texts"; null if this is its only one
 */
record Stop(Deadline deadline, Future<?> future, long queuedNanos, int before, String parts) {
    static final Stop NEVER = new Stop(Deadline.NONE, null, 0);

    Stop(Deadline deadline, Future<?> future, long queuedNanos) {
        this(deadline, future, queuedNanos, 0, null);
    }

    static Stop at(Deadline deadline) {
        return deadline == Deadline.NONE ? NEVER : new Stop(deadline, null, 0);
    }

    /** The same where the call has done so many parts before. */
    Stop after(int done, String ofParts) {
        return new Stop(deadline, future, queuedNanos, done, ofParts);
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
        check(before + done, parts == null ? "of " + all + " " + inputs : parts);
    }

    /** Before each part of an input of which nobody knows how many there will be; otherwise as {@link #check(int, int, String)}. */
    void check(int done, String parts) {
        if (deadline.hasPassed()) {
            throw new DeadlineException("the deadline passed after " + done + " " + parts);
        }
        if (future != null && future.isDone()) {
            throw new CancellationException("cancelled after " + done + " " + parts);
        }
        if (done > 0 && Thread.currentThread().isInterrupted()) {
            // The cause tells callers an interrupt from what else is a state.
            throw new IllegalStateException("interrupted after " + done + " " + parts, new InterruptedException());
        }
    }
}
