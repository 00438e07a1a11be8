package io.tokenwise.langchain4j;

import io.tokenwise.io.LlamaVocabulary;
import io.tokenwise.io.ModelWriter;
import io.tokenwise.io.MoonshineArchitecture;
import io.tokenwise.io.SpeechDescription;
import io.tokenwise.io.TensorData;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/** A Moonshine with random weights: what it writes has no sense, but is always the same. */
final class SmallMoonshine {
    private static final int PIECES = 300;

    private SmallMoonshine() {}

    /** Writes it as a model directory; a file beside takes the vocabulary. */
    static void write(Path directory) throws IOException {
        Path vocabulary = writeVocabulary(directory.resolveSibling("llama-tokenizer.js"));
        var sizes = new MoonshineArchitecture(48, 2, 2, 4, 48, PIECES + LlamaVocabulary.ADDED, 8);
        try (Arena arena = Arena.ofConfined()) {
            var description = new SpeechDescription("small", sizes, LlamaVocabulary.read(vocabulary), Optional.empty());
            ModelWriter.write(directory, description, weights(arena, sizes), null, ModelWriter.Existing.KEEP);
        }
    }

    private static Path writeVocabulary(Path file) throws IOException {
        List<String> pieces = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        for (int b = 0; b < 256; b++) {
            pieces.add("<0x%02X>".formatted(b));
        }
        while (pieces.size() < PIECES) {
            pieces.add("\u2581w" + pieces.size());
        }
        byte[] text = String.join("\n", pieces).getBytes(StandardCharsets.UTF_8);
        return Files.writeString(
                file, "const llama_vocab_base64 = \"" + Base64.getEncoder().encodeToString(text) + "\";\n");
    }

    private static Map<String, TensorData> weights(Arena arena, MoonshineArchitecture sizes) {
        var random = new SplittableRandom(3);
        Map<String, TensorData> weights = new LinkedHashMap<>();
        sizes.tensors().forEach((name, shape) -> {
            long size = 1;
            for (long dimension : shape) {
                size *= dimension;
            }
            boolean gain = name.contains("norm") && name.endsWith("weight");
            // So that a layer neither explodes nor dies.
            double most = shape.length > 1 ? 2.6 / Math.sqrt((double) size / shape[0]) : 0.17;
            var floats = arena.allocate(size * Float.BYTES, 64);
            for (long i = 0; i < size; i++) {
                floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) ((gain ? 1 : 0) + random.nextDouble(-most, most)));
            }
            weights.put(name, new TensorData(shape, floats));
        });
        return weights;
    }
}
