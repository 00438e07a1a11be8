package io.tokenwise.server;

import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** Listens, and looks after its connections: clients that go away while they wait, and those whose requests' heads never end. */
final class WatchedConnector extends ServerConnector {
    /** How long work for a client that has gone may go on. */
    private static final long LOOK_MILLIS = 50;

    private final long mostWaits;

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
        super.doStart();
        lookLater();
    }

    private void lookLater() {
        getScheduler().schedule(this::look, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void look() {
        try {
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
