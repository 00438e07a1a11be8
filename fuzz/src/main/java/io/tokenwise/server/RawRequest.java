package io.tokenwise.server;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;

/** A request as it goes over the wire. */
final class RawRequest {
    private static final int MOST_ANSWER_BYTES = 1 << 16;

    private RawRequest() {}

    /**
     * Returns the answer, empty if none came.
     *
     * @param ends whether the client says that nothing more comes: to a server that is already at work on an answer, that it is gone
     * @throws AssertionError if the server says that it is at fault
     */
    static String send(int port, byte[] request, boolean ends) throws IOException {
        try (var client = new Socket(InetAddress.getLoopbackAddress(), port)) {
            String answer;
            try {
                client.getOutputStream().write(request);
                if (ends) {
                    client.shutdownOutput();
                }
                InputStream in = client.getInputStream();
                answer = new String(in.readNBytes(MOST_ANSWER_BYTES), StandardCharsets.ISO_8859_1);
            } catch (SocketException _) {
                // Closed while we wrote, as a server may that has seen enough.
                return "";
            }
            for (String line : answer.split("\r\n")) {
                // 501 and 505 are what a client is told that asks for what HTTP has not.
                if (line.matches("HTTP/1\\.[01] 5(?!01|05).*")) {
                    throw new AssertionError("the server answers " + line + ", "
                            + answer.lines().toList().getLast());
                }
            }
            return answer;
        }
    }
}
