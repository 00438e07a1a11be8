package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.server.ServerOptions.Limits;
import io.tokenwise.server.ServerOptions.Network;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Forms with a file that does not fit memory, and what becomes of the temporary file. Those that do not end are {@link RefusalsTest}'s. */
class FormReadingTest {
    private static final String TEMPORARY = "java.io.tmpdir";
    private static final int MOST_BYTES = 1_000_000;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String PART = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n";
    private static final String BODY = PART + "x".repeat(200_000) + "\r\n--b--\r\n";

    private static HttpService http;

    @TempDir
    private Path folder;

    private String before;

    @BeforeAll
    static void start() throws IOException {
        var limits = new Limits(10_000, 10_000_000, PATIENCE, 10, 4_096, 50, PATIENCE);
        http = HttpService.of(Network.loopback(0), limits);
        var routes = new Routes()
                .add(
                        "POST",
                        "/form",
                        ErrorForm.OPENAI,
                        exchange -> exchange.form(MOST_BYTES).thenApply(parts -> {
                            long files = files(Path.of(System.getProperty(TEMPORARY)));
                            parts.close();
                            return Reply.json(Map.of("files", files));
                        }));
        http.listen(routes, limits, Optional.empty(), false, request -> {});
    }

    @AfterAll
    static void stop() {
        http.close(Duration.ZERO);
    }

    @BeforeEach
    void useTheFolder() {
        before = System.setProperty(TEMPORARY, folder.toString());
    }

    @AfterEach
    void useItNoMore() {
        System.setProperty(TEMPORARY, before);
    }

    private static long files(Path in) {
        try (var all = Files.list(in)) {
            return all.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void awaitNoFile() throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (files(folder) > 0 && System.nanoTime() < end) {
            Thread.sleep(5);
        }
        assertThat(files(folder)).isZero();
    }

    private static String head(String length) {
        return "POST /form HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n" + length
                + "\r\n\r\n";
    }

    private static String answer(String body) throws IOException {
        try (var client = new RawClient(http.port())) {
            return client.send(head("Content-Length: " + body.length()) + body).response();
        }
    }

    @Test
    void whatDoesNotFitMemoryIsAFileUntilTheFormIsClosed() throws Exception {
        assertThat(answer(BODY)).contains(" 200 ").endsWith("{\"files\":1}");
        assertThat(files(folder)).isZero();
    }

    @Test
    void thatNoFileCanBeWrittenIsTheServersFault() throws Exception {
        System.setProperty(
                TEMPORARY, Files.createFile(folder.resolve("no-folder")).toString());

        assertThat(answer(BODY))
                .contains(" 500 ", "the server cannot store the form; its log says why")
                .doesNotContain("no-folder");
    }

    @Test
    void whoSendsTooMuchLeavesNoFile() throws Exception {
        try (var client = new RawClient(http.port())) {
            String chunk = Integer.toHexString(600_000) + "\r\n";
            client.send(head("Transfer-Encoding: chunked") + chunk + PART + "x".repeat(600_000 - PART.length()) + "\r\n"
                    + chunk + "x".repeat(600_000) + "\r\n0\r\n\r\n");
            assertThat(client.response()).contains(" 413 ");
        }
        awaitNoFile();
    }

    @Test
    void headersOfAPartAreBounded() throws Exception {
        String file = PART + "x".repeat(200_000) + "\r\n";
        String large = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\nX: " + "y".repeat(5_000);

        assertThat(answer(file + large + "\r\n\r\n\r\n--b--\r\n")).contains(" 400 ", "4096 bytes a part");
        assertThat(answer(file + large + "y".repeat(500_000))).contains(" 400 ", "4096 bytes a part");
        awaitNoFile();
    }
}
