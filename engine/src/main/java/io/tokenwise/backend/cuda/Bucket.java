package io.tokenwise.backend.cuda;

/**
 * Rounds the sizes of a forward up, so that others of about its size are launched in the same grids with the same addresses, and one graph serves them all. Kernels read the exact numbers on
 * the device; a bucket costs blocks that return at once, and memory.
 */
public final class Bucket {
    /** Below, multiples of 16, the rows of the smallest tile of a product; up to them powers of two, so that one row or text stays one. */
    private static final int STEP = 16;

    /** A guess: from eight steps an octave on at most an eighth of the blocks has nothing to do, and texts of up to 512 tokens have 28 buckets. */
    private static final int STEPS = 8;

    /** So many blocks a grid has at most along its second and third side. */
    private static final int MOST_BLOCKS = 65_535;

    private Bucket() {}

    /** Of rows or sequences, which are rows of what is pooled of them: less than twice as many, from 128 on at most an eighth more. */
    public static int of(int count) {
        if (count <= STEP) {
            return powerOfTwo(count);
        }
        int step = Math.max(STEP, Integer.highestOneBit(count - 1) / STEPS);
        long most = count <= MOST_BLOCKS ? MOST_BLOCKS : Integer.MAX_VALUE;
        return (int) Math.min(most, Math.ceilDiv((long) count, step) * step);
    }

    /** Of blocks of the longest sequence, which only grids depend on: those of other sequences that have nothing to do are many anyway. */
    public static int powerOfTwo(int count) {
        return count <= 1 ? count : (int) Math.min(Integer.MAX_VALUE, 2L * Integer.highestOneBit(count - 1));
    }

    /** What tensors of buckets take at most where exact ones take so many bytes. */
    static long bytes(long exact) {
        return exact > Long.MAX_VALUE / 2 ? Long.MAX_VALUE : 2 * exact;
    }
}
