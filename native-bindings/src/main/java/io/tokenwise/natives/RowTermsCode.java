package io.tokenwise.natives;

import static io.tokenwise.natives.GeneralAssembler.Register.R11;
import static io.tokenwise.natives.GeneralAssembler.Register.R13;
import static io.tokenwise.natives.GeneralAssembler.Register.RAX;
import static io.tokenwise.natives.GeneralAssembler.Register.RBX;
import static io.tokenwise.natives.GeneralAssembler.Register.RCX;
import static io.tokenwise.natives.GeneralAssembler.Register.RSI;

import io.tokenwise.natives.GeneralAssembler.Address;
import io.tokenwise.natives.GeneralAssembler.When;

/** Machine code that writes {@link TileField#ROW_TERMS}: of each row {@code sum((q1 + 64) (q2 - 64))}. */
final class RowTermsCode {
    private static final int VECTOR_BYTES = 64;

    /** {@code +64} for the first four bytes of a step and {@code -64} for the others. */
    private static final long SHIFTS = 0xc0c0c0c0_40404040L;

    private RowTermsCode() {}

    /** The function; its argument is the address of the {@link TileField}s. */
    static byte[] write() {
        var code = new Assembler();
        code.begin();
        int sum = 0;
        int bytes = 1;
        int swapped = 2;
        int shifts = 3;
        code.moveConstant(RAX, SHIFTS);
        code.broadcastLong(shifts, RAX);
        code.load(RAX, TileField.ROW_REST.at());
        code.setMask(RAX);
        code.load(RAX, TileField.A.at());
        code.load(RSI, TileField.A_STRIDE_BYTES.at());
        code.load(RBX, TileField.ROWS.at());
        code.load(R11, TileField.ROW_TERMS.at());
        int row = code.here();
        code.move(R13, RAX);
        code.load(RCX, TileField.ROW_VECTORS.at());
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
        code.add(R11, TileCode.ROW_BYTES);
        code.add(RAX, RSI);
        code.subtract(RBX, 1);
        code.jump(When.NOT_EQUAL, row);
        code.end();
        return code.toBytes();
    }
}
