package io.tokenwise.model.moonshine;

import io.tokenwise.model.Architecture;
import io.tokenwise.model.SoundForm;
import java.util.List;

/**
 * The sizes of a Moonshine (Jeffries et al. 2024): an encoder of sound, whose front end is three convolutions, and a decoder of text. Both have
 * pre-LayerNorm layers without shifts, and attention without biases whose first columns have rotary positions; the encoder's MLPs have erf-GELU, the
 * decoder's are gated by SiLU. Output projection and token embeddings are one table.
 *
 * @param layers of the encoder
 * @param heads of both
 * @param intermediateSize units of each MLP, of both
 * @param rotated columns of each head that have positions; even
 */
public record MoonshineArchitecture(
        int hiddenSize, int layers, int decoderLayers, int heads, int intermediateSize, int vocabularySize, int rotated)
        implements Architecture {
    /** Of the angles of rotary positions. */
    public static final double ROTARY_BASE = 10_000;

    /** Its convolutions, and 30 s, as in training: a frame is 56 ms or more, 41.7 are a second. */
    public static final SoundForm SOUND = new SoundForm(
            List.of(new SoundForm.Step(127, 64), new SoundForm.Step(7, 3), new SoundForm.Step(3, 2)), 480_000);

    /** The token that a text begins with, and the one that ends it. */
    public static final int BEGIN = 1;

    public static final int END = 2;

    /**
     * Tokens that a second may have: more are repetitions without end. Hugging Face's limit; moonshine-js has 6, rounded down. On Asterisk's prompts both
     * give the same texts.
     */
    private static final double TOKENS_PER_SECOND = 6.5;

    /** Tokens that a recording of so many samples may have, the last one included. */
    public static int mostTokens(int samples) {
        return (int) Math.ceil(samples * TOKENS_PER_SECOND / 16_000);
    }

    /** Of the longest recording. */
    static int mostTokens() {
        return mostTokens(SOUND.mostSamples());
    }

    /** What PyTorch takes if nothing else is said; no file says it. */
    @Override
    public double layerNormEpsilon() {
        return 1e-5;
    }
}
