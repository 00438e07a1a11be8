package io.tokenwise.natives;

import static io.tokenwise.natives.GeneralAssembler.Register.R10;
import static io.tokenwise.natives.GeneralAssembler.Register.R11;
import static io.tokenwise.natives.GeneralAssembler.Register.R12;
import static io.tokenwise.natives.GeneralAssembler.Register.R13;
import static io.tokenwise.natives.GeneralAssembler.Register.R14;
import static io.tokenwise.natives.GeneralAssembler.Register.R15;
import static io.tokenwise.natives.GeneralAssembler.Register.R8;
import static io.tokenwise.natives.GeneralAssembler.Register.R9;
import static io.tokenwise.natives.GeneralAssembler.Register.RAX;
import static io.tokenwise.natives.GeneralAssembler.Register.RBP;
import static io.tokenwise.natives.GeneralAssembler.Register.RBX;
import static io.tokenwise.natives.GeneralAssembler.Register.RCX;
import static io.tokenwise.natives.GeneralAssembler.Register.RDI;
import static io.tokenwise.natives.GeneralAssembler.Register.RDX;
import static io.tokenwise.natives.GeneralAssembler.Register.RSI;

import io.tokenwise.natives.GeneralAssembler.Address;
import io.tokenwise.natives.GeneralAssembler.Register;
import io.tokenwise.natives.GeneralAssembler.When;

/**
 * Machine code of {@link TileProducts}. A function takes one argument, the address of its {@link Field}s. A tile is up to four rows of A by up to four
 * vectors of 16 columns: 16 vectors of sums, 8 of weights, 2 of rows and in pairs 2 between them fit the 32 that there are.
 */
final class TileCode {
    /** Rows of a tile at most. */
    private static final int ROWS = 4;

    private static final int VECTOR_BYTES = 64;
    private static final int LANES = 16;
    private static final int QUAD_BYTES = 4;
    static final int ROW_BYTES = 16;

    /** Of each column of a panel before its weights: an int that its sums begin with, and the floats of its step and its weights' sum. */
    static final int COLUMN_BYTES = 12;

    private static final int STEP_BYTES = 2 * QUAD_BYTES;

    /** Lines that a step asks for. */
    private static final int PREFETCHED_LINES = 2;

    /** How far a step goes through the next panel at most. */
    private static final int MOST_PREFETCHED_BYTES = PREFETCHED_LINES * VECTOR_BYTES;

    /** {@code +64} for the first four bytes of a step and {@code -64} for the others. */
    private static final long SHIFTS = 0xc0c0c0c0_40404040L;

    /** What a function reads, 64 bits each. */
    enum Field {
        A,
        A_STRIDE_BYTES,
        PACKED,
        /** Eights of inputs. */
        STEPS,
        C,
        C_STRIDE_BYTES,
        ROWS,
        PANELS,
        PANEL_BYTES,
        /** How far each step goes through the next panel: {@link #prefetchedBytes}. */
        PREFETCHED_BYTES,
        /** {@link #ROW_BYTES} for each row: an int that its sums are less in pairs, and the floats of its step and its least value. */
        ROW_TERMS,
        /** A {@link Target}. */
        TARGET,
        /** Of the panel's first column. */
        BIAS,
        /** Bytes from C to a matrix with its rows. */
        RESIDUAL_DISTANCE,
        /** Whole vectors of a row of A, and the mask of what is left, a bit for four bytes. */
        ROW_VECTORS,
        ROW_REST;

        static final int BYTES = values().length * Long.BYTES;

        int offset() {
            return ordinal() * Long.BYTES;
        }

        private Address at() {
            return Address.of(RDI, offset());
        }
    }

    /** What becomes of sums: they overwrite C, are added to it, or become floats, plus a residual or without. */
    enum Target {
        INTEGERS,
        ADDED_INTEGERS,
        FLOATS,
        FLOATS_PLUS_RESIDUAL
    }

    @FunctionalInterface
    private interface SumAndPlace {
        void accept(int sum, Address place);
    }

    private final Assembler code = new Assembler();
    private final boolean inPairs;

