package io.tokenwise.backend;

/**
 * The angles by which rotary attention (Su et al. 2021) tells positions apart: at position p columns 2i and 2i + 1 of a head are turned by {@code p *
 * base ^ (-2i / rotated)}, for the first {@code rotated} columns. Immutable and thread-safe.
 */
public final class RotaryPositions {
    private final int count;
    private final int headSize;
    private final int rotated;
    private final float[] cosines;
    private final float[] sines;

    /**
     * For the positions from 0 to count.
     *
     * @param rotated even, at most headSize
     */
    public RotaryPositions(int count, int headSize, int rotated, double base) {
        if (rotated % 2 != 0 || rotated > headSize) {
            throw new IllegalArgumentException("rotary positions: " + rotated + " of " + headSize
                    + " columns; an even number of at most all is needed");
        }
        this.count = count;
        this.headSize = headSize;
        this.rotated = rotated;
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

    private RotaryPositions(int count, int headSize, int rotated, float[] cosines, float[] sines) {
        this.count = count;
        this.headSize = headSize;
        this.rotated = rotated;
        this.cosines = cosines;
        this.sines = sines;
    }

    /** The angles that turn back: a rotation's transpose, by which gradients go. */
    public RotaryPositions inverse() {
        var back = new float[sines.length];
        for (int i = 0; i < back.length; i++) {
            back[i] = -sines[i];
        }
        return new RotaryPositions(count, headSize, rotated, cosines, back);
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

    /** {@code [count, rotated]}, each angle's twice. Not a copy. */
    public float[] cosines() {
        return cosines;
    }

    /** {@code [count, rotated]}, each angle's twice, first with a minus. Not a copy. */
    public float[] sines() {
        return sines;
    }
}
