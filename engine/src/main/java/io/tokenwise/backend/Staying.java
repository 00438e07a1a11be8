package io.tokenwise.backend;

import io.tokenwise.tensor.Tensor;
import java.util.Arrays;

/**
 * Which rows of a matrix stay: of each of its sequences so many, those that are worth most, of equal ones the earlier, besides its first and last ones, which always do. How
 * many, the host says; which, is found where the stream computes, so that a device need not tell the host. It is filled again and again: {@link #begin}, then each sequence by
 * {@link #all} or {@link #most}, then {@link #choose}. Of one stream and for one caller at a time, like that; on the host it allocates nothing once large enough.
 */
public abstract class Staying {
    /** Bits of {@link #kinds}. */
    protected static final int BY_GATE = 1;

    protected static final int LOWERED = 2;

    private static final float[] NOTHING = new float[0];

    private int rows;
    private int first;
    private int last;
    private float[] less = NOTHING;
    private boolean anyByHost;

    private int sequences;
    private int[] offsets = new int[16];
    private int[] stayingOffsets = new int[16];
    private int[] kinds = new int[16];
    private float[] values = NOTHING;
    private int[] places = new int[0];
    private boolean placed;

    /**
     * Starts over.
     *
     * @param newRows of the matrix
     * @param newFirst how many rows at a sequence's beginning always stay
     * @param newLast how many at its end
     * @param newLess by how much less each row between them is worth in sequences whose values are lowered; not to be changed afterwards
     */
    public final void begin(int newRows, int newFirst, int newLast, float[] newLess) {
        rows = newRows;
        first = newFirst;
        last = newLast;
        less = newLess;
        anyByHost = false;
        placed = false;
        sequences = 0;
        if (values.length < rows) {
            values = new float[Math.max(rows, 2 * values.length)];
        }
    }

    /** All rows of the next sequence, so many, stay. */
    public final void all(int length) {
        add(length, length, 0);
    }

    /**
     * Of the next sequence some rows stay.
     *
     * @param length of the sequence
     * @param wanted how many of its rows stay, first and last ones among them
     * @param byGate whether the gate's values say what they are worth, or else what the host writes into {@link #values}
     * @param lowered whether they are worth less by what {@link #begin} was told
     */
    public final void most(int length, int wanted, boolean byGate, boolean lowered) {
        if (wanted < first + last || wanted > length) {
            throw new IllegalArgumentException("staying: " + wanted + " of " + length + " rows are to stay, of which "
                    + (first + last) + " always do");
        }
        boolean isLowered = lowered && less.length > 0;
        if (isLowered && length - first - last != less.length) {
            throw new IllegalArgumentException(
                    "staying: a sequence of " + length + " rows, expected " + (less.length + first + last));
        }
        anyByHost |= !byGate;
        add(length, wanted, (byGate ? BY_GATE : 0) | (isLowered ? LOWERED : 0));
    }

    private void add(int length, int wanted, int kind) {
        if (offsets.length < sequences + 2) {
            offsets = Arrays.copyOf(offsets, 2 * offsets.length);
            stayingOffsets = Arrays.copyOf(stayingOffsets, offsets.length);
            kinds = Arrays.copyOf(kinds, offsets.length);
        }
        kinds[sequences] = kind;
        offsets[sequences + 1] = offsets[sequences] + length;
        stayingOffsets[sequences + 1] = stayingOffsets[sequences] + wanted;
        sequences++;
        if (offsets[sequences] > rows) {
            throw new IllegalArgumentException(
                    "staying: sequences of " + offsets[sequences] + " rows, expected " + rows);
        }
    }

    /** What each row is worth, as far as the host says it; to be written before {@link #choose}. */
    public final float[] values() {
        return values;
    }

    /** Once all sequences are there: says which rows stay. The gate's values are {@code [rows, 1]}, or null if none is asked for. */
    public final void choose(Tensor gateValues) {
        if (offsets[sequences] != rows) {
            throw new IllegalArgumentException(
                    "staying: sequences of " + offsets[sequences] + " rows, expected " + rows);
        }
        if (gateValues != null) {
            Shapes.require("staying", gateValues, rows, 1);
        }
        rank(gateValues);
    }

    /** Does what {@link #choose} says. */
    protected abstract void rank(Tensor gateValues);

    /** After {@link #choose}: 1 for each row that stays and 0 for each other, the first {@link #rows} values, on the host, to which a device copies them now; valid until {@link #begin}. */
    public abstract int[] stays();

    /** After {@link #choose}: of each row that stays its place in its sequence, the first {@link #count} values, on the host like {@link #stays}; valid until {@link #begin}. */
    public final int[] places() {
        if (!placed) {
            if (places.length < count()) {
                places = new int[Math.max(count(), 2 * places.length)];
            }
            int[] stays = stays();
            int next = 0;
            for (int sequence = 0; sequence < sequences; sequence++) {
                for (int row = offsets[sequence]; row < offsets[sequence + 1]; row++) {
                    if (stays[row] == 1) {
                        places[next++] = row - offsets[sequence];
                    }
                }
            }
            placed = true;
        }
        return places;
    }

    /** Rows of the matrix. */
    public final int rows() {
        return rows;
    }

    /** How many of them stay. */
    public final int count() {
        return stayingOffsets[sequences];
    }

    // ---- for those who choose

    protected final int first() {
        return first;
    }

    protected final int last() {
        return last;
    }

    protected final float[] less() {
        return less;
    }

    /** Whether the host's {@link #values} are needed. */
    protected final boolean anyByHost() {
        return anyByHost;
    }

    protected final int sequences() {
        return sequences;
    }

    /** Where sequences begin, and the last one ends. */
    protected final int[] offsets() {
        return offsets;
    }

    /** The same among the rows that stay. */
    protected final int[] stayingOffsets() {
        return stayingOffsets;
    }

    /** For each sequence {@link #BY_GATE} or not, {@link #LOWERED} or not. */
    protected final int[] kinds() {
        return kinds;
    }
}