    private TileCode(boolean inPairs) {
        this.inPairs = inPairs;
    }

    /**
     * How far a step goes through the next panel, so that it is there when two thirds of a panel's tiles are done: many rows ask slowly, since lines that
     * come from memory take the places of those that the tiles wait for.
     */
    static long prefetchedBytes(long panelBytes, int steps, int rows) {
        long panelSteps = (long) steps * Math.ceilDiv(rows, ROWS);
        return Math.min(MOST_PREFETCHED_BYTES, Math.ceilDiv(3 * panelBytes, 2 * panelSteps));
    }

    /** The function that writes {@link Field#ROW_TERMS}: of each row {@code sum((q1 + 64) (q2 - 64))}. */
    static byte[] rowTerms() {
        return new TileCode(true).writeRowTerms();
    }

    /** The function that multiplies all rows by panels of so many vectors of columns. */
    static byte[] panels(boolean inPairs, int vectors) {
        return new TileCode(inPairs).writePanels(vectors);
    }

    private byte[] writeRowTerms() {
        code.begin();
        int sum = 0;
        int bytes = 1;
        int swapped = 2;
        int shifts = 3;
        code.moveConstant(RAX, SHIFTS);
        code.broadcastLong(shifts, RAX);
        code.load(RAX, Field.ROW_REST.at());
        code.setMask(RAX);
        code.load(RAX, Field.A.at());
        code.load(RSI, Field.A_STRIDE_BYTES.at());
        code.load(RBX, Field.ROWS.at());
        code.load(R11, Field.ROW_TERMS.at());
        int row = code.here();
        code.move(R13, RAX);
        code.load(RCX, Field.ROW_VECTORS.at());
        code.subtractInts(sum, sum, sum);
        code.compare(RCX, 0);
        int none = code.jumpForward(When.EQUAL);
        int vector = code.here();
        code.loadVector(bytes, Address.of(R13, 0));
        code.addBytes(bytes, bytes, shifts);
        code.shuffleInts(swapped, bytes, 0xb1);
        code.addProducts(sum, bytes, swapped);
        code.add(R13, VECTOR_BYTES);
        code.subtract(RCX, 1);
        code.jump(When.NOT_EQUAL, vector);
        code.target(none);
        code.loadMasked(bytes, Address.of(R13, 0));
        code.addBytes(bytes, bytes, shifts);
        code.shuffleInts(swapped, bytes, 0xb1);
        code.addProductsMasked(sum, bytes, swapped);
        // Only even lanes have an unsigned q1 with its signed q2, and only even lanes reach the first.
        for (int order : new int[] {0x4e, 0xb1}) {
            code.shuffleQuarters(swapped, sum, sum, order);
            code.addInts(sum, sum, swapped);
        }
        code.shuffleInts(swapped, sum, 0x4e);
        code.addInts(sum, sum, swapped);
        code.storeInt(sum, Address.of(R11, 0));
        code.add(R11, ROW_BYTES);
        code.add(RAX, RSI);
        code.subtract(RBX, 1);
        code.jump(When.NOT_EQUAL, row);
        code.end();
        return code.toBytes();
    }

