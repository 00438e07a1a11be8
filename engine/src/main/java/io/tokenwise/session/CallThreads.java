package io.tokenwise.session;

import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * Platform threads that compute what others wait for: callers that do not want to block, and virtual threads, which would keep their carrier from all others while they
 * compute. Daemons, started when they are needed and ended when they were idle for some seconds. Thread-safe.
 */
final class CallThreads {
    /** Calls that may wait when another one is {@link #start started}. Each holds its texts; a caller that is so far ahead has lost control. */
    static final int MOST_WAITING = 16_384;

    private static final long IDLE_SECONDS = 5;

    private final ThreadPoolExecutor threads;

    /** @param most as many as calls run at the same time */
    CallThreads(int most) {
        this(most, daemons());
    }

    CallThreads(int most, ThreadFactory factory) {
        threads = new ThreadPoolExecutor(
                most, most, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), factory);
        threads.allowCoreThreadTimeOut(true);
    }

    /** Without what the caller left in its own: these threads outlive it, and compute for others. */
    private static ThreadFactory daemons() {
        var number = new AtomicInteger();
        return work -> Thread.ofPlatform()
                .inheritInheritableThreadLocals(false)
                .daemon()
                .name("tokenwise-call-" + number.getAndIncrement())
                .unstarted(work);
    }

    /** What one caller waits for. */
    private static final class Call<T> implements Runnable {
        final CompletableFuture<T> future = new CompletableFuture<>();
        private final Deadline deadline;
        private final Function<Stop, T> work;
        private final long askedNanos = System.nanoTime();
        private volatile boolean taken;

        Call(Deadline deadline, Function<Stop, T> work) {
            this.deadline = deadline;
            this.work = work;
        }

        @Override
        public void run() {
            taken = true;
            if (future.isDone()) {
                return;
            }
            try {
                future.complete(work.apply(new Stop(deadline, future, System.nanoTime() - askedNanos)));
            } catch (Throwable e) {
                future.completeExceptionally(e);
            }
        }
    }

    /**
     * Has work done, in the order of the calls. The future fails with what the work throws; with {@link DeadlineException} as soon as the deadline passes; with {@link
     * RejectedExecutionException} at once if {@link #MOST_WAITING} wait already; with {@link IllegalStateException} if closed. Work whose future is done before its turn, because it was cancelled or
     * is too late, is left out.
     */
    <T> CompletableFuture<T> start(Deadline deadline, Function<Stop, T> work) {
        if (waiting() >= MOST_WAITING) {
            return CompletableFuture.failedFuture(new RejectedExecutionException(
                    MOST_WAITING + " calls wait already; wait for some of their futures before you call again"));
        }
        CompletableFuture<T> future = submit(deadline, work);
        failAt(deadline, future);
        return future;
    }

    /** Calls that no thread has taken yet. */
    int waiting() {
        return threads.getQueue().size();
    }

    private <T> CompletableFuture<T> submit(Deadline deadline, Function<Stop, T> work) {
        var call = new Call<>(deadline, work);
        try {
            threads.execute(call);
        } catch (RejectedExecutionException e) {
            // As a call that computes itself says it: they close after all models.
            call.future.completeExceptionally(new IllegalStateException("the model is closed", e));
        } catch (Throwable e) {
            // The system has no more threads.
            call.future.completeExceptionally(e);
        }
        // What nobody waits for must not wait itself: while all threads are busy it would pile up with its texts.
        call.future.whenComplete((_, _) -> {
            if (!call.taken) {
                threads.remove(call);
            }
        });
        return call.future;
    }

    private static void failAt(Deadline deadline, CompletableFuture<?> future) {
        if (deadline == Deadline.NONE) {
            return;
        }
        var timer = new CompletableFuture<Void>();
        timer.thenRun(() -> future.completeExceptionally(new DeadlineException("the deadline passed")));
        // Whichever comes first takes the other one away.
        future.whenComplete((_, _) -> timer.cancel(false));
        timer.completeOnTimeout(null, deadline.left().toNanos(), TimeUnit.NANOSECONDS);
    }

    /**
     * Has work done while this thread waits; any number may.
     *
     * @throws DeadlineException if the deadline passes first
     * @throws IllegalStateException if this thread is interrupted while it waits
     */
    <T> T await(Deadline deadline, Function<Stop, T> work) {
        CompletableFuture<T> future = submit(deadline, work);
        try {
            return deadline == Deadline.NONE
                    ? future.get()
                    : future.get(deadline.left().toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            future.cancel(false);
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for the call's result", e);
        } catch (TimeoutException e) {
            future.cancel(false);
            throw new DeadlineException("the deadline passed");
        } catch (ExecutionException e) {
            throw unchecked(e.getCause());
        }
    }

    /** Work throws nothing else. */
    private static RuntimeException unchecked(Throwable failure) {
        return switch (failure) {
            case RuntimeException e -> e;
            case Error e -> throw e;
            default -> new IllegalStateException(failure);
        };
    }

    /** Takes no more; what waits is still done, which fails at once because its model is closed. Does not wait. */
    void close() {
        threads.shutdown();
    }
}
