package io.tokenwise.bench.load;

import java.io.IOException;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;

/**
 * Connections to a server, opened when there are too few; further requests wait, and their time counts. One that was idle for half a minute is not used again, as
 * with most clients: the server closes it after a minute, perhaps just as a request is sent. Thread-safe.
 */
final class Connections implements AutoCloseable {
    private static final long MOST_IDLE_NANOS = 30_000_000_000L;

    private final int port;
    private final Semaphore room;
    private final ConcurrentLinkedDeque<Idle> idle = new ConcurrentLinkedDeque<>();

    Connections(int port, int most) {
        this.port = port;
        room = new Semaphore(most);
    }

    private record Idle(HttpConnection connection, long sinceNanos) {}

    /** The server has not read the request: nobody listens, or it had closed the connection before. */
    static final class NotTakenException extends IOException {
        private static final long serialVersionUID = 1;

        NotTakenException(IOException cause) {
            super(cause.getMessage(), cause);
        }
    }

    /**
     * One request and its answer; a connection that fails is not used again. A server may close one that has been idle, which a client finds out with its
     * next request: that one goes on a new connection, as with all clients of HTTP.
     *
     * @throws NotTakenException if the server cannot have begun with it
     */
    HttpConnection.Response call(byte[] request) throws IOException {
        room.acquireUninterruptibly();
        try {
            HttpConnection kept = takeIdle();
            if (kept != null) {
                try {
                    return exchange(kept, request);
                } catch (NotTakenException e) {
                    // On a new one, then.
                }
            }
            return exchange(open(), request);
        } finally {
            room.release();
        }
    }

    /** The one that was used last; null if there is none. */
    private HttpConnection takeIdle() {
        for (Idle one = idle.pollFirst(); one != null; one = idle.pollFirst()) {
            if (System.nanoTime() - one.sinceNanos < MOST_IDLE_NANOS) {
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

    private HttpConnection.Response exchange(HttpConnection connection, byte[] request) throws IOException {
        try {
            connection.send(request);
            HttpConnection.Response response = connection.receive();
            if (response.closes()) {
                connection.close();
            } else {
                idle.addFirst(new Idle(connection, System.nanoTime()));
            }
            return response;
        } catch (IOException e) {
            boolean unread = connection.isUnread();
            connection.close();
            throw unread ? new NotTakenException(e) : e;
        }
    }

    @Override
    public void close() {
        idle.forEach(one -> one.connection.close());
    }
}
