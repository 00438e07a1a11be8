package io.tokenwise.spring;

import io.tokenwise.io.LlamaVocabulary;
import io.tokenwise.io.ModelWriter;
import io.tokenwise.io.MoonshineArchitecture;
import io.tokenwise.io.SpeechDescription;
import io.tokenwise.io.TensorData;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A Moonshine with random weights, so small that it is quick, and noise for it. */
final class SmallMoonshine {
    private static final int PIECES = 300;
    private static final MoonshineArchitecture SIZES =
            new MoonshineArchitecture(48, 2, 2, 4, 48, PIECES + LlamaVocabulary.ADDED, 8);

    private SmallMoonshine() {}

    /** Writes it as a folder. */
    static Path write(Path folder) throws IOException {
        var random = new SplittableRandom(7);
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        SIZES.tensors().forEach((name, shape) -> {
            var values = new float[(int) Arrays.stream(shape).reduce(1, Math::multiplyExact)];
            double mean = name.endsWith("norm.weight") ? 1 : 0;
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (mean + 0.3 * random.nextGaussian());
            }
            tensors.put(name, new TensorData(shape, MemorySegment.ofArray(values)));
        });
        String pieces = "<unk>\n<s>\n</s>\n"
                + IntStream.range(0, 256).mapToObj("<0x%02X>\n"::formatted).collect(Collectors.joining())
                + IntStream.range(259, PIECES).mapToObj(i -> "\u2581w" + i).collect(Collectors.joining("\n"));
        Path script = Files.writeString(
                folder.resolveSibling("vocabulary.js"),
                "llama_vocab_base64 = \"" + Base64.getEncoder().encodeToString(pieces.getBytes(StandardCharsets.UTF_8))
                        + "\"");
        var description = new SpeechDescription("small", SIZES, LlamaVocabulary.read(script), Optional.empty());
        ModelWriter.write(folder, description, tensors, null, ModelWriter.Existing.KEEP);
        return folder;
    }

    /** A WAV file: 16 bits at 8 kHz, a second of noise, two of silence, and so on. */
    static byte[] wav(int noises) {
        var random = new SplittableRandom(3);
        int samples = 8_000 * 3 * noises;
        ByteBuffer wav = ByteBuffer.allocate(44 + 2 * samples).order(ByteOrder.LITTLE_ENDIAN);
        wav.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(36 + 2 * samples);
        wav.put("WAVEfmt ".getBytes(StandardCharsets.US_ASCII)).putInt(16);
        wav.putShort((short) 1).putShort((short) 1).putInt(8_000).putInt(16_000);
        wav.putShort((short) 2).putShort((short) 16);
        wav.put("data".getBytes(StandardCharsets.US_ASCII)).putInt(2 * samples);
        for (int i = 0; i < samples; i++) {
            wav.putShort((short) (i % 24_000 < 8_000 ? 5_000 * random.nextGaussian() : 0));
        }
        return wav.array();
    }
}
