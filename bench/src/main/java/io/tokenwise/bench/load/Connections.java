package io.tokenwise.bench.load;

import java.io.IOException;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;

/**
 * Connections to a server, opened when there are too few; further requests wait, and their time counts. One that was idle for long is not used again, as with any HTTP client: the server
 * closes it after a minute, perhaps just as a request is sent. Thread-safe.
 */
final class Connections implements AutoCloseable {
    private static final long MOST_IDLE_NANOS = 30_000_000_000L;

    private final int port;
    private final Semaphore room;
    private final ConcurrentLinkedDeque<Idle> idle = new ConcurrentLinkedDeque<>();

    private record Idle(HttpConnection connection, long sinceNanos) {
        boolean isFresh() {
            return System.nanoTime() - sinceNanos < MOST_IDLE_NANOS;
        }
    }

    Connections(int port, int most) {
        this.port = port;
        room = new Semaphore(most);
    }

    /** Nobody took the request: there is no server, or it had closed the connection since the last answer, which a client may find out only so. */
    static final class NotTakenException extends IOException {
        private static final long serialVersionUID = 1;

        NotTakenException(IOException cause) {
            super(cause.getMessage(), cause);
        }
    }

    /**
     * One request and its answer; a connection that fails is not used again.
     *
     * @throws NotTakenException if the server cannot have begun with it
     */
    HttpConnection.Response call(byte[] request) throws IOException {
        room.acquireUninterruptibly();
        HttpConnection connection = takeIdle();
        boolean used = connection != null;
        try {
            if (connection == null) {
                connection = open();
            }
            HttpConnection.Response response = exchange(connection, request, used);
            if (response.closes()) {
                connection.close();
            } else {
                idle.addFirst(new Idle(connection, System.nanoTime()));
            }
            return response;
        } catch (IOException | RuntimeException e) {
            if (connection != null) {
                connection.close();
            }
            throw e;
        } finally {
            room.release();
        }
    }

    /** The one that was used last; null if there is none. */
    private HttpConnection takeIdle() {
        for (Idle one = idle.pollFirst(); one != null; one = idle.pollFirst()) {
            if (one.isFresh()) {
                return one.connection;
            }
            one.connection.close();
        }
        return null;
    }

    private HttpConnection open() throws NotTakenException {
        try {
            return new HttpConnection(port);
        } catch (IOException e) {
            throw new NotTakenException(e);
        }
    }

    private static HttpConnection.Response exchange(HttpConnection connection, byte[] request, boolean used)
            throws IOException {
        try {
            connection.send(request);
            return connection.receive();
        } catch (IOException e) {
            if (used && !connection.hasBegunToAnswer()) {
                throw new NotTakenException(e);
            }
            throw e;
        }
    }

    @Override
    public void close() {
        idle.forEach(one -> one.connection.close());
    }
}
