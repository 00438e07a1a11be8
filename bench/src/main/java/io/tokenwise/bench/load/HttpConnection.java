package io.tokenwise.bench.load;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * A connection that is kept for one request after the other: HTTP/1.1 with bodies of known length, which is all that the load needs. It costs a few
 * microseconds a request, where a full client's are a tenth of what is measured. For one thread at a time.
 */
final class HttpConnection implements AutoCloseable {
    private static final int MOST_HEADER = 16 << 10;
    private static final int TIMEOUT_MILLIS = 60_000;
    private static final long RESET_NANOS = 5_000_000;

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;

    /** Since the last request was sent. */
    private boolean begunToAnswer;

    /** @param headers with names in lower case */
    record Response(int status, Map<String, String> headers, byte[] body) {
        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }

        /** A header that is a number; NaN if it is not there. */
        double number(String name) {
            String value = headers.get(name);
            return value == null ? Double.NaN : Double.parseDouble(value);
        }

        boolean closes() {
            return "close".equalsIgnoreCase(headers.get("connection"));
        }
    }

    HttpConnection(int port) throws IOException {
        socket = new Socket();
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIMEOUT_MILLIS);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(TIMEOUT_MILLIS);
        in = new BufferedInputStream(socket.getInputStream(), 8 << 10);
        out = socket.getOutputStream();
    }

    /** A request as bytes, which may be sent many times. */
    static byte[] post(String path, String json, Map<String, String> headers) {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        var head = new StringBuilder(
                "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n");
        headers.forEach(
                (name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
        head.append("Content-Length: ").append(body.length).append("\r\n\r\n");
        byte[] start = head.toString().getBytes(StandardCharsets.ISO_8859_1);
        var request = new byte[start.length + body.length];
        System.arraycopy(start, 0, request, 0, start.length);
        System.arraycopy(body, 0, request, start.length, body.length);
        return request;
    }

    /** Sends a request, or a part of one. */
    void send(byte[] request) throws IOException {
        begunToAnswer = false;
        out.write(request);
    }

    /**
     * Of a connection that has failed: whether the server has read nothing of the last request. It had closed the connection before, and the request was
     * answered with a reset, after which nothing can be sent; who reads a request and then closes sends none yet.
     */
    boolean isUnread() {
        if (begunToAnswer) {
            return false;
        }
        // It may be on its way.
        LockSupport.parkNanos(RESET_NANOS);
        try {
            out.write(0);
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    /** @throws IOException if the server closes the connection, or answers something else than HTTP/1.1 with a length */
    Response receive() throws IOException {
        String statusLine = line();
        String[] parts = statusLine.split(" ", 3);
        if (parts.length < 2 || !parts[0].equals("HTTP/1.1")) {
            throw new IOException("not an answer of HTTP/1.1: " + statusLine);
        }
        var headers = new HashMap<String, String>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            String[] header = line.split(":", 2);
            if (header.length < 2) {
                throw new IOException("a header without a colon: " + line);
            }
            headers.put(header[0].toLowerCase(Locale.ROOT), header[1].strip());
        }
        int length = number(headers.getOrDefault("content-length", "0"));
        if (headers.containsKey("transfer-encoding")) {
            throw new IOException("an answer in chunks: " + statusLine);
        }
        byte[] body = in.readNBytes(length);
        if (body.length < length) {
            throw new EOFException("the server closed the connection within an answer");
        }
        return new Response(number(parts[1]), headers, body);
    }

    private static int number(String digits) throws IOException {
        try {
            return Integer.parseInt(digits);
        } catch (NumberFormatException e) {
            throw new IOException("not a number of HTTP: " + digits, e);
        }
    }

    private String line() throws IOException {
        var line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException("the server closed the connection");
            }
            begunToAnswer = true;
            if (line.length() > MOST_HEADER) {
                throw new IOException("a header line without end");
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            // It is of no use any more, closed or not.
            return;
        }
    }
}
