package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.testmodels.SmallTextModel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command {@code serve}. */
class ServeTest extends CommandTest {
    /** Of a request: eight of these take some seconds, and SIGTERM comes at once. */
    private static final int TEXTS = 12;

    private static final Pattern LOGGED = Pattern.compile(
            "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}(Z|[+-]\\d\\d:\\d\\d)"
                    + " INFO 127\\.0\\.0\\.1 POST /v1/embeddings 200 \\d+ bytes [0-9.]+ ms model minilm-acm budget 1\\.000");

    @Test
    void whatIsAcceptedIsAnsweredAfterSigtermAndLoggedWithItsTime() throws Exception {
        Process server = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules",
                        "jdk.incubator.vector",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Main.class.getName(),
                        "serve",
                        "--port",
                        "0",
                        "--threads",
                        "1",
                        "--max-connections",
                        "20",
                        "--access-log")
                .start();
        try (BufferedReader err = server.errorReader(StandardCharsets.UTF_8)) {
            int port = port(err);
            var clients = new ArrayList<Socket>();
            for (int i = 0; i < 8; i++) {
                clients.add(accepted(port));
            }
            // SIGTERM. Process.destroy would close its streams too.
            server.toHandle().destroy();
            for (Socket client : clients) {
                String response = read(client);
                assertThat(response).startsWith("HTTP/1.1 200").contains("\"index\":" + (TEXTS - 1));
                client.close();
            }
            assertThat(server.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(server.exitValue()).isZero();
            assertThat(err.lines().filter(line -> line.contains("POST")))
                    .hasSize(8)
                    .allMatch(line -> LOGGED.matcher(line).matches());
        } finally {
            server.destroyForcibly();
        }
    }

    /** Reads until the server is ready. */
    private static int port(BufferedReader err) throws IOException {
        var said = new ArrayList<String>();
        for (String line = err.readLine(); line != null; line = err.readLine()) {
            said.add(line);
            if (line.startsWith("listening on http://127.0.0.1:")) {
                assertThat(said).contains("opening minilm-acm");
                assertThat(said).anyMatch(other -> other.startsWith("minilm-acm: texts, 384 dimensions"));
                return Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
            }
        }
        throw new AssertionError("the server has ended: " + said);
    }

    /** A request of which the server has begun to read the body: it says so if it is asked whether to go on. */
    private static Socket accepted(int port) throws IOException {
        String text = "\"" + "how do I pay an invoice that is late? ".repeat(8) + "\"";
        String body = "{\"model\":\"minilm-acm\",\"encoding_format\":\"base64\",\"input\":["
                + (text + ",").repeat(TEXTS - 1) + text + "]}";
        var client = new Socket("127.0.0.1", port);
        client.setSoTimeout(60_000);
        client.getOutputStream()
                .write(("POST /v1/embeddings HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                                + "Expect: 100-continue\r\nContent-Length: " + body.length() + "\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
        byte[] goOn = client.getInputStream().readNBytes("HTTP/1.1 100 Continue\r\n\r\n".length());
        assertThat(new String(goOn, StandardCharsets.US_ASCII)).startsWith("HTTP/1.1 100");
        client.getOutputStream().write(body.getBytes(StandardCharsets.US_ASCII));
        return client;
    }

    /** Until the server closes the connection, as it does after its last answer. */
    private static String read(Socket client) throws IOException {
        try (InputStream in = client.getInputStream()) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void mistakesAreToldBeforeModelsAreOpened(@TempDir Path folder) throws IOException {
        Path tokens = Files.writeString(folder.resolve("tokens"), "# none yet\n");
        List<List<String>> mistakes = List.of(
                List.of("--least-budget", "2"),
                List.of("--target-millis", "0"),
                List.of("--token-file", tokens.toString()),
                List.of("--token-file", folder.toString()),
                List.of("--host", "no-such-name.invalid"),
                List.of("--host", "192.0.2.1", "--insecure"),
                List.of("--tls-certificates", tokens.toString()));
        for (List<String> mistake : mistakes) {
            err.getBuffer().setLength(0);
            var args = new ArrayList<>(List.of("serve"));
            args.addAll(mistake);
            assertThat(run(args.toArray(String[]::new))).as(mistake.toString()).isEqualTo(2);
            assertThat(err.toString().lines()).as(err.toString()).hasSize(1);
            assertThat(err.toString()).contains(mistake.getFirst());
        }
    }

    /** By what they are, not by what else is wanted of them. */
    @Test
    void whatIsNotServedIsNamed(@TempDir Path folder) throws IOException {
        SmallTextModel.writeTokenClasses(folder.resolve("names"));
        String model = folder.resolve("names").toString();
        assertThat(run("serve", "--port", "0", "--model", "minilm-acm," + model))
                .isOne();
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .endsWith(model
                        + ": is a token classifier; what is served are text and sparse encoders, cross-encoders, classifiers of"
                        + " texts or images and speech recognisers");
    }

    /** A folder that is there is one model, whatever its name. */
    @Test
    void modelsAreSeparatedByCommasOrByOptions(@TempDir Path folder) throws IOException {
        SmallTextModel.writeTokenClasses(folder.resolve("names,places"));
        String model = folder.resolve("names,places").toString();
        assertThat(run("serve", "--port", "0", "--model", "minilm-acm", "--model", model))
                .isOne();
        assertThat(err.toString()).contains(model + ": is a token classifier");
    }
}
