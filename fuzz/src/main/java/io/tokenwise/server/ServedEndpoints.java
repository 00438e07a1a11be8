package io.tokenwise.server;

import io.tokenwise.server.ServerOptions.Budgets;
import io.tokenwise.testmodels.SmallTextModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** A server with a small model of each kind that reads texts, and one that looks queries up: what is asked of it goes all the way, from the fields of a body through the queue and the network to the answer. */
final class ServedEndpoints {
    private static final Duration AUTO = Duration.ofMillis(100);

    static final ServedEndpoints STARTED = start();

    private final TokenwiseServer server;

    private ServedEndpoints(TokenwiseServer server) {
        this.server = server;
    }

    private static ServedEndpoints start() {
        try {
            Path folder = Files.createTempDirectory("tokenwise-fuzz-");
            try {
                SmallTextModel.write(folder.resolve("vectors"));
                SmallTextModel.writeSparse(folder.resolve("sparse"));
                SmallTextModel.writeLookedUp(folder.resolve("table"));
                SmallTextModel.writeScores(folder.resolve("scores"));
                SmallTextModel.writeClasses(folder.resolve("classes"));
                String[] models = Stream.of("vectors", "sparse", "table", "scores", "classes")
                        .map(name -> folder.resolve(name).toString())
                        .toArray(String[]::new);
                return new ServedEndpoints(
                        TokenwiseServer.start(ServerOptions.of(0, models).withBudgets(Budgets.of("auto", 0.35, AUTO))));
            } finally {
                delete(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    /**
     * Asks for each of {@code {path: body}}, one after the other, and returns the answers.
     *
     * @throws AssertionError if the server says that it is at fault
     */
    List<String> answer(JsonNode asked) throws IOException {
        var answers = new ArrayList<String>();
        for (var entry : asked.properties()) {
            // What a path may be is no question of its endpoint.
            if (entry.getKey().matches("/[a-z0-9_/]{0,40}")) {
                answers.add(RawRequest.send(server.port(), post(entry.getKey(), entry.getValue()), false));
            }
        }
        return answers;
    }

    private static byte[] post(String path, JsonNode body) throws IOException {
        byte[] json = body.toString().getBytes(StandardCharsets.UTF_8);
        String head = "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + "Content-Type: application/json\r\nContent-Length: " + json.length + "\r\n\r\n";
        var request = new ByteArrayOutputStream();
        request.write(head.getBytes(StandardCharsets.US_ASCII));
        request.write(json);
        return request.toByteArray();
    }
}
