package io.tokenwise.server;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.thread.Scheduler;

/** Watches whether a body comes fast enough: it has some time, and the same again as long as a good part of it came each time. Recordings take longer than texts. */
final class BodyArrival {
    /** A good part: 26 kB a second of the usual ten. */
    private static final int PART_BYTES = 256 << 10;

    private final Scheduler scheduler;
    private final Duration time;
    private final LongSupplier bytes;
    private final CompletableFuture<?> body;
    private final Consumer<ApiError> late;

    /** The next look. Guarded by this, as is the number of parts. */
    private Scheduler.Task look;

    private long parts;

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
            Request request, Duration time, LongSupplier bytes, CompletableFuture<?> body, Consumer<ApiError> late) {
        var arrival = new BodyArrival(request.getComponents().getScheduler(), time, bytes, body, late);
        arrival.lookLater();
        body.whenComplete((whole, failure) -> arrival.stop());
    }

    private synchronized void lookLater() {
        if (!body.isDone()) {
            parts++;
            look = scheduler.schedule(this::look, time.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private synchronized void stop() {
        look.cancel();
    }

    private void look() {
        if (bytes.getAsLong() >= partsBytes()) {
            lookLater();
        } else {
            late.accept(ApiError.of(
                    408,
                    "the body has not come within " + time.toSeconds() + " seconds, nor " + PART_BYTES
                            + " bytes of it in each"));
        }
    }

    private synchronized long partsBytes() {
        return parts * PART_BYTES;
    }
}
