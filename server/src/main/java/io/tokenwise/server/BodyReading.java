package io.tokenwise.server;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.thread.Scheduler;

/** Reads a request's body as it comes, without a thread that waits: up to a size, within a time, and all bodies together up to a size. */
final class BodyReading implements Runnable {
    private final Request request;
    private final long mostBytes;
    private final BytesInFlight inFlight;
    private final ByteArrayOutputStream read = new ByteArrayOutputStream();
    private final CompletableFuture<byte[]> body = new CompletableFuture<>();

    private BodyReading(Request request, long mostBytes, BytesInFlight inFlight) {
        this.request = request;
        this.mostBytes = mostBytes;
        this.inFlight = inFlight;
    }

    /**
     * Starts to read.
     *
     * @param inFlight what all bodies take together
     * @return the body; failed with {@link ApiError} 413, 408 or 503
     */
    static CompletableFuture<byte[]> of(Request request, long mostBytes, Duration most, BytesInFlight inFlight) {
        var reading = new BodyReading(request, mostBytes, inFlight);
        if (request.getHeaders().getLongField(HttpHeader.CONTENT_LENGTH) > mostBytes) {
            reading.body.completeExceptionally(reading.tooLarge());
            return reading.body;
        }
        Scheduler.Task late = request.getComponents()
                .getScheduler()
                .schedule(() -> reading.late(most), most.toMillis(), TimeUnit.MILLISECONDS);
        reading.body.whenComplete((bytes, failure) -> late.cancel());
        reading.run();
        return reading.body;
    }

    /** Called when there may be more. */
    @Override
    public void run() {
        while (!body.isDone()) {
            Content.Chunk chunk = request.read();
            if (chunk == null) {
                request.demand(this);
                return;
            }
            if (Content.Chunk.isFailure(chunk)) {
                body.completeExceptionally(chunk.getFailure());
                return;
            }
            ByteBuffer buffer = chunk.getByteBuffer();
            take(buffer);
            boolean last = chunk.isLast();
            chunk.release();
            if (last) {
                body.complete(read.toByteArray());
            }
        }
    }

    private void take(ByteBuffer buffer) {
        int bytes = buffer.remaining();
        if (read.size() + (long) bytes > mostBytes) {
            body.completeExceptionally(tooLarge());
        } else if (!inFlight.take(request, bytes)) {
            body.completeExceptionally(ApiError.busy(503, "the server holds too many requests", Duration.ofSeconds(1)));
        } else {
            var copy = new byte[bytes];
            buffer.get(copy);
            read.writeBytes(copy);
        }
    }

    private void late(Duration most) {
        body.completeExceptionally(ApiError.of(408, "the body has not come within " + most.toSeconds() + " seconds"));
    }

    private ApiError tooLarge() {
        return ApiError.of(413, "the body is larger than " + mostBytes + " bytes");
    }
}
