package io.tokenwise.bench;

import java.util.Locale;

/** Whose MLPs {@link DispatchBench} measures, and on how many tokens. */
enum DispatchSizes {
    /** A query, a passage, four passages. */
    MINILM(384, 1536, 16, 128, 512),
    /** ViT-B/16: an image, four images. */
    VIT_B(768, 3072, 197, 788),
    /** wav2vec2-base: half a minute of sound. */
    WAV2VEC2_BASE(768, 3072, 1500),
    /** XLS-R of 300 million weights: the same. */
    XLS_R(1024, 4096, 1500);

    private final int hidden;
    private final int units;
    private final int[] tokens;

    DispatchSizes(int hidden, int units, int... tokens) {
        this.hidden = hidden;
        this.units = units;
        this.tokens = tokens;
    }

    int hidden() {
        return hidden;
    }

    /** Hidden units of the dense MLP. */
    int units() {
        return units;
    }

    int[] tokens() {
        return tokens.clone();
    }

    /** As the command line writes it. */
    String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