    /** R13 is a tile's first row of A, R8 of C, R11 its row terms, RBX the rows that are left; RDX is the panel, R10 its first column of C. */
    private byte[] writePanels(int vectors) {
        code.begin();
        code.load(RSI, Field.A_STRIDE_BYTES.at());
        code.load(RDX, Field.PACKED.at());
        code.load(R10, Field.C.at());
        code.load(R9, Field.C_STRIDE_BYTES.at());
        int panel = code.here();
        code.load(R15, Field.PANEL_BYTES.at());
        code.add(R15, RDX);
        code.load(R13, Field.A.at());
        code.move(R8, R10);
        code.load(R11, Field.ROW_TERMS.at());
        code.load(RBX, Field.ROWS.at());
        int next = code.here();
        code.compare(RBX, ROWS);
        int fewer = code.jumpForward(When.LESS);
        writeTile(ROWS, vectors);
        code.subtract(RBX, ROWS);
        code.jump(next);
        code.target(fewer);
        int[] ends = new int[ROWS - 1];
        for (int rows = ROWS - 1; rows > 0; rows--) {
            code.compare(RBX, rows);
            int stillFewer = code.jumpForward(When.LESS);
            writeTile(rows, vectors);
            ends[rows - 1] = code.jumpForward();
            code.target(stillFewer);
        }
        for (int end : ends) {
            code.target(end);
        }
        // Behind the panel's steps: where the last tile stopped reading.
        code.move(RDX, R12);
        code.add(R10, vectors * VECTOR_BYTES);
        code.load(RCX, Field.BIAS.at());
        code.add(RCX, vectors * VECTOR_BYTES);
        code.store(RCX, Field.BIAS.at());
        code.load(RCX, Field.PANELS.at());
        code.subtract(RCX, 1);
        code.store(RCX, Field.PANELS.at());
        code.jump(When.NOT_EQUAL, panel);
        code.end();
        return code.toBytes();
    }

    /** Sums of a tile: the columns' terms, all inputs, in pairs less the rows' terms, and what C has if it is added to. */
    private void writeTile(int rows, int vectors) {
        code.move(R12, RDX);
        for (int r = 0; r < rows; r++) {
            for (int v = 0; v < vectors; v++) {
                code.loadVector(r * vectors + v, Address.of(R12, v * VECTOR_BYTES));
            }
        }
        code.add(R12, COLUMN_BYTES * LANES * vectors);
        code.move(RAX, R13);
        code.lea(RBP, new Address(RAX, RSI, 2, 0));
        code.add(RBP, RSI);
        writePrefetchStep();
        code.load(RCX, Field.STEPS.at());
        writeSteps(rows, vectors);
        if (inPairs) {
            subtractRowTerms(rows, vectors);
        }
        code.load(RCX, Field.TARGET.at());
        code.compare(RCX, Target.FLOATS.ordinal());
        int integers = code.jumpForward(When.LESS);
        widen(rows, vectors);
        code.load(RCX, Field.TARGET.at());
        code.compare(RCX, Target.FLOATS.ordinal());
        int alone = code.jumpForward(When.EQUAL);
        code.load(R14, Field.RESIDUAL_DISTANCE.at());
        code.add(R14, R8);
        forEachSum(rows, vectors, R14, (sum, at) -> code.addFloats(sum, sum, at));
        int floats = code.jumpForward();
        code.target(integers);
        code.compare(RCX, Target.INTEGERS.ordinal());
        int overwrites = code.jumpForward(When.EQUAL);
        code.move(R14, R8);
        forEachSum(rows, vectors, R14, (sum, at) -> code.addInts(sum, sum, at));
        code.target(overwrites);
        code.target(alone);
        code.target(floats);
        forEachSum(rows, vectors, R8, code::storeVector);
        for (int r = 0; r < rows; r++) {
            code.add(R13, RSI);
        }
        code.add(R11, rows * ROW_BYTES);
    }

    /** Does something with each vector of sums and its place in a matrix with C's rows; the register then is behind the tile's. */
    private void forEachSum(int rows, int vectors, Register row, SumAndPlace each) {
        for (int r = 0; r < rows; r++) {
            for (int v = 0; v < vectors; v++) {
                each.accept(r * vectors + v, Address.of(row, v * VECTOR_BYTES));
            }
            code.add(row, R9);
        }
    }

    private void subtractRowTerms(int rows, int vectors) {
        int term = rows * vectors;
        for (int r = 0; r < rows; r++) {
            code.broadcastInt(term, Address.of(R11, r * ROW_BYTES));
            for (int v = 0; v < vectors; v++) {
                code.subtractInts(r * vectors + v, r * vectors + v, term);
            }
        }
    }

