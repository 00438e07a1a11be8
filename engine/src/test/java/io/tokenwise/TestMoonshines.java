package io.tokenwise;

import io.tokenwise.io.TensorData;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.SpeechDescription;
import io.tokenwise.model.moonshine.MoonshineArchitecture;
import io.tokenwise.model.moonshine.MoonshineFamily;
import io.tokenwise.tokenizer.LlamaVocabulary;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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
import java.util.stream.IntStream;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Moonshines with random weights, and sound for them. */
public final class TestMoonshines {
    private static final int PIECES = 300;

    /** Hidden 24, 2 and 2 layers, 3 heads of 8 of which 6 columns have positions, 48 units. */
    public static final MoonshineArchitecture SMALL =
            new MoonshineArchitecture(48, 2, 2, 4, 48, PIECES + LlamaVocabulary.ADDED, 8);

    private TestMoonshines() {}

    /** A vocabulary of 41 words, each with a space before it. */
    public static Path writeVocabulary(Path folder) throws IOException {
        byte[] text = String.join("\n", pieces()).getBytes(StandardCharsets.UTF_8);
        return Files.writeString(
                folder.resolve("llama-tokenizer.js"),
                "const llama_vocab_base64 = \"" + Base64.getEncoder().encodeToString(text) + "\";\n");
    }

    /** The same as Hugging Face has it: Llama's way to cut and to join, and Moonshine's tokens as added ones. */
    public static Path writeTokenizer(Path folder) throws IOException {
        var json = new JsonMapper();
        ObjectNode tokenizer = (ObjectNode) json.readTree("""
                {
                  "normalizer": {"type": "Sequence", "normalizers": [
                    {"type": "Prepend", "prepend": "▁"},
                    {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
                  "pre_tokenizer": null,
                  "post_processor": {"type": "TemplateProcessing",
                    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                    "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
                  "decoder": {"type": "Sequence", "decoders": [
                    {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                    {"type": "ByteFallback"}, {"type": "Fuse"},
                    {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
                  "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true}
                }""");
        List<String> pieces = pieces();
        ObjectNode model = (ObjectNode) tokenizer.get("model");
        ObjectNode vocabulary = model.putObject("vocab");
        pieces.forEach(piece -> vocabulary.put(piece, vocabulary.size()));
        model.putArray("merges");
        ArrayNode added = tokenizer.putArray("added_tokens");
        IntStream.range(0, PIECES + LlamaVocabulary.ADDED)
                .filter(id -> id < 3 || id >= PIECES)
                .forEach(id -> added.addObject()
                        .put("id", id)
                        .put("content", id < PIECES ? pieces.get(id) : "<<ST_" + (id - PIECES) + ">>")
                        .put("special", true));
        return Files.writeString(folder.resolve("tokenizer.json"), tokenizer.toString());
    }

    private static List<String> pieces() {
        List<String> pieces = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        for (int b = 0; b < 256; b++) {
            pieces.add("<0x%02X>".formatted(b));
        }
        while (pieces.size() < PIECES) {
            pieces.add("\u2581w" + pieces.size());
        }
        return pieces;
    }

    /** Random weights such that a layer neither explodes nor dies. */
    public static Map<String, TensorData> weights(Arena arena, MoonshineArchitecture sizes) {
        var random = new SplittableRandom(3);
        Map<String, TensorData> weights = new LinkedHashMap<>();
        HuggingFaceTensors.of(sizes).forEach((name, shape) -> {
            long size = 1;
            for (long dimension : shape) {
                size *= dimension;
            }
            boolean gain = name.contains("norm") && name.endsWith("weight");
            double deviation = shape.length > 1 ? 1.5 / Math.sqrt((double) size / shape[0]) : 0.1;
            MemorySegment floats = arena.allocate(size * Float.BYTES, 64);
            for (long i = 0; i < size; i++) {
                double uniform = (random.nextDouble() - 0.5) * Math.sqrt(12);
                floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) ((gain ? 1 : 0) + deviation * uniform));
            }
            weights.put(name, new TensorData(shape, floats));
        });
        return weights;
    }

    /** Writes {@link #SMALL} as a model directory; a folder beside it takes the vocabulary. */
    public static void writeSmall(Path directory) throws IOException {
        Path beside = Files.createDirectories(directory.resolveSibling(directory.getFileName() + ".vocabulary"));
        var vocabulary = LlamaVocabulary.read(writeVocabulary(beside));
        try (Arena arena = Arena.ofConfined()) {
            var description = new SpeechDescription(
                    "small",
                    MoonshineFamily.MOONSHINE,
                    SMALL,
                    MoonshineArchitecture.SOUND,
                    vocabulary,
                    Optional.empty());
            ModelWriter.write(directory, description, weights(arena, SMALL), null, ModelWriter.Existing.KEEP);
        }
    }

    /** Loud noise of so many seconds at 16 kHz, another one for each seed. */
    public static float[] noise(double seconds, long seed) {
        var random = new SplittableRandom(seed);
        var samples = new float[(int) (seconds * 16_000)];
        float last = 0;
        for (int i = 0; i < samples.length; i++) {
            last = .9f * last + .1f * (float) random.nextGaussian();
            samples[i] = last;
        }
        return samples;
    }

    /** Samples as a model's input has them. */
    public static int[] bits(float[] samples) {
        var bits = new int[samples.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(samples[i]);
        }
        return bits;
    }
}
