package io.tokenwise.server;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Scheduler;

/**
 * The rest of the body of a request that is refused before it has come. It is read and forgotten, for a while: else HTTP/2 cuts the request off, and HTTP/1 the connection, and clients that
 * still send do not see the answer.
 */
final class LateBody implements Runnable {
    private static final int MOST_BYTES = 16 << 20;

    private static final long MOST_MILLIS = 2_000;

    private final Request request;
    private final Callback done;
    private final AtomicBoolean ended = new AtomicBoolean();
    private long bytes;
    private Scheduler.Task late;

    /** @param done succeeds once nothing more is waited for */
    LateBody(Request request, Callback done) {
        this.request = request;
        this.done = done;
    }

    /** Whether nothing of it is to be waited for. Who has asked whether to send it has not sent it. */
    boolean hasCome() {
        return request.getHeaders().contains(HttpHeader.EXPECT) || readAll();
    }

    /** Waits for the rest. */
    void forget() {
        late = request.getComponents().getScheduler().schedule(this::end, MOST_MILLIS, TimeUnit.MILLISECONDS);
        run();
    }

    /** Called when there may be more. */
    @Override
    public void run() {
        if (readAll()) {
            late.cancel();
            end();
        } else {
            request.demand(this);
        }
    }

    private void end() {
        if (ended.compareAndSet(false, true)) {
            done.succeeded();
        }
    }

    /** Reads what has come; whether that was all, or more than is read. */
    private boolean readAll() {
        while (!ended.get() && bytes <= MOST_BYTES) {
            Content.Chunk chunk = request.read();
            if (chunk == null) {
                return false;
            }
            if (Content.Chunk.isFailure(chunk)) {
                return true;
            }
            bytes += chunk.remaining();
            boolean last = chunk.isLast();
            chunk.release();
            if (last) {
                return true;
            }
        }
        return true;
    }
}
