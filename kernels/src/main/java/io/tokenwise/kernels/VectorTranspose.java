package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.I;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;
import static io.tokenwise.kernels.VectorTiles.PANEL;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;

/**
 * Transposes rows to a panel by perfect shuffles: interleaving the two halves of a row-major {@code [2^n, columns]} matrix n times, element by
 * element, is its transpose. Each pass is a straight loop of whole vectors, whatever the number of columns. Values are moved as
 * integers, for which picking lanes from two vectors is one instruction.
 */
final class VectorTranspose {
    /** Lanes of the first and of the second vector in turn, from their lower and from their upper halves. */
    private static final IntVector LOW = interleaved(0);

    private static final IntVector HIGH = interleaved(LANES / 2);

    private VectorTranspose() {}

    private static IntVector interleaved(int first) {
        int[] lanes = new int[LANES];
        for (int i = 0; i < LANES; i++) {
            lanes[i] = first + i / 2 + i % 2 * LANES;
        }
        return IntVector.fromArray(I, lanes, 0);
    }

    /** Floats of a panel: one column more than an odd number, so that every pass consists of whole vectors. */
    static int panelFloats(int columns) {
        return PANEL * rowFloats(columns);
    }

    /** {@code columns} or one more: from one row to the next of those that {@link #toPanel} takes. */
    static int rowFloats(int columns) {
        return columns + columns % 2;
    }

    /**
     * PANEL rows of {@code columns} values to a panel {@code [columns, PANEL]} at the beginning of {@code memory}, which has room for three; the rows
     * are the second of these, {@link #rowFloats} apart.
     */
    static void toPanel(int columns, MemorySegment memory) {
        int count = panelFloats(columns);
        long a = (long) count * Float.BYTES;
        long b = 2 * a;
        interleaveFour(memory, a, b, count / 4);
        switch (PANEL) {
            case 32 -> {
                interleaveFour(memory, b, a, count / 4);
                interleaveTwo(memory, a, 0, count / 2);
            }
            case 16 -> interleaveFour(memory, b, 0, count / 4);
            default -> interleaveTwo(memory, b, 0, count / 2);
        }
    }

    private static void interleaveTwo(MemorySegment memory, long from, long to, int half) {
        memory = Floats.exactlyNative(memory);
        long b = from + (long) half * Float.BYTES;
        for (int i = 0; i < half; i += LANES) {
            long at = (long) i * Float.BYTES;
            IntVector x = IntVector.fromMemorySegment(I, memory, from + at, ORDER);
            IntVector y = IntVector.fromMemorySegment(I, memory, b + at, ORDER);
            LOW.selectFrom(x, y).intoMemorySegment(memory, to + 2 * at, ORDER);
            HIGH.selectFrom(x, y).intoMemorySegment(memory, to + 2 * at + LANES * Float.BYTES, ORDER);
        }
    }

    /** Twice {@link #interleaveTwo}. */
    private static void interleaveFour(MemorySegment memory, long from, long to, int quarter) {
        memory = Floats.exactlyNative(memory);
        long b = from + (long) quarter * Float.BYTES;
        long c = b + (long) quarter * Float.BYTES;
        long d = c + (long) quarter * Float.BYTES;
        for (int i = 0; i < quarter; i += LANES) {
            long at = (long) i * Float.BYTES;
            IntVector v = IntVector.fromMemorySegment(I, memory, from + at, ORDER);
            IntVector w = IntVector.fromMemorySegment(I, memory, b + at, ORDER);
            IntVector x = IntVector.fromMemorySegment(I, memory, c + at, ORDER);
            IntVector y = IntVector.fromMemorySegment(I, memory, d + at, ORDER);
            IntVector vx = LOW.selectFrom(v, x);
            IntVector wy = LOW.selectFrom(w, y);
            LOW.selectFrom(vx, wy).intoMemorySegment(memory, to + 4 * at, ORDER);
            HIGH.selectFrom(vx, wy).intoMemorySegment(memory, to + 4 * at + LANES * Float.BYTES, ORDER);
            vx = HIGH.selectFrom(v, x);
            wy = HIGH.selectFrom(w, y);
            LOW.selectFrom(vx, wy).intoMemorySegment(memory, to + 4 * at + 2 * LANES * Float.BYTES, ORDER);
            HIGH.selectFrom(vx, wy).intoMemorySegment(memory, to + 4 * at + 3 * LANES * Float.BYTES, ORDER);
        }
    }
}
