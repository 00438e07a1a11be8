package io.tokenwise.backend;

/**
 * The angles by which rotary attention (Su et al. 2021) tells positions apart: at position p columns 2i and 2i + 1 of a head, or i and i + rotated / 2, are
 * turned by {@code p * base ^ (-2i / rotated)}, for the first {@code rotated} columns. Immutable and thread-safe.
 */
public final class RotaryPositions {
    private final int count;
    private final int headSize;
    private final int rotated;
    private final boolean halves;
    private final float[] cosines;
    private final float[] sines;

    /**
     * For the positions from 0 to count, in pairs of neighbours.
     *
     * @param rotated even, at most headSize
     */
    public RotaryPositions(int count, int headSize, int rotated, double base) {
        check(headSize, rotated);
        this.count = count;
        this.headSize = headSize;
        this.rotated = rotated;
        halves = false;
        cosines = new float[Math.multiplyExact(count, rotated)];
        sines = new float[cosines.length];
        for (int position = 0; position < count; position++) {
            for (int column = 0; column < rotated; column++) {
                // In float, as in training: at position 1,000 the rounding of an angle is more than a sine's.
                float angle = position * (float) Math.pow(base, -(double) (column & -2) / rotated);
                cosines[position * rotated + column] = (float) Math.cos(angle);
                sines[position * rotated + column] = (float) (column % 2 == 0 ? -Math.sin(angle) : Math.sin(angle));
            }
        }
    }

    private RotaryPositions(int count, int headSize, int rotated, boolean halves, float[] cosines, float[] sines) {
        this.count = count;
        this.headSize = headSize;
        this.rotated = rotated;
        this.halves = halves;
        this.cosines = cosines;
        this.sines = sines;
    }

    /**
     * For the positions from 0 to count, in pairs half of the rotated columns apart.
     *
     * @param rotated even, at most headSize
     * @param factors what the angle of each pair is multiplied by, as scaled models have it; empty for 1
     */
    public static RotaryPositions halves(int count, int headSize, int rotated, double base, double[] factors) {
        check(headSize, rotated);
        int pairs = rotated / 2;
        if (factors.length != 0 && factors.length != pairs) {
            throw new IllegalArgumentException(
                    "rotary positions: " + factors.length + " factors for " + pairs + " pairs of columns");
        }
        var cosines = new float[Math.multiplyExact(count, rotated)];
        var sines = new float[cosines.length];
        for (int pair = 0; pair < pairs; pair++) {
            // In float step by step, as transformers has it: what it rounds is what models were trained with.
            float frequency = 1 / (float) Math.pow(base, 2 * pair / (float) rotated);
            if (factors.length > 0) {
                frequency *= (float) factors[pair];
            }
            for (int position = 0; position < count; position++) {
                float angle = position * frequency;
                int low = position * rotated + pair;
                cosines[low] = cosines[low + pairs] = (float) Math.cos(angle);
                sines[low + pairs] = (float) Math.sin(angle);
                sines[low] = -sines[low + pairs];
            }
        }
        return new RotaryPositions(count, headSize, rotated, true, cosines, sines);
    }

    private static void check(int headSize, int rotated) {
        if (rotated % 2 != 0 || rotated > headSize) {
            throw new IllegalArgumentException("rotary positions: " + rotated + " of " + headSize
                    + " columns; an even number of at most all is needed");
        }
    }

    /** The angles that turn back: a rotation's transpose, by which gradients go. */
    public RotaryPositions inverse() {
        var back = new float[sines.length];
        for (int i = 0; i < back.length; i++) {
            back[i] = -sines[i];
        }
        return new RotaryPositions(count, headSize, rotated, halves, cosines, back);
    }

    public int count() {
        return count;
    }

    public int headSize() {
        return headSize;
    }

    /** How many columns of each head are turned. */
    public int rotated() {
        return rotated;
    }

    /** Whether pairs are half of the rotated columns apart, not neighbours. */
    public boolean halves() {
        return halves;
    }

    /** {@code [count, rotated]}, each angle's twice. Not a copy. */
    public float[] cosines() {
        return cosines;
    }

    /** {@code [count, rotated]}, each angle's twice, for the first of a pair with a minus. Not a copy. */
    public float[] sines() {
        return sines;
    }
}
