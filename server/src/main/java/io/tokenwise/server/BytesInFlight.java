package io.tokenwise.server;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.server.Request;

/**
 * Bytes of the bodies of all requests that are not answered yet, and of answers that their clients have not taken yet: each bounded, so that many large ones cannot fill the heap.
 * Thread-safe.
 */
final class BytesInFlight {
    private final long most;
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong answers = new AtomicLong();

    BytesInFlight(long most) {
        this.most = most;
    }

    static ApiError full() {
        return ApiError.busy(
                503, "the server holds too many bytes of requests: try again later", Duration.ofSeconds(1));
    }

    /** What one request and its answer take, until that is taken. */
    Held of(Request request) {
        var held = new Held();
        // One for all of them: a body may come byte by byte.
        Request.addCompletionListener(request, failure -> held.release());
        return held;
    }

    /** The bytes of one request. Thread-safe. */
    final class Held {
        private long taken;
        private long answer;
        private boolean released;

        /** Adds bytes; false, and nothing added, if they would be too many, or if the request is answered. */
        synchronized boolean take(int count) {
            if (released) {
                return false;
            }
            if (bytes.addAndGet(count) > most) {
                bytes.addAndGet(-count);
                return false;
            }
            taken += count;
            return true;
        }

        /** Adds an answer's bytes; false, and nothing added, if there are too many already. So one that is larger than all together may be can be given too. */
        synchronized boolean takeAnswer(int count) {
            if (released || answers.get() >= most) {
                return false;
            }
            answers.addAndGet(count);
            answer = count;
            return true;
        }

        /** How many it has. */
        synchronized long taken() {
            return taken;
        }

        private synchronized void release() {
            released = true;
            bytes.addAndGet(-taken);
            answers.addAndGet(-answer);
        }
    }
}
