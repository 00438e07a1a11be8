package io.tokenwise.natives;

import io.tokenwise.natives.GeneralAssembler.Address;
import io.tokenwise.natives.GeneralAssembler.Register;

/** Machine code that applies an {@link ActivationTable}: to vectors of floats, by a few vectors that it takes for itself. */
final class ActivationCode {
    private static final int VECTOR_BYTES = 64;
    private static final int COEFFICIENTS = ActivationTable.COEFFICIENTS;

    private final Assembler code;
    private final int lines;
    private final int offset;
    private final int last;
    private final int shift;
    private final int magnitude;
    private final int zero;
    private final int s;
    private final int piece;
    private final int rest;

    /** Takes 15 vectors from {@code first} on: two for each coefficient, five for what else it knows, four for what it computes. */
    ActivationCode(Assembler code, int first) {
        this.code = code;
        lines = first;
        offset = lines + 2 * COEFFICIENTS;
        last = offset + 1;
        shift = last + 1;
        magnitude = shift + 1;
        zero = magnitude + 1;
        s = zero + 1;
        piece = s + 1;
        rest = piece + 1;
    }

    /** Loads the table at an address. A register is lost. */
    void load(Register table, Register lost) {
        for (int line = 0; line < 2 * COEFFICIENTS; line++) {
            code.loadVector(lines + line, Address.of(table, line * VECTOR_BYTES));
        }
        code.broadcastInt(offset, Address.of(table, ActivationTable.OFFSET_AT));
        code.broadcastInt(last, Address.of(table, ActivationTable.LAST_AT));
        code.broadcastInt(shift, Address.of(table, ActivationTable.SHIFT_AT));
        code.moveConstant(lost, Long.MAX_VALUE & ~(1L << 31));
        code.broadcastLong(magnitude, lost);
        code.subtractInts(zero, zero, zero);
    }

    /** Lets a vector of x be one of its activations. */
    void apply(int x) {
        code.andInts(s, x, magnitude);
        code.addFloats(s, s, offset);
        code.leastInts(s, s, last);
        code.shiftIntsRight(piece, s, shift);
        // Of what is not a number the second is the larger.
        code.largestFloats(x, zero, x);
        find(0, rest);
        for (int coefficient = 1; coefficient < COEFFICIENTS; coefficient++) {
            int next = coefficient < COEFFICIENTS - 1 ? rest + 1 : piece;
            find(coefficient, next);
            code.multiplyAndAddFloats(rest, s, next);
        }
        code.subtractFloats(x, x, rest);
    }

    /** A coefficient of each lane's piece; to find it overwrites the pieces' numbers, so that all but the last find it in a copy. */
    private void find(int coefficient, int to) {
        if (to != piece) {
            code.moveVector(to, piece);
        }
        int line = lines + 2 * coefficient;
        code.selectFloats(to, line, line + 1);
    }
}
