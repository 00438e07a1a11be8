package io.tokenwise.bench.soak;

import static io.tokenwise.bench.soak.SoakInputs.picked;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.image.Image;
import io.tokenwise.server.ServerOptions;
import io.tokenwise.server.TokenwiseServer;
import io.tokenwise.serving.Control;
import io.tokenwise.testmodels.NoiseWav;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import javax.imageio.ImageIO;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A server in this process, and what it serves as doors to which callers come over HTTP. */
final class ServerDoors implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Duration DRAIN = Duration.ofSeconds(20);
    private static final int RECORDINGS = 3;

    private final TokenwiseServer server;

    /** Which it has no more once it is closed. */
    private final int port;

    private final HttpClient client;

    /** An answer that is not 200. */
    static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1;
        private final int status;

        RefusedException(int status, String body) {
            super(status + " " + body);
            this.status = status;
        }

        int status() {
            return status;
        }
    }

    private ServerDoors(TokenwiseServer server, HttpClient client) {
        this.server = server;
        this.port = server.port();
        this.client = client;
    }

    /** Opens it with one thread. */
    static ServerDoors start(BackendChoice backend, List<String> models) throws IOException {
        ServerOptions usual = ServerOptions.of(0, models.toArray(String[]::new));
        TokenwiseServer server = TokenwiseServer.start(usual.withThreads(1)
                .withBackend(backend)
                .withBudgets(new ServerOptions.Budgets(usual.budgets().usual(), Control.off()))
                .withDrain(DRAIN));
        return new ServerDoors(
                server,
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build());
    }

    int port() {
        return port;
    }

    /**
     * Vectors of texts: the same as the library's.
     *
     * @param key of the library's door
     * @param half what the server takes a budget of .5 for
     */
    Door vectors(String key, String model, Budget half, SoakInputs all) {
        // OpenAI's API refuses the text without words, which is the last.
        return new Door(
                key,
                all.texts().size() - 1,
                List.of(Budget.FULL, half),
                0,
                (inputs, budget, deadline) -> {
                    List<String> texts = picked(all.texts(), inputs);
                    String body = JSON.writeValueAsString(
                            Map.of("model", model + "@" + budget.share(), "input", texts, "encoding_format", "base64"));
                    JsonNode data = JSON.readTree(ask(
                                    "/v1/embeddings",
                                    "application/json",
                                    body.getBytes(StandardCharsets.UTF_8),
                                    deadline))
                            .get("data");
                    var vectors = new ArrayList<byte[]>();
                    data.forEach(one -> vectors.add(
                            Base64.getDecoder().decode(one.get("embedding").stringValue())));
                    return vectors;
                },
                () -> {});
    }

    /** Classes of images, with their scores as they are written. */
    Door images(String model, SoakInputs all) throws IOException {
        var files = new ArrayList<String>();
        for (Image image : all.images()) {
            files.add(Base64.getEncoder().encodeToString(png(image)));
        }
        return new Door(
                "server " + model,
                files.size(),
                halves(),
                0,
                (inputs, budget, deadline) -> {
                    String body = JSON.writeValueAsString(Map.of(
                            "model",
                            model + "@" + budget.share(),
                            "inputs",
                            picked(files, inputs).stream().map(List::of).toList()));
                    var classes = new ArrayList<byte[]>();
                    JSON.readTree(ask("/predict", "application/json", body.getBytes(StandardCharsets.UTF_8), deadline))
                            .forEach(one -> classes.add(Bits.of(one)));
                    return classes;
                },
                () -> {});
    }

    /**
     * Texts of recordings.
     *
     * @param group of answers that must be the same
     */
    Door speech(String model, String group) {
        List<byte[]> recordings = List.of(NoiseWav.of(.4, 1), NoiseWav.of(1.5, 2), NoiseWav.bursts(RECORDINGS));
        return new Door(
                group + " " + model,
                recordings.size(),
                List.of(Budget.FULL),
                0,
                (inputs, _, deadline) -> {
                    var texts = new ArrayList<byte[]>();
                    for (byte[] recording : picked(recordings, inputs)) {
                        texts.add(Bits.of(ask(
                                "/v1/audio/transcriptions",
                                "multipart/form-data; boundary=b",
                                form(model, recording),
                                deadline)));
                    }
                    return texts;
                },
                () -> {});
    }

    private static List<Budget> halves() {
        return List.of(Budget.FULL, Budget.of(.5));
    }

    private static byte[] form(String model, byte[] recording) throws IOException {
        var form = new ByteArrayOutputStream();
        form.write(("--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n" + model
                        + "\r\n--b\r\nContent-Disposition: form-data; name=\"response_format\"\r\n\r\nverbose_json"
                        + "\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f.wav\"\r\n\r\n")
                .getBytes(StandardCharsets.UTF_8));
        form.write(recording);
        form.write("\r\n--b--\r\n".getBytes(StandardCharsets.UTF_8));
        return form.toByteArray();
    }

    private static byte[] png(Image image) throws IOException {
        var picture = new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_INT_RGB);
        picture.setRGB(0, 0, image.width(), image.height(), image.rgb(), 0, image.width());
        var bytes = new ByteArrayOutputStream();
        ImageIO.write(picture, "png", bytes);
        return bytes.toByteArray();
    }

    /**
     * An interrupt ends the wait, not the request: the JDK's client (25.0.3) hands a connection whose request was cancelled to another request at times, which then has the answer of the
     * first, or none. Clients that vanish are {@link io.tokenwise.bench.load.BadClient}'s.
     *
     * @throws RefusedException if the answer is an error
     */
    private String ask(String path, String type, byte[] body, Deadline deadline)
            throws IOException, InterruptedException, ExecutionException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + path))
                .timeout(Soak.LONGEST_CALL)
                .header("Content-Type", type)
                .POST(BodyPublishers.ofByteArray(body));
        if (deadline != Deadline.NONE) {
            request.header(
                    "x-tokenwise-deadline-ms",
                    String.valueOf(Math.max(1, deadline.left().toMillis())));
        }
        HttpResponse<String> response =
                client.sendAsync(request.build(), BodyHandlers.ofString()).get();
        if (response.statusCode() != 200) {
            throw new RefusedException(response.statusCode(), response.body());
        }
        return response.body();
    }

    @Override
    public void close() {
        server.close();
        client.shutdownNow();
        client.close();
    }
}
