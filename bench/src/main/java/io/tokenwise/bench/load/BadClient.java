package io.tokenwise.bench.load;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Random;

/** Clients as they come from the internet: each call does one thing that a server must bear. */
public enum BadClient {
    /** Asks, and is gone before the answer. */
    VANISHES {
        @Override
        public void call(int port, byte[] request, Random random) throws IOException, InterruptedException {
            try (Socket socket = open(port)) {
                socket.getOutputStream().write(request);
                Thread.sleep(random.nextInt(20));
                // A reset, not a goodbye.
                socket.setSoLinger(true, 0);
            }
        }
    },
    /** Sends what is no HTTP. */
    GARBAGE {
        @Override
        public void call(int port, byte[] request, Random random) throws IOException {
            try (Socket socket = open(port)) {
                var bytes = new byte[1 + random.nextInt(4000)];
                random.nextBytes(bytes);
                socket.getOutputStream().write(bytes);
                drain(socket);
            }
        }
    },
    /** Sends a byte now and then. */
    SLOW {
        @Override
        public void call(int port, byte[] request, Random random) throws IOException, InterruptedException {
            try (Socket socket = open(port)) {
                OutputStream out = socket.getOutputStream();
                for (int i = 0; i < 40; i++) {
                    out.write(request[i]);
                    Thread.sleep(500);
                }
            }
        }
    },
    /** Says that more comes, and goes. */
    HALF {
        @Override
        public void call(int port, byte[] request, Random random) throws IOException {
            try (Socket socket = open(port)) {
                socket.getOutputStream().write(request, 0, request.length - 1 - random.nextInt(20));
            }
        }
    },
    /** Sends JSON that is none, or of a wrong kind. */
    WRONG {
        private static final String[] BODIES = {
            "{",
            "[]",
            "{\"model\":1,\"input\":\"x\"}",
            "{\"model\":\"nobody\",\"input\":\"x\"}",
            "{\"model\":\"minilm-acm@7\",\"input\":\"x\"}",
            "{\"model\":\"minilm-acm\",\"input\":[[99999999]]}",
            "{\"model\":\"minilm-acm\",\"input\":\"x\",\"encoding_format\":\"xml\"}",
            "\u0000\u0001"
        };

        @Override
        public void call(int port, byte[] request, Random random) throws IOException {
            try (Socket socket = open(port)) {
                String body = BODIES[random.nextInt(BODIES.length)];
                socket.getOutputStream().write(HttpConnection.post("/v1/embeddings", body, Map.of()));
                drain(socket);
            }
        }
    },
    /** Sends two lengths at once. */
    SMUGGLES {
        @Override
        public void call(int port, byte[] request, Random random) throws IOException {
            try (Socket socket = open(port)) {
                socket.getOutputStream()
                        .write(("POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                                        + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n")
                                .getBytes(StandardCharsets.ISO_8859_1));
                drain(socket);
            }
        }
    };

    private static final int ANSWER_MILLIS = 2000;

    /**
     * Does it once.
     *
     * @param request a good one, of which it may use a part
     * @throws IOException if the server throws it out
     */
    public abstract void call(int port, byte[] request, Random random) throws IOException, InterruptedException;

    private static Socket open(int port) throws IOException {
        var socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(ANSWER_MILLIS);
        return socket;
    }

    /** Reads what comes, if anything. */
    private static void drain(Socket socket) throws IOException {
        socket.getInputStream().read(new byte[4096]);
    }
}
