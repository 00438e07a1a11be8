package io.tokenwise.kernels;

import static io.tokenwise.kernels.SequenceOps.UNIT;
import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;
import static io.tokenwise.kernels.VectorTiles.DEPTH;
import static io.tokenwise.kernels.VectorTiles.TALL;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Copies a head's columns out of a matrix of tokens and back. Units that lie apart go four at a time, since a loop down the rows costs more to enter
 * than a few turns of it: attention of 16 tokens takes 1.2 times as long as with columns side by side (128: 1.06).
 */
final class VectorHeads {
    /** Columns of four units. */
    private static final int FOUR = 4 * UNIT;

    private static final long UNIT_BYTES = UNIT * Float.BYTES;

    /** Whether a unit is a vector that this CPU has. */
    private static final boolean UNITS = LANES >= UNIT;

    /**
     * A unit is copied as longs, the only vectors of that type here: C2 has one profile for the stores of each type, and where it has seen two widths, as
     * of floats with 16 lanes and with 8, it may compile a store for both and then makes objects of the vectors (in one JVM of thirty).
     */
    private static final VectorSpecies<Long> UNIT_AS_LONGS = LongVector.SPECIES_256;

    private VectorHeads() {}

    /** A head's columns of some tokens to rows of as many values; the stride is in bytes. */
    static void gather(HeadColumns from, int head, int token, int rows, MemorySegment to, long toAt, long toStride) {
        MemorySegment x = from.values.segment();
        long stride = from.strideBytes();
        int size = from.headSize;
        if (from.areSideBySide()) {
            copy(x, from.byteAt(token, head, 0), stride, rows, size, to, toAt, toStride);
            return;
        }
        int c = 0;
        for (; UNITS && c <= size - FOUR; c += FOUR) {
            long target = toAt + (long) c * Float.BYTES;
            copyFour(
                    x,
                    from.byteAt(token, head, c),
                    from.byteAt(token, head, c + UNIT),
                    from.byteAt(token, head, c + 2 * UNIT),
                    from.byteAt(token, head, c + 3 * UNIT),
                    stride,
                    rows,
                    to,
                    target,
                    target + UNIT_BYTES,
                    target + 2 * UNIT_BYTES,
                    target + 3 * UNIT_BYTES,
                    toStride);
        }
        for (; c < size; c += UNIT) {
            copy(x, from.byteAt(token, head, c), stride, rows, UNIT, to, toAt + (long) c * Float.BYTES, toStride);
        }
    }

    /** Rows of {@code columns} values to a head's columns from {@code column} on of some tokens. */
    static void scatter(
            MemorySegment from,
            long at,
            long stride,
            int rows,
            int columns,
            HeadColumns to,
            int head,
            int token,
            int column) {
        MemorySegment y = to.values.segment();
        long toStride = to.strideBytes();
        if (to.areSideBySide()) {
            copy(from, at, stride, rows, columns, y, to.byteAt(token, head, column), toStride);
            return;
        }
        int c = 0;
        for (; UNITS && c <= columns - FOUR; c += FOUR) {
            long source = at + (long) c * Float.BYTES;
            copyFour(
                    from,
                    source,
                    source + UNIT_BYTES,
                    source + 2 * UNIT_BYTES,
                    source + 3 * UNIT_BYTES,
                    stride,
                    rows,
                    y,
                    to.byteAt(token, head, column + c),
                    to.byteAt(token, head, column + c + UNIT),
                    to.byteAt(token, head, column + c + 2 * UNIT),
                    to.byteAt(token, head, column + c + 3 * UNIT),
                    toStride);
        }
        for (; c < columns; c += UNIT) {
            long source = at + (long) c * Float.BYTES;
            copy(from, source, stride, rows, UNIT, y, to.byteAt(token, head, column + c), toStride);
        }
    }

    private static void copy(
            MemorySegment from,
            long at,
            long stride,
            int rows,
            int columns,
            MemorySegment to,
            long toAt,
            long toStride) {
        from = Floats.exactlyNative(from);
        to = Floats.exactlyNative(to);
        int c = 0;
        for (; c <= columns - LANES; c += LANES) {
            long shift = (long) c * Float.BYTES;
            for (int r = 0; r < rows; r++) {
                FloatVector.fromMemorySegment(F, from, at + shift + r * stride, ORDER)
                        .intoMemorySegment(to, toAt + shift + r * toStride, ORDER);
            }
        }
        for (; c < columns; c++) {
            long shift = (long) c * Float.BYTES;
            for (int r = 0; r < rows; r++) {
                float value = from.get(JAVA_FLOAT, at + shift + r * stride);
                to.set(JAVA_FLOAT, toAt + shift + r * toStride, value);
            }
        }
    }

    private static void copyFour(
            MemorySegment from,
            long a,
            long b,
            long c,
            long d,
            long stride,
            int rows,
            MemorySegment to,
            long toA,
            long toB,
            long toC,
            long toD,
            long toStride) {
        from = Floats.exactlyNative(from);
        to = Floats.exactlyNative(to);
        for (int r = 0; r < rows; r++) {
            long at = r * stride;
            long toAt = r * toStride;
            LongVector.fromMemorySegment(UNIT_AS_LONGS, from, a + at, ORDER).intoMemorySegment(to, toA + toAt, ORDER);
            LongVector.fromMemorySegment(UNIT_AS_LONGS, from, b + at, ORDER).intoMemorySegment(to, toB + toAt, ORDER);
            LongVector.fromMemorySegment(UNIT_AS_LONGS, from, c + at, ORDER).intoMemorySegment(to, toC + toAt, ORDER);
            LongVector.fromMemorySegment(UNIT_AS_LONGS, from, d + at, ORDER).intoMemorySegment(to, toD + toAt, ORDER);
        }
    }

    /**
     * Rows of {@code size} values to rows of the products' left side: tiles of TALL rows next to each other, as many as DEPTH columns hold. The index is
     * checked before the vector is there: in a JVM whose checks of indices have failed often, C2 compiles what they do then, and keeps an object for each
     * vector that lives across such a check.
     */
    static void copyKeys(MemorySegment from, long at, long stride, int keys, int size, float[] to, int toAt) {
        from = Floats.exactlyNative(from);
        int c = 0;
        for (; c <= size - LANES; c += LANES) {
            long source = at + (long) c * Float.BYTES;
            for (int j = 0; j < keys; j++) {
                int target = Objects.checkIndex(toAt + j % TALL * DEPTH + j / TALL * size + c, to.length - LANES + 1);
                FloatVector.fromMemorySegment(F, from, source + j * stride, ORDER)
                        .intoArray(to, target);
            }
        }
        for (; c < size; c++) {
            long source = at + (long) c * Float.BYTES;
            for (int j = 0; j < keys; j++) {
                to[toAt + j % TALL * DEPTH + j / TALL * size + c] = from.get(JAVA_FLOAT, source + j * stride);
            }
        }
    }
}