    /** {@code sum * scale * columnScale + (least * columnSum + bias)}, in the order and with the roundings of our own kernels. */
    private void widen(int rows, int vectors) {
        int scales = rows * vectors;
        int leasts = scales + rows;
        int columnScale = leasts + rows;
        int columnSum = columnScale + 1;
        int offset = columnSum + 1;
        for (int r = 0; r < rows; r++) {
            code.broadcastInt(scales + r, Address.of(R11, r * ROW_BYTES + Integer.BYTES));
            code.broadcastInt(leasts + r, Address.of(R11, r * ROW_BYTES + 2 * Integer.BYTES));
        }
        code.load(RCX, Field.BIAS.at());
        for (int v = 0; v < vectors; v++) {
            code.loadVector(columnScale, Address.of(RDX, (vectors + v) * VECTOR_BYTES));
            code.loadVector(columnSum, Address.of(RDX, (2 * vectors + v) * VECTOR_BYTES));
            for (int r = 0; r < rows; r++) {
                int sum = r * vectors + v;
                code.loadVector(offset, Address.of(RCX, v * VECTOR_BYTES));
                code.addProductOfFloats(offset, columnSum, leasts + r);
                code.toFloats(sum, sum);
                code.multiplyFloats(sum, sum, scales + r);
                code.multiplyAndAddFloats(sum, columnScale, offset);
            }
        }
    }

    /** Lets R14 be how far R15, which runs through the next panel, goes in a step: nowhere once it is through. */
    private void writePrefetchStep() {
        code.load(RCX, Field.PANEL_BYTES.at());
        code.lea(RCX, new Address(RDX, RCX, 2, 0));
        code.moveConstant(R14, 0);
        code.compare(R15, RCX);
        int through = code.jumpForward(When.NOT_LESS);
        code.load(R14, Field.PREFETCHED_BYTES.at());
        code.target(through);
    }

    /** Eight inputs a turn, of each row and column. */
    private void writeSteps(int rows, int vectors) {
        int weights = rows * vectors;
        int first = weights + 2 * vectors;
        int second = first + 1;
        code.alignTo(VECTOR_BYTES);
        int step = code.here();
        for (int v = 0; v < 2 * vectors; v++) {
            code.loadVector(weights + v, Address.of(R12, v * VECTOR_BYTES));
        }
        for (int line = 0; line < PREFETCHED_LINES; line++) {
            code.prefetch(Address.of(R15, line * VECTOR_BYTES));
        }
        code.add(R15, R14);
        for (int r = 0; r < rows; r++) {
            code.broadcastInt(first, row(r, 0));
            code.broadcastInt(second, row(r, QUAD_BYTES));
            if (inPairs) {
                addPairs(r * vectors, vectors, weights, first, second);
            } else {
                addQuads(r * vectors, vectors, weights, first, second);
            }
        }
        code.add(R12, 2 * vectors * VECTOR_BYTES);
        code.add(RAX, STEP_BYTES);
        code.add(RBP, STEP_BYTES);
        code.subtract(RCX, 1);
        code.jump(When.NOT_EQUAL, step);
    }

    /** Of a row and its sums four times {@code (q1 + w2 + 64) (q2 + w1 - 64)}. */
    private void addPairs(int sums, int vectors, int weights, int first, int second) {
        int unsignedSum = second + 1;
        int signedSum = unsignedSum + 1;
        for (int v = 0; v < vectors; v++) {
            code.addBytes(unsignedSum, first, weights + vectors + v);
            code.addBytes(signedSum, second, weights + v);
            code.addProducts(sums + v, unsignedSum, signedSum);
        }
    }

    /** Of a row and its sums four times {@code q1 w1}, then {@code q2 w2}: of all columns, so that no sum waits for itself. */
    private void addQuads(int sums, int vectors, int weights, int first, int second) {
        for (int v = 0; v < vectors; v++) {
            code.addProducts(sums + v, first, weights + v);
        }
        for (int v = 0; v < vectors; v++) {
            code.addProducts(sums + v, second, weights + vectors + v);
        }
    }

    /** RAX, one and two strides behind it, and RBP three. */
    private static Address row(int r, int displacement) {
        return r == 0 || r == 3 ? Address.of(r == 0 ? RAX : RBP, displacement) : new Address(RAX, RSI, r, displacement);
    }
}
