package io.tokenwise.acm.leave;

/**
 * Keeps an image's patches that stay apart from each other: what a patch is worth alone, as the gate says it, is shown by its neighbours too. So from each patch's value goes its place in
 * the order of ordered dithering (Bayer 1973), by which any number of the first are spread over a square as evenly as can be. Immutable.
 *
 * @param less by how much each patch's value is lowered, row by row; empty of what is no image
 */
record EvenSpread(float[] less) {
    /** Of inputs whose order says nothing of the kind. */
    static final EvenSpread NONE = new EvenSpread(new float[0]);

    /** How much worth, in the gate's unit, the last place costs: twice and half as much do as well (docs/lab/leaving.md). */
    private static final float WEIGHT = 3;

    /** Of an image with so many patches in a row and in a column. */
    static EvenSpread of(int side) {
        int bits = Integer.SIZE - Integer.numberOfLeadingZeros(Math.max(1, side - 1));
        var less = new float[side * side];
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                less[y * side + x] = WEIGHT * place(x, y, bits) / (1L << 2 * bits);
            }
        }
        return new EvenSpread(less);
    }

    /** The place from 0 in a square whose side is a power of two, by that many bits. */
    private static long place(int x, int y, int bits) {
        long place = 0;
        for (int bit = 0; bit < bits; bit++) {
            place = place << 2 | ((x ^ y) >> bit & 1) << 1 | y >> bit & 1;
        }
        return place;
    }
}
