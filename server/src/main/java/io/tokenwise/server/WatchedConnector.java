package io.tokenwise.server;

import java.io.IOException;
import java.net.Socket;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.IO;

/** Listens, and looks after its connections: clients that go away while they wait, those whose requests' heads never end, and those that come just when it stops. */
final class WatchedConnector extends ServerConnector {
    /** How long work for a client that has gone may go on. */
    private static final long LOOK_MILLIS = 50;

    /** How long a stop waits for whoever accepts. It takes microseconds, but for a machine that has none. */
    private static final long LEAVE_MILLIS = 5_000;

    private final long mostWaits;

    /** All that may be open. When it stops Jetty forgets some that were just accepted (12.1.14: what reaches its selector late), and they would stay open. */
    private final Set<SocketChannel> accepted = ConcurrentHashMap.newKeySet();

    /** Taken by whoever accepts, of whom there is one. */
    private final Semaphore accepting = new Semaphore(1);

    private volatile boolean isOver;

    /** @param arrival in which a request's head must have come */
    WatchedConnector(Server server, Duration arrival, ConnectionFactory... protocols) {
        super(server, 1, 1, protocols);
        mostWaits = arrival.toMillis() / LOOK_MILLIS;
    }

    @Override
    protected SocketChannelEndPoint newEndPoint(SocketChannel channel, ManagedSelector selector, SelectionKey key) {
        SocketChannelEndPoint endPoint = new WatchedEndPoint(channel, selector, key, getScheduler(), getExecutor());
        endPoint.setIdleTimeout(getIdleTimeout());
        return endPoint;
    }

    @Override
    protected void doStart() throws Exception {
        isOver = false;
        super.doStart();
        lookLater();
    }

    @Override
    public void accept(int acceptor) throws IOException {
        accepting.acquireUninterruptibly();
        try {
            super.accept(acceptor);
        } finally {
            accepting.release();
        }
    }

    /** Called first with what was accepted. */
    @Override
    protected void configure(Socket socket) {
        super.configure(socket);
        accepted.add(socket.getChannel());
        if (isOver) {
            IO.close(socket.getChannel());
        }
    }

    /** Whether there are connections, also those that Jetty does not know yet. */
    boolean isConnected() {
        return accepted.stream().anyMatch(SocketChannel::isOpen);
    }

    /** Ends their waiting for clients, and for a place for one, without an interrupt: the JDK's accept loses what it has just accepted if one comes then (25.0.3), and nobody can close that. */
    @Override
    protected void interruptAcceptors() {
        close();
        setAccepting(true);
    }

    @Override
    protected void doStop() throws Exception {
        try {
            super.doStop();
            // The threads are interrupted next, and one in the middle of it would lose what it accepts.
            if (accepting.tryAcquire(LEAVE_MILLIS, TimeUnit.MILLISECONDS)) {
                accepting.release();
            }
        } finally {
            isOver = true;
            accepted.forEach(IO::close);
        }
    }

    private void lookLater() {
        getScheduler().schedule(this::look, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void look() {
        try {
            accepted.removeIf(channel -> !channel.isOpen());
            for (EndPoint endPoint : getConnectedEndPoints()) {
                if (endPoint instanceof WatchedEndPoint watched) {
                    watched.cancelIfGone();
                    watched.closeIfSlow(mostWaits);
                }
            }
        } finally {
            if (isRunning()) {
                lookLater();
            }
        }
    }

    /** The connection of a request, below TLS if there is one. */
    static WatchedEndPoint endPoint(Request request) {
        EndPoint endPoint = request.getConnectionMetaData().getConnection().getEndPoint();
        while (endPoint instanceof EndPoint.Wrapper wrapper) {
            endPoint = wrapper.unwrap();
        }
        return (WatchedEndPoint) endPoint;
    }
}
