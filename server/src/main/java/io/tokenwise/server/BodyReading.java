package io.tokenwise.server;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;

/** Reads a request's body as it comes, without a thread that waits: up to a size, within a time, and all bodies together up to a size. */
final class BodyReading implements Runnable {
    private final Request request;
    private final long mostBytes;
    private final BytesInFlight.Held held;
    private final ByteArrayOutputStream read = new ByteArrayOutputStream();
    private final CompletableFuture<byte[]> body = new CompletableFuture<>();

    private BodyReading(Request request, long mostBytes, BytesInFlight.Held held) {
        this.request = request;
        this.mostBytes = mostBytes;
        this.held = held;
    }

    /**
     * Starts to read.
     *
     * @param most time for it, as {@link BodyArrival} counts
     * @param held what this request takes of what all may take together
     * @return the body; failed with {@link ApiError} 413, 408 or 503
     */
    static CompletableFuture<byte[]> of(Request request, long mostBytes, Duration most, BytesInFlight.Held held) {
        var reading = new BodyReading(request, mostBytes, held);
        if (request.getHeaders().getLongField(HttpHeader.CONTENT_LENGTH) > mostBytes) {
            reading.body.completeExceptionally(LimitedSource.tooLarge(mostBytes));
            return reading.body;
        }
        BodyArrival.watch(
                request.getComponents().getScheduler(),
                most,
                held::taken,
                reading.body,
                reading.body::completeExceptionally);
        reading.run();
        return reading.body;
    }

    /** Called when there may be more. */
    @Override
    public void run() {
        try {
            boolean more = true;
            while (more && !body.isDone()) {
                more = readOn();
            }
        } catch (RuntimeException | Error e) {
            body.completeExceptionally(e);
        }
    }

    /** Reads what has come; false if there is nothing now. */
    private boolean readOn() {
        Content.Chunk chunk = request.read();
        if (chunk == null) {
            request.demand(this);
            return false;
        }
        if (Content.Chunk.isFailure(chunk)) {
            body.completeExceptionally(broken(chunk.getFailure()));
            return false;
        }
        ByteBuffer buffer = chunk.getByteBuffer();
        take(buffer);
        boolean last = chunk.isLast();
        chunk.release();
        if (last) {
            body.complete(read.toByteArray());
        }
        return true;
    }

    private void take(ByteBuffer buffer) {
        int bytes = buffer.remaining();
        if (read.size() + (long) bytes > mostBytes) {
            body.completeExceptionally(LimitedSource.tooLarge(mostBytes));
        } else if (!held.take(bytes)) {
            body.completeExceptionally(BytesInFlight.full());
        } else {
            var copy = new byte[bytes];
            buffer.get(copy);
            read.writeBytes(copy);
        }
    }

    /** It is the client's doing, whatever Jetty calls it. */
    private static ApiError broken(Throwable failure) {
        return failure instanceof TimeoutException
                ? ApiError.of(408, "the body has stopped to come")
                : ApiError.of(400, "the body is not framed as HTTP says, or ends early");
    }
}
