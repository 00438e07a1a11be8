package io.tokenwise.bench.load;

import java.io.IOException;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;

/** Connections to a server, opened when there are too few; further requests wait, and their time counts. Thread-safe. */
final class Connections implements AutoCloseable {
    private final int port;
    private final Semaphore room;
    private final ConcurrentLinkedDeque<HttpConnection> idle = new ConcurrentLinkedDeque<>();

    Connections(int port, int most) {
        this.port = port;
        room = new Semaphore(most);
    }

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
            HttpConnection kept = idle.pollFirst();
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
                idle.addFirst(connection);
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
        idle.forEach(HttpConnection::close);
    }
}
