package io.tokenwise.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a server of which each connection answers some requests, and is closed by it before, or after, it has read a further one. */
class ConnectionsTest {
    private static final byte[] REQUEST = "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1);

    private static final String OK = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

    private ServerSocket server;

    @BeforeEach
    void listen() throws IOException {
        server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    @Test
    void aConnectionIsKept() throws IOException {
        serve(2, false, OK);
        try (var connections = new Connections(server.getLocalPort(), 1)) {
            assertThat(connections.call(REQUEST).status()).isEqualTo(200);
            server.close();
            assertThat(connections.call(REQUEST).status()).isEqualTo(200);
        }
    }

    @Test
    void aRequestOnAConnectionThatTheServerHadClosedGoesOnAnother() throws IOException {
        serve(1, false, OK);
        try (var connections = new Connections(server.getLocalPort(), 1)) {
            for (int i = 0; i < 5; i++) {
                assertThat(connections.call(REQUEST).status()).isEqualTo(200);
            }
        }
    }

    @Test
    void aRequestThatTheServerHadReadIsLost() throws IOException {
        serve(1, true, OK);
        try (var connections = new Connections(server.getLocalPort(), 1)) {
            assertThat(connections.call(REQUEST).status()).isEqualTo(200);
            assertThatThrownBy(() -> connections.call(REQUEST))
                    .isInstanceOf(IOException.class)
                    .isNotInstanceOf(Connections.NotTakenException.class);
        }
    }

    @Test
    void withoutAServerNobodyTakesIt() throws IOException {
        server.close();
        try (var connections = new Connections(server.getLocalPort(), 1)) {
            assertThatThrownBy(() -> connections.call(REQUEST)).isInstanceOf(Connections.NotTakenException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
                "HTTP/1.1 fine\r\n\r\n",
                "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
                "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhalf"
            })
    void whatIsNoAnswerIsAFailure(String answer) throws IOException {
        serve(1, false, answer);
        try (var connections = new Connections(server.getLocalPort(), 1)) {
            assertThatThrownBy(() -> connections.call(REQUEST))
                    .isInstanceOf(IOException.class)
                    .isNotInstanceOf(Connections.NotTakenException.class);
        }
    }

    /** On each connection so many answers, and then a close: once a further request has been read, or at once. */
    private void serve(int answers, boolean readsOneMore, String answer) {
        Thread.ofVirtual().start(() -> {
            while (true) {
                try (Socket socket = server.accept()) {
                    var in = new BufferedReader(
                            new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
                    for (int i = 0; i < answers; i++) {
                        read(in);
                        socket.getOutputStream().write(answer.getBytes(StandardCharsets.ISO_8859_1));
                    }
                    if (readsOneMore) {
                        read(in);
                    }
                } catch (IOException e) {
                    if (server.isClosed()) {
                        return;
                    }
                }
            }
        });
    }

    private static void read(BufferedReader in) throws IOException {
        for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {}
    }
}
