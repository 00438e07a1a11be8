package io.tokenwise.model.moonshine;

import io.tokenwise.model.Architecture;

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

    /** The convolutions, one after the other: {width, step} in rows of what each reads. */
    public static final int[][] CONVOLUTIONS = {{127, 64}, {7, 3}, {3, 2}};

    /** Samples below which there is no frame: 56 ms. */
    public static final int LEAST_SAMPLES = 127 + 64 * (7 + 3 * 2 - 1);

    /** Samples from one frame to the next. */
    public static final int FRAME_SAMPLES = 64 * 3 * 2;

    /** Frames that the encoder makes of so many samples at 16 kHz, 41.7 a second; none below {@link #LEAST_SAMPLES}. */
    public static int frames(int samples) {
        int rows = samples;
        for (int[] convolution : CONVOLUTIONS) {
            rows = rows < convolution[0] ? 0 : (rows - convolution[0]) / convolution[1] + 1;
        }
        return rows;
    }

    /** What PyTorch takes if nothing else is said; no file says it. */
    @Override
    public double layerNormEpsilon() {
        return 1e-5;
    }
}
