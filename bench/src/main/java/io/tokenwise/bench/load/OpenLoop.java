package io.tokenwise.bench.load;

import io.tokenwise.Embedding;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;

/**
 * Sends each request when it is due, whether or not earlier ones have been answered, and measures from when it was due: a server that stands still for a
 * second is charged with all that would have come meanwhile. A virtual thread a request.
 */
final class OpenLoop {
    /** Until the first request is due: time to come here. */
    private static final long LEAD_NANOS = 20_000_000;

    /** Which request an arrival is, ready to be sent. */
    interface Requests {
        byte[] of(Arrival arrival);
    }

    private final Connections connections;
    private final LoadTexts texts;

    OpenLoop(Connections connections, LoadTexts texts) {
        this.connections = connections;
        this.texts = texts;
    }

    /** Returns when all are answered or have failed. */
    Outcome[] run(List<Arrival> arrivals, Requests requests) throws InterruptedException {
        var outcomes = new Outcome[arrivals.size()];
        var open = new CountDownLatch(outcomes.length);
        long begin = System.nanoTime() + LEAD_NANOS;
        for (int i = 0; i < outcomes.length; i++) {
            int number = i;
            Arrival arrival = arrivals.get(i);
            long due = begin + arrival.atNanos();
            for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            Thread.ofVirtual().start(() -> {
                try {
                    outcomes[number] = outcome(arrival, due, requests);
                } finally {
                    open.countDown();
                }
            });
        }
        open.await();
        return outcomes;
    }

    private Outcome outcome(Arrival arrival, long due, Requests requests) {
        long delay = System.nanoTime() - due;
        try {
            HttpConnection.Response response = connections.call(requests.of(arrival));
            long latency = System.nanoTime() - due;
            if (response.status() != 200) {
                return Outcome.refused(arrival, latency, delay, response.status());
            }
            float[] vector = EmbeddingCall.vector(response);
            float[] full = texts.vectors().get(arrival.text());
            return new Outcome(
                    arrival,
                    latency,
                    delay,
                    200,
                    "200",
                    response.number("x-tokenwise-spent"),
                    Embedding.cosine(vector, full),
                    Arrays.equals(vector, full));
        } catch (IOException | RuntimeException e) {
            // An answer that cannot be read is none.
            return Outcome.failed(arrival, System.nanoTime() - due, delay, e);
        }
    }
}
