package io.tokenwise.natives;

import static io.tokenwise.natives.AttentionCode.LANES;
import static io.tokenwise.natives.AttentionCode.PAIR_BYTES;
import static io.tokenwise.natives.AttentionCode.PANEL;
import static io.tokenwise.natives.AttentionCode.VECTOR_BYTES;
import static io.tokenwise.natives.GeneralAssembler.Register.R12;
import static io.tokenwise.natives.GeneralAssembler.Register.R14;
import static io.tokenwise.natives.GeneralAssembler.Register.R15;
import static io.tokenwise.natives.GeneralAssembler.Register.RAX;
import static io.tokenwise.natives.GeneralAssembler.Register.RBX;
import static io.tokenwise.natives.GeneralAssembler.Register.RCX;
import static io.tokenwise.natives.GeneralAssembler.Register.RDX;
import static io.tokenwise.natives.GeneralAssembler.Register.RSI;

import io.tokenwise.natives.AttentionCode.Field;
import io.tokenwise.natives.GeneralAssembler.Address;
import io.tokenwise.natives.GeneralAssembler.Register;
import io.tokenwise.natives.GeneralAssembler.When;

/** Machine code that packs keys and values as {@link AttentionCode} reads them. Behind the last row come copies of it, up to the end of a panel. */
final class HeadPackingCode {
    private final Assembler code = new Assembler();
    private final int headSize;

    private HeadPackingCode(int headSize) {
        this.headSize = headSize;
    }

    static byte[] keys(int headSize) {
        return new HeadPackingCode(headSize).writeKeys();
    }

    static byte[] values(int headSize) {
        return new HeadPackingCode(headSize).writeValues();
    }

    /** Sixteen keys a turn, 32 columns at a time. RDX is the first of these keys, RBX the rows from it to the last, R12 the panel. */
    private byte[] writeKeys() {
        code.begin();
        code.load(RSI, Field.X_STRIDE_BYTES.at());
        code.load(RDX, Field.X.at());
        code.load(RBX, Field.X_ROWS.at());
        code.load(R12, Field.KEYS.at());
        code.load(R15, Field.PANELS.at());
        int panel = code.here();
        for (int half = 0; half < PANEL / LANES; half++) {
            for (int c = 0; c < headSize; c += 2 * LANES) {
                loadSixteen(c);
                transpose();
                for (int pair = 0; pair < LANES; pair++) {
                    int row = c / 2 + pair;
                    code.storeVector(pair, Address.of(R12, row * PANEL * PAIR_BYTES + half * VECTOR_BYTES));
                }
            }
            // The next sixteen begin behind the last row that was read.
            code.move(RDX, RAX);
            code.move(RBX, RCX);
            nextRow(RDX, RBX);
        }
        code.add(R12, PANEL * headSize * Short.BYTES);
        code.subtract(R15, 1);
        code.jump(When.NOT_EQUAL, panel);
        code.end();
        return code.toBytes();
    }

    /** Two vectors of columns of 16 rows to vectors 0 to 15, and RAX and RCX to the last of them; behind the last row of all comes that row again. */
    private void loadSixteen(int column) {
        code.move(RAX, RDX);
        code.move(RCX, RBX);
        for (int r = 0; r < LANES; r++) {
            if (r > 0) {
                nextRow(RAX, RCX);
            }
            code.loadVector(LANES, Address.of(RAX, (column + LANES) * Float.BYTES));
            code.toBfloat16(r, Address.of(RAX, column * Float.BYTES), LANES);
        }
    }

    /** The next row, if there is one. */
    private void nextRow(Register row, Register left) {
        code.lea(R14, new Address(row, RSI, 1, 0));
        code.compare(left, 1);
        code.moveIfGreater(row, R14);
        code.subtract(left, 1);
    }

    /** Vectors 0 to 15 as rows of 32-bit lanes: by pairs of lanes, of pairs of these, and of quarters twice. */
    private void transpose() {
        for (int i = 0; i < LANES; i += 2) {
            code.interleaveInts(false, LANES + i, i, i + 1);
            code.interleaveInts(true, LANES + i + 1, i, i + 1);
        }
        for (int i = 0; i < LANES; i += 4) {
            for (int k = 0; k < 2; k++) {
                code.interleaveLongs(false, i + 2 * k, LANES + i + k, LANES + i + k + 2);
                code.interleaveLongs(true, i + 2 * k + 1, LANES + i + k, LANES + i + k + 2);
            }
        }
        // Lane 4 q + k of rows 4 i to 4 i + 3 is quarter q of vector 4 i + k.
        for (int k = 0; k < 4; k++) {
            for (int i = 0; i < LANES; i += 8) {
                code.shuffleQuarters(LANES + i + k, i + k, i + 4 + k, 0x88);
                code.shuffleQuarters(LANES + i + 4 + k, i + k, i + 4 + k, 0xdd);
            }
        }
        for (int k = 0; k < 4; k++) {
            code.shuffleQuarters(k, LANES + k, LANES + 8 + k, 0x88);
            code.shuffleQuarters(8 + k, LANES + k, LANES + 8 + k, 0xdd);
            code.shuffleQuarters(4 + k, LANES + 4 + k, LANES + 12 + k, 0x88);
            code.shuffleQuarters(12 + k, LANES + 4 + k, LANES + 12 + k, 0xdd);
        }
    }

    /** Two rows a turn, RDX and RAX; R12 is where they go. */
    private byte[] writeValues() {
        code.begin();
        int order = 2;
        code.load(RAX, Field.PAIRS.at());
        code.loadVector(order, Address.of(RAX, 0));
        code.load(RSI, Field.X_STRIDE_BYTES.at());
        code.load(RDX, Field.X.at());
        code.load(RBX, Field.X_ROWS.at());
        code.load(R12, Field.VALUES.at());
        code.load(R15, Field.PANELS.at());
        int panel = code.here();
        code.moveConstant(RCX, PANEL / 2);
        int pair = code.here();
        code.move(RAX, RDX);
        nextRow(RAX, RBX);
        for (int c = 0; c < headSize; c += LANES) {
            code.loadVector(0, Address.of(RAX, c * Float.BYTES));
            code.toBfloat16(0, Address.of(RDX, c * Float.BYTES), 0);
            code.permuteShorts(1, order, 0);
            code.storeVector(1, Address.of(R12, c * PAIR_BYTES));
        }
        code.move(RDX, RAX);
        nextRow(RDX, RBX);
        code.add(R12, headSize * PAIR_BYTES);
        code.subtract(RCX, 1);
        code.jump(When.NOT_EQUAL, pair);
        code.subtract(R15, 1);
        code.jump(When.NOT_EQUAL, panel);
        code.end();
        return code.toBytes();
    }
}
