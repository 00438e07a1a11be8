package io.tokenwise.session;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IIIII_Result;

/** One asks, asks again and takes that back, and waits for a third call, while another asks with hardly any time left, and closes: every future is completed, no work is done twice, and none stays in the queue. */
@JCStressTest
@Outcome(
        id = "[01], [012], [01], [123], 0",
        expect = ACCEPTABLE,
        desc = "refused (0), done (1), cancelled (2) or too late (3), and worked on so")
@Outcome(expect = FORBIDDEN, desc = "a future was never completed, or work was done twice, or though it was refused")
@State
public class CallThreadsStress {
    private static final int REFUSED = 0;
    private static final int DONE = 1;
    private static final int CANCELLED = 2;
    private static final int LATE = 3;
    private static final int OPEN = 4;

    /** A thread starts in about that time, so that either may come first. */
    private static final Duration SHORT = Duration.ofNanos(100_000);

    private final CallThreads threads = new CallThreads(1);
    private final AtomicInteger askedRuns = new AtomicInteger();
    private final AtomicInteger takenBackRuns = new AtomicInteger();
    private final AtomicInteger lateRuns = new AtomicInteger();
    private CompletableFuture<Integer> asked;
    private CompletableFuture<Integer> takenBack;
    private CompletableFuture<Integer> late;

    @Actor
    public void ask(IIIII_Result result) {
        asked = threads.start(Deadline.NONE, _ -> askedRuns.incrementAndGet());
        takenBack = threads.start(Deadline.NONE, _ -> takenBackRuns.incrementAndGet());
        takenBack.cancel(false);
        try {
            result.r3 = threads.await(Deadline.NONE, _ -> DONE);
        } catch (IllegalStateException e) {
            result.r3 = REFUSED;
        }
    }

    @Actor
    public void close() {
        late = threads.start(Deadline.in(SHORT), _ -> lateRuns.incrementAndGet());
        threads.close();
    }

    @Arbiter
    public void look(IIIII_Result result) {
        result.r1 = end(asked);
        result.r2 = end(takenBack);
        result.r4 = end(late);
        result.r5 = wrong(result.r1, askedRuns) + wrong(result.r2, takenBackRuns) + wrong(result.r4, lateRuns);
        // Who completes a future takes its call out of the queue just after that.
        for (int i = 0; threads.waiting() > 0 && i < 1000; i++) {
            LockSupport.parkNanos(1_000_000);
        }
        result.r5 += threads.waiting();
    }

    /** Counts turns: a clock goes on while the whole process stands still. */
    private static int end(CompletableFuture<Integer> future) {
        for (int i = 0; !future.isDone() && i < 10_000; i++) {
            LockSupport.parkNanos(1_000_000);
        }
        if (!future.isDone()) {
            return OPEN;
        }
        if (future.isCancelled()) {
            return CANCELLED;
        }
        if (!future.isCompletedExceptionally()) {
            return DONE;
        }
        return switch (future.exceptionNow()) {
            case DeadlineException _ -> LATE;
            case IllegalStateException _ -> REFUSED;
            default -> OPEN;
        };
    }

    private static int wrong(int end, AtomicInteger runs) {
        return switch (end) {
            case DONE -> runs.get() == 1 ? 0 : 1;
            case REFUSED -> runs.get() == 0 ? 0 : 1;
            default -> runs.get() <= 1 ? 0 : 1;
        };
    }
}
