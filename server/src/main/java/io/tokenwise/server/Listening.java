package io.tokenwise.server;

import io.tokenwise.server.ServerOptions.Limits;
import io.tokenwise.server.ServerOptions.Network;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.util.HexFormat;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** Sets Jetty up: HTTP/1.1 and 2, in clear text or TLS, within limits. */
final class Listening {
    /** Nothing that runs on them waits or computes much. */
    private static final int MOST_THREADS = 16;

    private static final int LEAST_THREADS = 4;

    /**
     * Connections that wait while there are as many as may be, or until a thread has time to accept them. Who comes when there is no place waits for a second before the system tries again: a
     * burst brings more than Java's default of 50.
     */
    private static final int ACCEPT_QUEUE = 1024;

    private Listening() {}

    static Server jetty() {
        var threads = new QueuedThreadPool(MOST_THREADS, LEAST_THREADS);
        threads.setName("tokenwise-http");
        threads.setDaemon(true);
        var jetty = new Server(threads);
        jetty.setErrorHandler(new HttpErrors());
        return jetty;
    }

    /**
     * Where a server listens.
     *
     * @throws IllegalArgumentException if the host has no address, or strangers could call without a token, and nobody said that they may
     * @throws io.tokenwise.api.BadFileException if a PEM file is none
     */
    static WatchedConnector connector(Server jetty, Network network, Limits limits) throws IOException {
        checkWhoCanCall(network);
        var http = new HttpConfiguration();
        http.setSendServerVersion(false);
        http.setHttpCompliance(HttpCompliance.STRICT);
        http.setRequestHeaderSize(limits.headerBytes());
        http.setIdleTimeout(limits.idle().toMillis());
        var connector = new WatchedConnector(jetty, limits.arrival(), protocols(network, http));
        connector.setHost(network.host());
        connector.setPort(network.port());
        connector.setAcceptQueueSize(ACCEPT_QUEUE);
        connector.setIdleTimeout(limits.idle().toMillis());
        // Else requests that wait for their answer while it stops would count as idle after a second.
        connector.setShutdownIdleTimeout(limits.idle().toMillis());
        connector.addBean(new NetworkConnectionLimit(limits.connections(), connector));
        return connector;
    }

    private static void checkWhoCanCall(Network network) {
        boolean isLoopback = address(network.host()).isLoopbackAddress();
        if (!isLoopback && network.tokens().isEmpty() && !network.insecure()) {
            throw new IllegalArgumentException(
                    "host " + network.host()
                            + " can be reached from other machines: give a file of tokens (--token-file), or say that anybody may call (--insecure)");
        }
    }

    /** @throws IllegalArgumentException if the name has none */
    static InetAddress address(String host) {
        if (host.isBlank()) {
            // Java takes it for loopback; it is a variable of a script that is not set.
            throw wrongHost("''", "has no address", null);
        }
        try {
            return InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            throw wrongHost(host, "has no address", e);
        }
    }

    static IllegalArgumentException wrongHost(String host, String fact, IOException cause) {
        String right = "give (--host) 127.0.0.1, 0.0.0.0 for all of this machine's addresses, or one of them";
        return new IllegalArgumentException("host " + host + " " + fact + ": " + right, cause);
    }

    private static ConnectionFactory[] protocols(Network network, HttpConfiguration http) throws IOException {
        var http1 = new HttpConnectionFactory(http);
        if (network.tls().isEmpty()) {
            return new ConnectionFactory[] {http1, new HTTP2CServerConnectionFactory(http)};
        }
        var alpn = new ALPNServerConnectionFactory();
        alpn.setDefaultProtocol(http1.getProtocol());
        var ssl = new SslConnectionFactory(tls(network.tls().get()), alpn.getProtocol());
        return new ConnectionFactory[] {ssl, alpn, new HTTP2ServerConnectionFactory(http), http1};
    }

    private static SslContextFactory.Server tls(ServerOptions.Tls files) throws IOException {
        // Java's key stores want a password, also in memory.
        var random = new byte[16];
        new SecureRandom().nextBytes(random);
        String password = HexFormat.of().formatHex(random);
        var tls = new SslContextFactory.Server();
        tls.setKeyStore(PemFiles.keyStore(files, password.toCharArray()));
        tls.setKeyStorePassword(password);
        return tls;
    }
}
