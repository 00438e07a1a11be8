package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.Classification;
import io.tokenwise.ImageClassifier;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.image.ImageReader;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A Vision Transformer of whose classes several may be right at once, by all routes. */
class SeveralClassesTest {
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    private Path folder;

    private String write() throws IOException {
        Path model = folder.resolve("several");
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open("vit-cifar10-acm");
                Encoder encoder = Encoder.load(files, backend)) {
            encoder.save(model, null, ModelWriter.Existing.KEEP);
        }
        Path config = model.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config).replaceFirst("\\{", "{\"problem_type\": \"multi_label_classification\","));
        return model.toString();
    }

    private static byte[] png() throws IOException {
        var bytes = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(32, 32, BufferedImage.TYPE_INT_RGB), "png", bytes);
        return bytes.toByteArray();
    }

    @Test
    void eachHasAProbabilityOfItsOwn() throws Exception {
        String model = write();
        byte[] png = png();
        Classification found;
        List<String> labels;
        try (var classifier = ImageClassifier.open(model)) {
            found = classifier.classify(new ImageReader().read(png, "png"));
            labels = classifier.labels();
        }
        try (TokenwiseServer server = TokenwiseServer.start(ServerOptions.of(0, model));
                HttpClient client = HttpClient.newHttpClient()) {
            String base64 = Base64.getEncoder().encodeToString(png);
            JsonNode predicted =
                    post(client, server, "/predict", JSON.writeValueAsBytes(Map.of("inputs", base64, "budget", 1)));
            predicted.forEach(each -> assertThat(each.get("score").floatValue()).isEqualTo((float)
                    found.probabilities()[labels.indexOf(each.get("label").asString())]));
            assertThat(predicted).hasSize(10);
            JsonNode shown = post(client, server, "/page/image?model=several&budget=1", png);
            assertThat(shown.at("/classes/0/label").asString()).isEqualTo(found.label());
            assertThat(shown.at("/classes/0/probability").doubleValue()).isEqualTo(found.probability());
        }
    }

    private static JsonNode post(HttpClient client, TokenwiseServer server, String path, byte[] body)
            throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofByteArray(body))
                .build();
        return JSON.readTree(client.send(request, BodyHandlers.ofString()).body());
    }
}
