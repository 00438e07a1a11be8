package io.tokenwise.server;

import io.tokenwise.api.Deadline;
import io.tokenwise.server.ServerOptions.Limits;
import io.tokenwise.server.ServerOptions.Network;
import io.tokenwise.server.observe.RequestListener;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Optional;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.component.Graceful;

/** Routes over HTTP, whatever they do. Thread-safe. */
final class HttpService {
    /**
     * So long requests on connections that are open are still answered while it stops, and told to close: their clients had no way to know. What is refused in the end is written within it too.
     */
    private static final Duration LINGER = Duration.ofMillis(200);

    private final Server jetty;
    private final WatchedConnector connector;
    private final ServerState state;
    private final Network network;

    private HttpService(Server jetty, WatchedConnector connector, ServerState state, Network network) {
        this.network = network;
        this.jetty = jetty;
        this.connector = connector;
        this.state = state;
    }

    /**
     * Sets it up, but for listening.
     *
     * @throws io.tokenwise.api.BadFileException if a PEM file is absent, bad or not supported
     * @throws IllegalArgumentException if options do not go together, or the host is no address of this machine
     * @throws IOException if a file cannot be read, or nobody can listen at the port now
     */
    static HttpService of(Network network, Limits limits) throws IOException {
        Server jetty = Listening.jetty();
        WatchedConnector connector = Listening.connector(jetty, network, limits);
        jetty.addConnector(connector);
        requireFree(network);
        return new HttpService(jetty, connector, new ServerState(), network);
    }

    /** Said before models are opened, which takes long; to listen from here on would make clients wait. */
    private static void requireFree(Network network) throws IOException {
        InetAddress address = Listening.address(network.host());
        try {
            new ServerSocket(network.port(), 1, address).close();
        } catch (IOException e) {
            // Asked only now: some systems allow another machine's address, which this one is to take over.
            boolean isOurs = address.isAnyLocalAddress()
                    || address.isLoopbackAddress()
                    || NetworkInterface.getByInetAddress(address) != null;
            if (!isOurs) {
                throw Listening.wrongHost(network.host(), "is no address of this machine", e);
            }
            throw cannotListen(network.host(), network.port(), e);
        }
    }

    private static IOException cannotListen(String host, int port, Exception e) {
        return new IOException("cannot listen at " + host + ", port " + port + ": " + rootMessage(e), e);
    }

    ServerState state() {
        return state;
    }

    /**
     * Answers from now on.
     *
     * @param listener is told of each request that a route has counted
     * @throws IOException if nobody can listen at the port
     */
    void listen(
            Routes routes, Limits limits, Optional<BearerTokens> tokens, boolean accessLog, RequestListener listener)
            throws IOException {
        jetty.setHandler(new RoutingHandler(routes, limits, new Callers(network, tokens), state, listener));
        if (accessLog) {
            jetty.setRequestLog(new AccessLog());
        }
        try {
            jetty.start();
        } catch (Exception e) {
            throw cannotListen(connector.getHost(), connector.getPort(), e);
        }
    }

    private static String rootMessage(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause.getMessage();
    }

    int port() {
        return connector.getLocalPort();
    }

    /**
     * Stops to listen, and answers what was accepted. Requests that still come on open connections are answered for a moment, with {@code Connection: close}.
     *
     * @param most how long it waits
     */
    void drain(Duration most) {
        state.drain();
        Deadline end = Deadline.in(most);
        // Tells clients of HTTP/2 to go away, and those of HTTP/1 with their next answer.
        Graceful.shutdown(jetty);
        try {
            if (connector.isConnected()) {
                Thread.sleep(LINGER);
            }
            state.awaitIdle(end.left());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends, a moment after the last answer. */
    void end() {
        try {
            state.awaitIdle(LINGER);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        // Jetty would not close its connections in a thread that is interrupted.
        boolean wasInterrupted = Thread.interrupted();
        try {
            jetty.stop();
        } catch (Exception e) {
            throw new IllegalStateException("the server cannot be stopped", e);
        } finally {
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Both. */
    void close(Duration most) {
        drain(most);
        end();
    }
}
