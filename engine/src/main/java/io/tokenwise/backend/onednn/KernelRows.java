package io.tokenwise.backend.onednn;

/**
 * How many rows oneDNN's kernels are made for.
 *
 * @param tiles whether products go by tiles, as with AMX
 * @param sumsFloats whether a product's sums are of floats, not of bytes
 * @param together whether rows are one product even where it computes some that are not there: without VNNI, where those one below the other take longer
 */
record KernelRows(boolean tiles, boolean sumsFloats, boolean together) {
    /** Up to so many rows have a kernel of their own number. */
    private static final int EXACT_ROWS = 8;

    /** What other kernels are made for, the largest last, which is of bytes only ({@link OneDnnBackend#blockRows}). */
    private static final int[] KERNEL_ROWS = {12, 16, 24, 32, 64, 128};

    /** A kernel may be larger than the rows that are left by fewer than these. */
    private static final int ROWS_TO_SPARE = 4;

    /**
     * With AMX kernels are for multiples of this. One row takes as long as 16, and 64 hardly twice that, because a product takes what its weights
     * take to come: two products one below the other, which read them twice, take twice as long.
     */
    private static final int TILE_ROWS = 16;

    /**
     * Of rows that are multiplied together kernels are for multiples of 8, and above 64 of 16. Measured on Zen 3, us of 768 x 384: 109 rows as 64, 32 and
     * 16 took 439, as 112 397; 76 as 64, 8 and 4 310, as 80 283; 50 as 32, 16 and 2 227, as 56 206; 17 as 16 and 1 97, as 24 100.
     */
    private static final int FINE_ROWS = 64;

    /**
     * The rows of the next product where so many are left. A kernel takes 0.3 MB and 0.6 ms of oneDNN's, so there are few: exact ones for few rows,
     * which cost what their weights cost, and {@link #KERNEL_ROWS}. Products of these one below the other take as long as one: 52 rows as 32, 16
     * and 4 took what a kernel of 52 took, by signed bytes and bfloat16.
     */
    int of(int left) {
        if (tiles) {
            return Math.ceilDiv(left, TILE_ROWS) * TILE_ROWS;
        }
        // For a single row oneDNN may sum floats in another order than for several: a row's bits must not depend on its
        // batch.
        if (left == 1 && sumsFloats) {
            return 2;
        }
        if (left <= EXACT_ROWS) {
            return left;
        }
        if (together && left > KERNEL_ROWS[0]) {
            int step = left <= FINE_ROWS ? 8 : 16;
            return Math.ceilDiv(left, step) * step;
        }
        int largest = EXACT_ROWS;
        for (int size : KERNEL_ROWS) {
            if (size >= left && size - left < ROWS_TO_SPARE) {
                return size;
            }
            largest = size < left ? size : largest;
        }
        return largest;
    }
}
