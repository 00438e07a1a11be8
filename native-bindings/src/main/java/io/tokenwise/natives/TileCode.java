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
import static io.tokenwise.natives.GeneralAssembler.Register.RDX;
import static io.tokenwise.natives.GeneralAssembler.Register.RSI;

import io.tokenwise.natives.GeneralAssembler.Address;
import io.tokenwise.natives.GeneralAssembler.Register;
import io.tokenwise.natives.GeneralAssembler.When;

/**
 * Machine code of {@link TileProducts}. A function takes one argument, the address of its {@link TileField}s. A tile is up to four rows of A by up to four
 * vectors of 16 columns: 16 vectors of sums, 8 of weights, 2 of rows and in pairs 2 between them fit the 32 that there are. Of units with gates it is two
 * vectors of units, half a panel, and the same half of the panel with their gates.
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

    @FunctionalInterface
    private interface SumAndPlace {
        void accept(int sum, Address place);
    }

    private final Assembler code = new Assembler();
    private final boolean inPairs;

    /** Vectors of a tile's columns, and of those in C: with gates half of them. */
    private final int vectors;

    private final int ownVectors;

    /** With gates the first vector of the half panel in question. */
    private int half;

    private TileCode(boolean inPairs, int vectors, int ownVectors) {
        this.inPairs = inPairs;
        this.vectors = vectors;
        this.ownVectors = ownVectors;
    }

    /**
     * How far a step goes through the next panel, so that it is there when two thirds of a panel's tiles are done: many rows ask slowly, since lines that
     * come from memory take the places of those that the tiles wait for.
     */
    static long prefetchedBytes(long panelBytes, int steps, int rows) {
        long panelSteps = (long) steps * Math.ceilDiv(rows, ROWS);
        return Math.min(MOST_PREFETCHED_BYTES, Math.ceilDiv(3 * panelBytes, 2 * panelSteps));
    }

    /** The function that multiplies all rows by panels of so many vectors of columns. */
    static byte[] panels(boolean inPairs, int vectors) {
        return new TileCode(inPairs, vectors, vectors).writePanels();
    }

    /** The function that multiplies all rows by whole panels of units and of their gates, and writes {@code unit * activation(gate)}. */
    static byte[] gatedPanels(boolean inPairs) {
        return new TileCode(inPairs, TileLayout.PANEL_VECTORS, TileLayout.PANEL_VECTORS / 2).writePanels();
    }

    /** RDX is the panel; with gates R10 is how far theirs is. */
    private byte[] writePanels() {
        code.begin();
        code.load(RSI, TileField.A_STRIDE_BYTES.at());
        code.load(RDX, TileField.PACKED.at());
        code.load(R9, TileField.C_STRIDE_BYTES.at());
        code.load(R10, TileField.GATES_DISTANCE.at());
        int panel = code.here();
        for (half = 0; half < vectors; half += ownVectors) {
            writeRows();
            advance(TileField.C);
            advance(TileField.BIAS);
        }
        // Behind the panel's steps: where the last tile stopped reading.
        code.move(RDX, R12);
        code.load(RCX, TileField.PANELS.at());
        code.subtract(RCX, 1);
        code.store(RCX, TileField.PANELS.at());
        code.jump(When.NOT_EQUAL, panel);
        code.end();
        return code.toBytes();
    }

    /** By the columns of C that are done. */
    private void advance(TileField field) {
        code.load(RCX, field.at());
        code.add(RCX, ownVectors * VECTOR_BYTES);
        code.store(RCX, field.at());
    }

    /** A panel, or half of one, of all rows. R13 is a tile's first row of A, R8 of C, R11 its row terms, RBX the rows that are left. */
    private void writeRows() {
        code.load(R15, TileField.PANEL_BYTES.at());
        code.add(R15, RDX);
        addGates(R15);
        code.load(R13, TileField.A.at());
        code.load(R8, TileField.C.at());
        code.load(R11, TileField.ROW_TERMS.at());
        code.load(RBX, TileField.ROWS.at());
        int next = code.here();
        code.compare(RBX, ROWS);
        int fewer = code.jumpForward(When.LESS);
        writeTile(ROWS);
        code.subtract(RBX, ROWS);
        code.jump(next);
        code.target(fewer);
        int[] ends = new int[ROWS - 1];
        for (int rows = ROWS - 1; rows > 0; rows--) {
            code.compare(RBX, rows);
            int stillFewer = code.jumpForward(When.LESS);
            writeTile(rows);
            ends[rows - 1] = code.jumpForward();
            code.target(stillFewer);
        }
        for (int end : ends) {
            code.target(end);
        }
    }

    /** What a panel's second half asks for are the gates of the next. */
    private void addGates(Register panel) {
        if (half > 0) {
            code.add(panel, R10);
        }
    }

    /** Sums of a tile: the columns' terms, all inputs, in pairs less the rows' terms, and what {@link TileTarget} says. */
    private void writeTile(int rows) {
        code.move(R12, RDX);
        for (int r = 0; r < rows; r++) {
            for (int v = 0; v < vectors; v++) {
                code.loadVector(r * vectors + v, line(R12, 0, v));
            }
        }
        code.add(R12, COLUMN_BYTES * LANES * vectors);
        code.move(RAX, R13);
        code.lea(RBP, new Address(RAX, RSI, 2, 0));
        code.add(RBP, RSI);
        writePrefetchStep();
        code.load(RCX, TileField.STEPS.at());
        writeSteps(rows);
        if (inPairs) {
            subtractRowTerms(rows);
        }
        if (vectors == ownVectors) {
            writeSums(rows);
        } else {
            widen(rows);
            gate(rows);
        }
        for (int r = 0; r < rows; r++) {
            code.add(R13, RSI);
        }
        code.add(R11, rows * ROW_BYTES);
    }

    /** Where vector v of the tile's columns is in a group of a panel's lines, one for each vector of columns, that has so many groups before it. */
    private Address line(Register panel, int before, int v) {
        if (v < ownVectors) {
            return Address.of(panel, (before * vectors + half + v) * VECTOR_BYTES);
        }
        return new Address(panel, R10, 1, (before * vectors + half + v - ownVectors) * VECTOR_BYTES);
    }

    private void writeSums(int rows) {
        code.load(RCX, TileField.TARGET.at());
        code.compare(RCX, TileTarget.FLOATS.ordinal());
        int integers = code.jumpForward(When.LESS);
        widen(rows);
        code.load(RCX, TileField.TARGET.at());
        code.compare(RCX, TileTarget.FLOATS.ordinal());
        int alone = code.jumpForward(When.EQUAL);
        code.compare(RCX, TileTarget.ACTIVATIONS.ordinal());
        int activates = code.jumpForward(When.EQUAL);
        code.load(R14, TileField.RESIDUAL_DISTANCE.at());
        code.add(R14, R8);
        forEachSum(rows, R14, (sum, at) -> code.addFloats(sum, sum, at));
        int plus = code.jumpForward();
        code.target(activates);
        ActivationCode activation = activation(rows);
        for (int sum = 0; sum < rows * vectors; sum++) {
            activation.apply(sum);
        }
        int activated = code.jumpForward();
        code.target(integers);
        code.compare(RCX, TileTarget.INTEGERS.ordinal());
        int overwrites = code.jumpForward(When.EQUAL);
        code.move(R14, R8);
        forEachSum(rows, R14, (sum, at) -> code.addInts(sum, sum, at));
        for (int done : new int[] {alone, plus, activated, overwrites}) {
            code.target(done);
        }
        forEachSum(rows, R8, code::storeVector);
    }

    /** Stores units, each times the activation of its gate. */
    private void gate(int rows) {
        ActivationCode activation = activation(rows);
        forEachSum(rows, R8, (unit, at) -> {
            int gate = unit + ownVectors;
            activation.apply(gate);
            code.multiplyFloats(unit, unit, gate);
            code.storeVector(unit, at);
        });
    }

    private ActivationCode activation(int rows) {
        var activation = new ActivationCode(code, rows * vectors);
        code.load(R14, TileField.TABLE.at());
        activation.load(R14, RCX);
        return activation;
    }

    /** Does something with each vector of sums and its place in a matrix with C's rows; the register then is behind the tile's. */
    private void forEachSum(int rows, Register row, SumAndPlace each) {
        for (int r = 0; r < rows; r++) {
            for (int v = 0; v < ownVectors; v++) {
                each.accept(r * vectors + v, Address.of(row, v * VECTOR_BYTES));
            }
            code.add(row, R9);
        }
    }

    private void subtractRowTerms(int rows) {
        int term = rows * vectors;
        for (int r = 0; r < rows; r++) {
            code.broadcastInt(term, Address.of(R11, r * ROW_BYTES));
            for (int v = 0; v < vectors; v++) {
                code.subtractInts(r * vectors + v, r * vectors + v, term);
            }
        }
    }

    /** {@code sum * scale * columnScale + (least * columnSum + bias)}, in the order and with the roundings of our own kernels. */
    private void widen(int rows) {
        int scales = rows * vectors;
        int leasts = scales + rows;
        int columnScale = leasts + rows;
        int columnSum = columnScale + 1;
        int offset = columnSum + 1;
        for (int r = 0; r < rows; r++) {
            code.broadcastInt(scales + r, Address.of(R11, r * ROW_BYTES + Integer.BYTES));
            code.broadcastInt(leasts + r, Address.of(R11, r * ROW_BYTES + 2 * Integer.BYTES));
        }
        code.load(RCX, TileField.BIAS.at());
        code.load(R14, TileField.GATES_BIAS_DISTANCE.at());
        for (int v = 0; v < vectors; v++) {
            Address bias = v < ownVectors
                    ? Address.of(RCX, v * VECTOR_BYTES)
                    : new Address(RCX, R14, 1, (v - ownVectors) * VECTOR_BYTES);
            code.loadVector(columnScale, line(RDX, 1, v));
            code.loadVector(columnSum, line(RDX, 2, v));
            for (int r = 0; r < rows; r++) {
                int sum = r * vectors + v;
                code.loadVector(offset, bias);
                code.addProductOfFloats(offset, columnSum, leasts + r);
                code.toFloats(sum, sum);
                code.multiplyFloats(sum, sum, scales + r);
                code.multiplyAndAddFloats(sum, columnScale, offset);
            }
        }
    }

    /** Lets R14 be how far R15, which runs through the next panel, goes in a step: nowhere once it is through. */
    private void writePrefetchStep() {
        code.load(RCX, TileField.PANEL_BYTES.at());
        code.lea(RCX, new Address(RDX, RCX, 2, 0));
        addGates(RCX);
        code.moveConstant(R14, 0);
        code.compare(R15, RCX);
        int through = code.jumpForward(When.NOT_LESS);
        code.load(R14, TileField.PREFETCHED_BYTES.at());
        code.target(through);
    }

    /** Eight inputs a turn, of each row and column. */
    private void writeSteps(int rows) {
        int weights = rows * vectors;
        int first = weights + 2 * vectors;
        int second = first + 1;
        code.alignTo(VECTOR_BYTES);
        int step = code.here();
        for (int v = 0; v < vectors; v++) {
            code.loadVector(weights + v, line(R12, 0, v));
            code.loadVector(weights + vectors + v, line(R12, 1, v));
        }
        for (int line = 0; line < PREFETCHED_LINES; line++) {
            code.prefetch(Address.of(R15, line * VECTOR_BYTES));
        }
        code.add(R15, R14);
        for (int r = 0; r < rows; r++) {
            code.broadcastInt(first, row(r, 0));
            code.broadcastInt(second, row(r, QUAD_BYTES));
            if (inPairs) {
                addPairs(r * vectors, weights, first, second);
            } else {
                addQuads(r * vectors, weights, first, second);
            }
        }
        code.add(R12, 2 * vectors * VECTOR_BYTES);
        code.add(RAX, STEP_BYTES);
        code.add(RBP, STEP_BYTES);
        code.subtract(RCX, 1);
        code.jump(When.NOT_EQUAL, step);
    }

    /** Of a row and its sums four times {@code (q1 + w2 + 64) (q2 + w1 - 64)}. */
    private void addPairs(int sums, int weights, int first, int second) {
        int unsignedSum = second + 1;
        int signedSum = unsignedSum + 1;
        for (int v = 0; v < vectors; v++) {
            code.addBytes(unsignedSum, first, weights + vectors + v);
            code.addBytes(signedSum, second, weights + v);
            code.addProducts(sums + v, unsignedSum, signedSum);
        }
    }

    /** Of a row and its sums four times {@code q1 w1}, then {@code q2 w2}: of all columns, so that no sum waits for itself. */
    private void addQuads(int sums, int weights, int first, int second) {
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
