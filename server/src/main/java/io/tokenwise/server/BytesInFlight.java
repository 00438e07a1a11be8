package io.tokenwise.server;

import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.server.Request;

/** Bytes of the bodies of all requests that are not answered yet: bounded, so that many large ones cannot fill the heap. Thread-safe. */
final class BytesInFlight {
    private final long most;
    private final AtomicLong bytes = new AtomicLong();

    BytesInFlight(long most) {
        this.most = most;
    }

    /** Adds bytes until the request is answered; false, and nothing added, if they would be too many. */
    boolean take(Request request, int count) {
        if (bytes.addAndGet(count) > most) {
            bytes.addAndGet(-count);
            return false;
        }
        Request.addCompletionListener(request, failure -> bytes.addAndGet(-count));
        return true;
    }
}
