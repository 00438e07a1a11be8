package io.tokenwise.natives;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.junit.jupiter.api.Assumptions.abort;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.random.RandomGenerator;

/** Matrices of every type for the tests, and the product that oneDNN's is held against. */
final class Matrices {
    private Matrices() {}

    /** The library, or a skipped test that says why. */
    static OneDnn library() {
        try {
            return OneDnn.open();
        } catch (OneDnnUnavailableException e) {
            return abort(e.getMessage());
        }
    }

    static MemorySegment allocate(Arena arena, long bytes) {
        return arena.allocate(Math.max(bytes, 1), 64);
    }

    /** Random values that their type holds exactly: all of an integer's range, -1 to 1 for floats. */
    static MemorySegment random(Arena arena, RandomGenerator random, DataType type, long elements) {
        MemorySegment matrix = allocate(arena, elements * type.bytes());
        for (long i = 0; i < elements; i++) {
            switch (type) {
                case F32 -> matrix.setAtIndex(JAVA_FLOAT, i, random.nextFloat(-1, 1));
                case BF16 ->
                    matrix.setAtIndex(JAVA_SHORT, i, (short) (Float.floatToRawIntBits(random.nextFloat(-1, 1)) >> 16));
                case S8, U8 -> matrix.set(JAVA_BYTE, i, (byte) random.nextInt());
                case S7 -> matrix.set(JAVA_BYTE, i, (byte) random.nextInt(-64, 65));
                case U7 -> matrix.set(JAVA_BYTE, i, (byte) random.nextInt(128));
                case S32 -> matrix.setAtIndex(JAVA_INT, i, random.nextInt(-1000, 1000));
            }
        }
        return matrix;
    }

    /** The same for the right-hand side of a product: of 8-bit integers those with which the processor's products are exact. */
    static MemorySegment weights(Arena arena, RandomGenerator random, Isa isa, DataType type, long elements) {
        MemorySegment matrix = random(arena, random, type, elements);
        if (type == DataType.S8 && !isa.hasInt8()) {
            int most = isa.largestInt8Weight();
            for (long i = 0; i < elements; i++) {
                matrix.set(JAVA_BYTE, i, (byte) random.nextInt(-most, most + 1));
            }
        }
        return matrix;
    }

    static double get(MemorySegment matrix, DataType type, long index) {
        return switch (type) {
            case F32 -> matrix.getAtIndex(JAVA_FLOAT, index);
            case BF16 -> Float.intBitsToFloat(matrix.getAtIndex(JAVA_SHORT, index) << 16);
            case S8, S7 -> matrix.get(JAVA_BYTE, index);
            case U8, U7 -> Byte.toUnsignedInt(matrix.get(JAVA_BYTE, index));
            case S32 -> matrix.getAtIndex(JAVA_INT, index);
        };
    }

    static double[] doubles(MemorySegment matrix, DataType type, int elements) {
        double[] values = new double[elements];
        for (int i = 0; i < elements; i++) {
            values[i] = get(matrix, type, i);
        }
        return values;
    }

    /** A B in double, added to C as it was; null for zeros. */
    static double[] product(ProductSpec spec, int rows, double[] a, double[] b, double[] before) {
        double[] c = before == null ? new double[rows * spec.cStride()] : before.clone();
        for (int row = 0; row < rows; row++) {
            for (int inner = 0; inner < spec.k(); inner++) {
                double factor = spec.transposedA() ? a[inner * rows + row] : a[row * spec.aStride() + inner];
                for (int column = 0; column < spec.n(); column++) {
                    int at = spec.transposedB() ? column * spec.k() + inner : inner * spec.n() + column;
                    c[row * spec.cStride() + column] += factor * b[at];
                }
            }
        }
        return c;
    }
}
