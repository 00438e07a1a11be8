package io.tokenwise.backend.cuda;

import io.tokenwise.api.Precision;

/** How much of a product a block computes. All sizes give the same bits, but {@link #WGMMA} in bfloat16. */
enum TileSize {
    LARGE("Large", 128, 128, 256, 256, 33_280, 61_440),
    MIDDLE("Middle", 64, 64, 128, 128, 16_896, 30_720),
    SMALL("Small", 16, 32, 64, 128, 13_312, 39_168),

    /** By Hopper's own instructions, for tensor cores only, from a left side that lies in the form that they read. */
    WGMMA("Wgmma", 128, 128, 0, 256, 0, 99_328);

    final int rows;
    final int columns;
    private final String f32;
    private final String bf16;
    private final String narrow;
    private final String s8;
    private final int floatThreads;
    private final int tensorThreads;
    private final int floatBytes;
    private final int tensorBytes;

    TileSize(String name, int rows, int columns, int floatThreads, int tensorThreads, int floatBytes, int tensorBytes) {
        this.rows = rows;
        this.columns = columns;
        this.floatThreads = floatThreads;
        this.tensorThreads = tensorThreads;
        this.floatBytes = floatBytes;
        this.tensorBytes = tensorBytes;
        f32 = "linearF32" + name;
        bf16 = "linearBf16" + name;
        narrow = "linearNarrow" + name;
        s8 = "linearS8" + name;
    }

    /** The largest whose blocks keep the multiprocessors busy: one for each of them, or of middle size for half of them. A guess, not measured. */
    static TileSize of(int rows, int columns, int multiprocessors) {
        if (LARGE.blocks(rows, columns) >= multiprocessors) {
            return LARGE;
        }
        return 2 * MIDDLE.blocks(rows, columns) >= multiprocessors ? MIDDLE : SMALL;
    }

    /**
     * The size instead of this one where products take Hopper's own instructions. In bfloat16 those may round otherwise, so that all products take them; in bytes the bits
     * are the same, and small blocks have their use.
     */
    TileSize byWgmma(Precision weights) {
        return weights == Precision.BF16 || weights == Precision.S8 && this == LARGE ? WGMMA : this;
    }

    private long blocks(int allRows, int allColumns) {
        return (long) Launches.blocks(allRows, rows) * Launches.blocks(allColumns, columns);
    }

    /**
     * The kernel for weights of a precision.
     *
     * @param left what the left side lies in
     */
    String kernel(Precision weights, Precision left) {
        return switch (weights) {
            case F32 -> f32;
            case BF16 -> left == Precision.BF16 ? narrow : bf16;
            case S8, S7 -> s8;
        };
    }

    int threads(Precision precision) {
        return precision == Precision.F32 ? floatThreads : tensorThreads;
    }

    int sharedBytes(Precision precision) {
        return precision == Precision.F32 ? floatBytes : tensorBytes;
    }
}
