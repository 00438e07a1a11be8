package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.SpeechRecognizer;
import io.tokenwise.TimedText;
import io.tokenwise.api.Budget;
import io.tokenwise.audio.WavReader;
import io.tokenwise.testmodels.NoiseWav;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code /v1/audio/transcriptions} over real connections, with a small speech model of random weights. */
@ExtendWith(SharedServer.class)
class TranscriptionsTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final byte[] SOUND = NoiseWav.bursts(3);

    private static SharedServer.Running server;
    private static HttpClient client;
    private static List<TimedText> expected;

    @BeforeAll
    static void start(SharedServer.Running running) throws IOException {
        server = running;
        client = HttpClient.newHttpClient();
        try (var recognizer = SpeechRecognizer.open(running.speech().toString());
                var wav = WavReader.open("file", new ByteArrayInputStream(SOUND))) {
            expected = recognizer.transcribe(wav, Budget.FULL);
        }
        assertThat(expected).hasSize(3);
    }

    @AfterAll
    static void stop() {
        client.close();
    }

    /** A form's body, part by part. */
    private static final class Form {
        private static final String BOUNDARY = "aBoundary7";
        private final ByteArrayOutputStream body = new ByteArrayOutputStream();

        Form field(String name, String value) {
            return part("name=\"" + name + "\"", value.getBytes(StandardCharsets.UTF_8));
        }

        Form file(byte[] content) {
            return part("name=\"file\"; filename=\"said.wav\"", content);
        }

        private Form part(String disposition, byte[] content) {
            body.writeBytes(("--" + BOUNDARY + "\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n")
                    .getBytes(StandardCharsets.UTF_8));
            body.writeBytes(content);
            body.writeBytes("\r\n".getBytes(StandardCharsets.UTF_8));
            return this;
        }

        byte[] bytes() {
            body.writeBytes(("--" + BOUNDARY + "--\r\n").getBytes(StandardCharsets.UTF_8));
            return body.toByteArray();
        }

        HttpRequest request() {
            return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + "/v1/audio/transcriptions"))
                    .header("Content-Type", "multipart/form-data; boundary=" + BOUNDARY)
                    .POST(HttpRequest.BodyPublishers.ofByteArray(bytes()))
                    .build();
        }
    }

    private static HttpResponse<String> send(Form form) throws IOException, InterruptedException {
        return client.send(form.request(), HttpResponse.BodyHandlers.ofString());
    }

    private static String text() {
        return new Transcript(7.5, expected).text();
    }

    @ParameterizedTest
    @CsvSource({
        "json,         application/json",
        "text,         text/plain; charset=utf-8",
        "srt,          text/plain; charset=utf-8",
        "vtt,          text/vtt; charset=utf-8",
        "verbose_json, application/json"
    })
    void writesTheLibrarysTextInEveryForm(String format, String contentType) throws Exception {
        HttpResponse<String> response = send(new Form()
                .field("model", SharedServer.SPEECH)
                .field("response_format", format)
                .file(SOUND));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type")).contains(contentType);
        assertThat(response.headers().firstValue("x-tokenwise-budget")).contains("1.000");
        var transcript = new Transcript(7.5, expected);
        byte[] body =
                transcript.as(TranscriptFormat.named(format).orElseThrow()).body();
        assertThat(response.body()).isEqualTo(new String(body, StandardCharsets.UTF_8));
    }

    @Test
    void fieldsComeInAnyOrderAndWhatIsMeantForOthersIsReadOver() throws Exception {
        HttpResponse<String> response = send(new Form()
                .file(SOUND)
                .field("prompt", "Names: Ann, Bob.")
                .field("language", "en")
                .field("temperature", "0.0")
                .field("stream", "false")
                .field("timestamp_granularities[]", "segment")
                .field("timestamp_granularities[]", "segment")
                .field("something", "else")
                .field("model", SharedServer.SPEECH + "@auto"));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(JSON.readTree(response.body()).get("text").asString()).isEqualTo(text());
    }

    @Test
    void silenceHasNoSegments() throws Exception {
        byte[] silence = SOUND.clone();
        Arrays.fill(silence, 44, silence.length, (byte) 0);
        HttpResponse<String> response = send(new Form()
                .field("model", SharedServer.SPEECH)
                .field("response_format", "verbose_json")
                .file(silence));

        JsonNode body = JSON.readTree(response.body());
        assertThat(body.get("segments")).isEmpty();
        assertThat(body.get("text").asString()).isEmpty();
        assertThat(body.get("duration").asDouble()).isEqualTo(7.5);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            language        | de        | language must be en: models here know English only
            language        | ''        | language must be en: models here know English only
            temperature     | 0.7       | temperature must be 0: nothing is drawn at random here
            temperature     | NaN       | temperature must be 0: nothing is drawn at random here
            response_format | xml       | response_format must be one of json, text, srt, vtt, verbose_json
            response_format | JSON      | response_format must be one of json, text, srt, vtt, verbose_json
            stream          | true      | stream must be false: answers come whole here
            timestamp_granularities[] | word | timestamp_granularities[] must be segment: words have no times here
            budget          | 1.5       | budget must be a number from 0 to 1 or "auto"
            """)
    void badFieldsAreNamed(String field, String value, String message) throws Exception {
        HttpResponse<String> response =
                send(new Form().field("model", SharedServer.SPEECH).file(SOUND).field(field, value));

        assertError(response, 400, field, message);
    }

    @Test
    void whatIsMissingOrThereTwiceIsNamed() throws Exception {
        assertError(send(new Form().file(SOUND)), 400, "model", "model is missing");
        assertError(
                send(new Form().field("model", SharedServer.SPEECH)), 400, "file", "file is missing: send a WAV file");
        assertError(
                send(new Form().field("model", SharedServer.SPEECH).field("file", "RIFF")),
                400,
                "file",
                "file must be a file, with a filename in its Content-Disposition header");
        assertError(
                send(new Form()
                        .field("model", SharedServer.SPEECH)
                        .field("model", SharedServer.SPEECH)
                        .file(SOUND)),
                400,
                "model",
                "model is there twice: send it once");
        assertError(
                send(new Form().field("model", "x".repeat(20_000)).file(SOUND)),
                400,
                "model",
                "model is too long: at most 16384 bytes");
        assertThat(send(new Form().field("model", "other").file(SOUND)).statusCode())
                .isEqualTo(404);
    }

    @Test
    void everyPartHasANameAndIsUtf8() throws Exception {
        HttpResponse<String> nameless =
                send(new Form().field("model", SharedServer.SPEECH).part("filename=\"said.wav\"", SOUND));
        assertThat(nameless.statusCode()).isEqualTo(400);
        assertThat(nameless.body()).contains("a part of the form has no name");
        byte[] latin = "en\u00e9".getBytes(StandardCharsets.ISO_8859_1);
        assertError(
                send(new Form()
                        .field("model", SharedServer.SPEECH)
                        .part("name=\"prompt\"", latin)
                        .part("name=\"language\"", latin)
                        .file(SOUND)),
                400,
                "language",
                "language is not UTF-8");
        String model = SharedServer.SPEECH;
        HttpResponse<String> odd = send(new Form()
                .part(
                        "name=\"model\"\r\nContent-Type: text/plain; charset=no-such-thing",
                        model.getBytes(StandardCharsets.UTF_8))
                .file(SOUND));
        assertThat(odd.statusCode()).as(odd.body()).isEqualTo(200);
    }

    @Test
    void whatIsNoSoundIsSaidInALine() throws Exception {
        for (byte[] bad : List.of(new byte[0], "no sound".getBytes(StandardCharsets.UTF_8), stereo3())) {
            HttpResponse<String> response =
                    send(new Form().field("model", SharedServer.SPEECH).file(bad));
            assertThat(response.statusCode()).isEqualTo(400);
            assertThat(JSON.readTree(response.body()).at("/error/message").asString())
                    .startsWith("file: ")
                    .doesNotContain("\n", "/", "Exception");
            assertThat(JSON.readTree(response.body()).at("/error/param").asString())
                    .isEqualTo("file");
        }
    }

    private static byte[] stereo3() {
        byte[] three = SOUND.clone();
        three[22] = 3;
        return three;
    }

    /** By HTTP/1.1: of HTTP/2 Jetty resets the stream whose body it has not read, for which the client may fail before it sees the answer. */
    @Test
    void otherBodiesAreRefused() throws Exception {
        HttpRequest json = HttpRequest.newBuilder(new Form().request().uri())
                .version(HttpClient.Version.HTTP_1_1)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{}"))
                .build();
        assertThat(client.send(json, HttpResponse.BodyHandlers.ofString()).statusCode())
                .isEqualTo(415);

        for (String type : List.of("multipart/form-data", "multipart/form-data; boundary=other")) {
            HttpRequest noBoundary = HttpRequest.newBuilder(new Form().request().uri())
                    .version(HttpClient.Version.HTTP_1_1)
                    .header("Content-Type", type)
                    .POST(HttpRequest.BodyPublishers.ofString("--aBoundary7\r\n\r\n"))
                    .build();
            HttpResponse<String> response = client.send(noBoundary, HttpResponse.BodyHandlers.ofString());
            assertThat(response.statusCode()).as(type).isEqualTo(400);
            assertThat(JSON.readTree(response.body()).at("/error/message").asString())
                    .startsWith("the body is no form");
        }
    }

    @Test
    void tooManyPartsAreRefused() throws Exception {
        var form = new Form().field("model", SharedServer.SPEECH).file(SOUND);
        for (int i = 0; i < 100; i++) {
            form.field("f" + i, "");
        }
        assertThat(send(form).statusCode()).isEqualTo(400);
    }

    /** It is cut off where the limit is, whether the form says its size or not. */
    @Test
    void endlessFormsAreCutOff() throws Exception {
        String head = "POST /v1/audio/transcriptions HTTP/1.1\r\nHost: localhost\r\n"
                + "Content-Type: multipart/form-data; boundary=b\r\n";
        assertThat(firstLine(head + "Content-Length: 99999999999\r\n\r\n", 0)).contains(" 413 ");
        assertThat(firstLine(head + "Transfer-Encoding: chunked\r\n\r\n", 40)).contains(" 413 ");
    }

    /** Sends megabytes of a file's part in chunks, until an answer comes. */
    private static String firstLine(String head, int megabytes) throws IOException {
        try (var socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(30_000);
            OutputStream out = socket.getOutputStream();
            out.write(head.getBytes(StandardCharsets.US_ASCII));
            String part = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n";
            byte[] first =
                    (Integer.toHexString(part.length()) + "\r\n" + part + "\r\n").getBytes(StandardCharsets.US_ASCII);
            try {
                if (megabytes > 0) {
                    out.write(first);
                }
                byte[] chunk = (Integer.toHexString(1 << 20) + "\r\n" + "x".repeat(1 << 20) + "\r\n")
                        .getBytes(StandardCharsets.US_ASCII);
                for (int i = 0; i < megabytes; i++) {
                    out.write(chunk);
                }
                out.flush();
            } catch (IOException e) {
                // The server has answered and closed: what it said is still there to be read.
            }
            InputStream in = socket.getInputStream();
            var line = new StringBuilder();
            for (int c = in.read(); c >= 0 && c != '\r'; c = in.read()) {
                line.append((char) c);
            }
            return line.toString();
        }
    }

    /** Its other segments are not computed. */
    @Test
    void whoGoesAwayFreesTheQueue() throws Exception {
        int segments = 500;
        byte[] body = new Form()
                .field("model", SharedServer.SPEECH)
                .file(NoiseWav.bursts(segments))
                .bytes();
        long before = answered();
        try (var socket = new Socket("127.0.0.1", server.port())) {
            OutputStream out = socket.getOutputStream();
            out.write(
                    ("POST /v1/audio/transcriptions HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary="
                                    + Form.BOUNDARY + "\r\nContent-Length: " + body.length + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            out.write(body);
            out.flush();
            while (answered() == before) {
                Thread.sleep(5);
            }
        }
        long last = -1;
        for (long now = answered(); now != last; now = answered()) {
            last = now;
            Thread.sleep(500);
        }
        assertThat(last - before).isBetween(1L, segments - 1L);
    }

    private static long answered() throws IOException, InterruptedException {
        HttpRequest state = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + "/page/state"))
                .build();
        String body = client.send(state, HttpResponse.BodyHandlers.ofString()).body();
        return JSON.readTree(body).at("/queue/answered").asLong();
    }

    /** Whether such files are written at all is for {@link FormReadingTest}. */
    @Test
    void temporaryFilesAreDeleted(@TempDir Path folder) throws Exception {
        String before = System.setProperty("java.io.tmpdir", folder.toString());
        try {
            for (String model : List.of(SharedServer.SPEECH, "none")) {
                int status = send(new Form().field("model", model).file(SOUND)).statusCode();
                assertThat(status).isEqualTo(model.equals("none") ? 404 : 200);
                assertThat(folder).isEmptyDirectory();
            }
        } finally {
            System.setProperty("java.io.tmpdir", before);
        }
    }

    private static void assertError(HttpResponse<String> response, int status, String param, String message) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        JsonNode error = JSON.readTree(response.body()).get("error");
        assertThat(error.get("message").asString()).isEqualTo(message);
        assertThat(error.get("param").asString()).isEqualTo(param);
    }
}
