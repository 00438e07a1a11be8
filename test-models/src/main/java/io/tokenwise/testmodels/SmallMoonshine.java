package io.tokenwise.testmodels;

import io.tokenwise.model.SpeechDescription;
import io.tokenwise.model.moonshine.MoonshineArchitecture;
import io.tokenwise.model.moonshine.MoonshineFamily;
import io.tokenwise.tokenizer.LlamaVocabulary;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A Moonshine with random weights, so small that it is quick: what it writes has no sense, but is always the same. */
public final class SmallMoonshine {
    private static final int PIECES = 300;
    private static final MoonshineArchitecture SIZES =
            new MoonshineArchitecture(48, 2, 2, 4, 48, PIECES + LlamaVocabulary.ADDED, 8);

    private SmallMoonshine() {}

    /** Writes it as a model directory, the folder; a file beside takes the vocabulary. */
    public static void write(Path folder) throws IOException {
        String pieces = "<unk>\n<s>\n</s>\n"
                + IntStream.range(0, 256).mapToObj("<0x%02X>\n"::formatted).collect(Collectors.joining())
                + IntStream.range(259, PIECES).mapToObj(i -> "\u2581w" + i).collect(Collectors.joining("\n"));
        Path script = Files.writeString(
                folder.resolveSibling("vocabulary.js"),
                "llama_vocab_base64 = \"" + Base64.getEncoder().encodeToString(pieces.getBytes(StandardCharsets.UTF_8))
                        + "\"");
        RandomWeights.write(
                folder,
                new SpeechDescription(
                        "small",
                        MoonshineFamily.MOONSHINE,
                        SIZES,
                        MoonshineArchitecture.SOUND,
                        LlamaVocabulary.read(script),
                        Optional.empty()));
    }
}
