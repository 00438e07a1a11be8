package io.tokenwise.session;

import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Future;
import java.util.function.Supplier;

/**
 * What ends a call before all of it is computed: its deadline, that nobody waits for it any more, or an interrupt. Asked between batches; a batch that runs is finished.
 *
 * @param future who waits for the call, who may have cancelled it; null if nobody can
 * @param queuedNanos how long the call has waited for a thread
 */
record Stop(Deadline deadline, Future<?> future, long queuedNanos) {
    static final Stop NEVER = new Stop(Deadline.NONE, null, 0);

    static Stop at(Deadline deadline) {
        return deadline == Deadline.NONE ? NEVER : new Stop(deadline, null, 0);
    }

    /**
     * Before each batch.
     *
     * @param done inputs before it
     * @param given what they are of
     * @throws DeadlineException if the deadline has passed
     * @throws CancellationException if nobody waits any more
     * @throws IllegalStateException if the thread was interrupted after the first batch began
     */
    void check(int done, Given given) {
        check(given.done() + done > 0, () -> given.progress(done));
    }

    /** Before each part of an input of which nobody knows how many there will be; otherwise as {@link #check(int, Given)}. */
    void check(int done, String parts) {
        check(done > 0, () -> done + " " + parts);
    }

    private void check(boolean hasBegun, Supplier<String> progress) {
        if (deadline.hasPassed()) {
            throw new DeadlineException("the deadline passed after " + progress.get());
        }
        if (future != null && future.isDone()) {
            throw new CancellationException("cancelled after " + progress.get());
        }
        if (hasBegun && Thread.currentThread().isInterrupted()) {
            // The cause tells callers an interrupt from what else is a state.
            throw new IllegalStateException("interrupted after " + progress.get(), new InterruptedException());
        }
    }
}
