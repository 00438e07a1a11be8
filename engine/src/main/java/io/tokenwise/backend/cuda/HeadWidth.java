package io.tokenwise.backend.cuda;

/** The columns that a head has room for in the kernels of attention, whose names and shared memory depend on it. */
public enum HeadWidth {
    UP_TO_32(32, 45_056, 10_240),
    UP_TO_64(64, 69_632, 18_432),
    UP_TO_128(128, 118_784, 34_816);

    public final String f32;
    public final String bf16;
    public final String queriesBackward;
    public final String keysBackward;
    public final int sharedBytes;
    public final int bf16SharedBytes;
    private final int columns;

    HeadWidth(int columns, int sharedBytes, int bf16SharedBytes) {
        this.columns = columns;
        this.sharedBytes = sharedBytes;
        this.bf16SharedBytes = bf16SharedBytes;
        f32 = "attention" + columns;
        bf16 = "attentionBf16Width" + columns;
        queriesBackward = "attentionQueriesBackward" + columns;
        keysBackward = "attentionKeysBackward" + columns;
    }

    /**
     * The least that has room.
     *
     * @throws UnsupportedOperationException if none has
     */
    public static HeadWidth of(int headSize) {
        if (headSize <= UP_TO_32.columns) {
            return UP_TO_32;
        }
        if (headSize <= UP_TO_64.columns) {
            return UP_TO_64;
        }
        if (headSize <= UP_TO_128.columns) {
            return UP_TO_128;
        }
        throw new UnsupportedOperationException("attention: heads of " + headSize
                + " columns; on a CUDA device they have at most " + UP_TO_128.columns);
    }
}
