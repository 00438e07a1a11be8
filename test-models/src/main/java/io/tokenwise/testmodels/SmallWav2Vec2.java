package io.tokenwise.testmodels;

import io.tokenwise.kernels.Activation;
import io.tokenwise.model.wav2vec2.NewWav2Vec2;
import io.tokenwise.model.wav2vec2.Wav2Vec2Architecture;
import io.tokenwise.tokenizer.CtcVocabulary;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A wav2vec 2.0 with random weights, so small that it is quick, with frames of 20 ms: what it writes has no sense, but is always the same. */
public final class SmallWav2Vec2 {
    private SmallWav2Vec2() {}

    /** Writes it as a model directory, the folder. */
    public static void write(Path folder) throws IOException {
        write(folder, 4);
    }

    /** The same with so many heads; three have 16 columns each, which can be cut into learners. */
    public static void write(Path folder, int heads) throws IOException {
        CtcVocabulary letters = CtcVocabulary.of(List.of("abcdefgh ijklm"));
        var sizes = new Wav2Vec2Architecture(
                48,
                2,
                heads,
                48,
                1e-5,
                List.of(16, 16, 16, 16),
                false,
                false,
                Activation.GELU,
                true,
                Activation.GELU,
                false,
                16,
                4,
                letters.size(),
                true);
        RandomWeights.write(folder, sizes.description("small", NewWav2Vec2.SOUND, letters));
    }
}
