package io.tokenwise.session;

import io.tokenwise.api.DeadlineException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/** How the calls of an engine have ended since it was opened. Thread-safe. */
final class CallTotals {
    final LongAdder answered = new LongAdder();
    final LongAdder refused = new LongAdder();
    final LongAdder expired = new LongAdder();
    final LongAdder cancelled = new LongAdder();
    final LongAdder failed = new LongAdder();

    /** Counts a call when it ends. */
    <T> T counted(Supplier<T> call) {
        T result;
        try {
            result = call.get();
        } catch (Throwable e) {
            of(e).increment();
            throw e;
        }
        answered.increment();
        return result;
    }

    /** The same of one that somebody else does. */
    <T> CompletableFuture<T> counted(CompletableFuture<T> call) {
        call.whenComplete((_, failure) -> of(failure).increment());
        return call;
    }

    private LongAdder of(Throwable failure) {
        return switch (failure) {
            case null -> answered;
            case RejectedExecutionException _ -> refused;
            case DeadlineException _ -> expired;
            case CancellationException _ -> cancelled;
            default -> failed;
        };
    }
}
