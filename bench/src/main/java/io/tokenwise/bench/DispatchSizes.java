package io.tokenwise.bench;

import java.util.Locale;

/** Whose MLPs {@link DispatchBench} measures, and on how many tokens. */
enum DispatchSizes {
    /** A query, a passage, four passages. */
    MINILM(384, 1536, 16, 128, 512),
    /** ViT-B/16: an image, four images. */
    VIT_B(768, 3072, 197, 788);

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
