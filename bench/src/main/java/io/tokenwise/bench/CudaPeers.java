package io.tokenwise.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What PyTorch and ONNX Runtime need for models of the same sizes on the same card, by a script of Python that comes with this, if Python has them. What is
 * absent is a note.
 */
final class CudaPeers {
    /** The command that starts Python. */
    static final String PYTHON = "tokenwise.python";

    private static final String SCRIPT = "cuda_peers.py";
    private static final long MOST_SECONDS = 200;

    private final CudaInputs inputs;
    private final boolean simulated;
    private final List<String> notes = new ArrayList<>();

    CudaPeers(CudaInputs inputs, boolean simulated) {
        this.inputs = inputs;
        this.simulated = simulated;
    }

    /** After {@link #table}. */
    List<String> notes() {
        return notes;
    }

    Optional<CudaTable> table() throws IOException {
        if (simulated) {
            notes.add("Peers did not run: there is no card for them either.");
            return Optional.empty();
        }
        try (var folder = TemporaryFolder.create("tokenwise-peers-")) {
            Path output = folder.path().resolve("output");
            if (!run(folder.path(), output)) {
                return Optional.empty();
            }
            return Optional.of(read(Files.readString(output)));
        }
    }

    /** Whether it ended well. */
    private boolean run(Path folder, Path output) throws IOException {
        Path script = folder.resolve(SCRIPT);
        try (InputStream in = CudaPeers.class.getResourceAsStream(SCRIPT)) {
            Files.copy(in, script);
        }
        Path lengths = folder.resolve("lengths");
        Files.writeString(
                lengths,
                String.join(
                        "\n",
                        inputs.ofTokens(65536).stream()
                                .map(ids -> String.valueOf(ids.length))
                                .toList()));
        Path errors = folder.resolve("errors");
        try {
            Process python = new ProcessBuilder(
                            System.getProperty(PYTHON, "python3"), script.toString(), lengths.toString())
                    .redirectOutput(output.toFile())
                    .redirectError(errors.toFile())
                    .start();
            if (!python.waitFor(MOST_SECONDS, TimeUnit.SECONDS)) {
                python.destroyForcibly();
                notes.add("Peers were stopped after " + MOST_SECONDS + " s.");
                return false;
            }
            if (python.exitValue() != 0) {
                List<String> lines = new String(Files.readAllBytes(errors), StandardCharsets.UTF_8)
                        .lines()
                        .toList();
                notes.add("Peers failed: " + (lines.isEmpty() ? "code " + python.exitValue() : lines.getLast()));
                return false;
            }
            return true;
        } catch (IOException e) {
            notes.add("Peers did not run: " + e.getMessage());
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            notes.add("Peers were interrupted.");
            return false;
        }
    }

    private CudaTable read(String json) {
        JsonNode all = JsonMapper.builder().build().readTree(json);
        for (JsonNode note : all.get("notes")) {
            notes.add(note.asString());
        }
        var table = new CudaTable.Builder(
                "Peers on the same card",
                "Models of the same sizes with random weights, by " + SCRIPT
                        + ": texts sorted by length and padded in each batch, of which only real tokens count. From ids on the device to vectors on"
                        + " the device, so that no copy is in.",
                false,
                CudaTable.label("peer"),
                CudaTable.label("what"),
                CudaTable.label("unit"),
                CudaTable.speed("value"));
        for (JsonNode row : all.get("rows")) {
            table.row(
                    row.get("peer").asString(),
                    row.get("what").asString(),
                    row.get("unit").asString(),
                    row.get("value").asDouble());
        }
        return table.table();
    }
}
