package io.tokenwise.server;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.eclipse.jetty.util.thread.Scheduler;

/** Watches whether a body comes fast enough: it has some time, and the same again as long as a good part of it came each time. Recordings take longer than texts. */
final class BodyArrival {
    /** A good part: 26 kB a second of the usual ten. */
    private static final int PART_BYTES = 256 << 10;

    /** Before a body is found late, a tenth of the time to read what may have come while this machine stood still. */
    private static final int AGAIN = 10;

    private final Scheduler scheduler;
    private final Duration time;
    private final LongSupplier bytes;
    private final CompletableFuture<?> body;
    private final Consumer<ApiError> late;

    /** The next look. Guarded by this. */
    private Scheduler.Task look;

    /** Parts that must have come at the next look. This and what follows are its own: one follows the other. */
    private long parts = 1;

    /** Whether it is the second one for the same part. */
    private boolean again;

    private BodyArrival(
            Scheduler scheduler,
            Duration time,
            LongSupplier bytes,
            CompletableFuture<?> body,
            Consumer<ApiError> late) {
        this.scheduler = scheduler;
        this.time = time;
        this.bytes = bytes;
        this.body = body;
        this.late = late;
    }

    /**
     * Watches until the body is complete.
     *
     * @param time that it has, and that each part has
     * @param bytes that have come, asked for by another thread
     * @param late is given a 408 once it is too slow
     */
    static void watch(
            Scheduler scheduler,
            Duration time,
            LongSupplier bytes,
            CompletableFuture<?> body,
            Consumer<ApiError> late) {
        var arrival = new BodyArrival(scheduler, time, bytes, body, late);
        arrival.lookAfter(time);
        body.whenComplete((whole, failure) -> arrival.stop());
    }

    private synchronized void lookAfter(Duration wait) {
        if (!body.isDone()) {
            look = scheduler.schedule(this::look, wait.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private synchronized void stop() {
        look.cancel();
    }

    private void look() {
        boolean enough = bytes.getAsLong() >= parts * PART_BYTES;
        if (!enough && again) {
            late.accept(ApiError.of(
                    408,
                    "the body has not come within " + time.toSeconds() + " seconds, nor " + PART_BYTES
                            + " bytes of it in each"));
            return;
        }
        again = !enough;
        parts += enough ? 1 : 0;
        lookAfter(enough ? time : time.dividedBy(AGAIN));
    }
}
