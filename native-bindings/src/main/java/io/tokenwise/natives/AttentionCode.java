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
import static io.tokenwise.natives.GeneralAssembler.Register.RBX;
import static io.tokenwise.natives.GeneralAssembler.Register.RCX;
import static io.tokenwise.natives.GeneralAssembler.Register.RDI;
import static io.tokenwise.natives.GeneralAssembler.Register.RDX;
import static io.tokenwise.natives.GeneralAssembler.Register.RSI;

import io.tokenwise.natives.GeneralAssembler.Address;
import io.tokenwise.natives.GeneralAssembler.When;
import java.util.List;

/**
 * Machine code of {@link TileAttention} for heads of one size, whose keys and values {@link HeadPackingCode} packs. A function takes one argument, the address of its {@link Field}s. Keys are packed in panels
 * of 32: for each two columns the two numbers of every key; values for each two keys the two numbers of every column. Four queries at a time go through
 * all panels that they see: their scores, softmax, and sums of values.
 */
final class AttentionCode {
    /** Queries at once. */
    static final int ROWS = 4;

    /** Keys of a panel. */
    static final int PANEL = 32;

    /** Floats of a vector. */
    static final int LANES = 16;

    static final int VECTOR_BYTES = 64;

    /** Two numbers of bfloat16. */
    static final int PAIR_BYTES = 4;

    /** Vectors of columns whose sums are made at once at most. */
    private static final int MOST_VECTORS = 4;

    /** Of the polynomial for {@code 2^x}. */
    static final int DEGREE = 4;

    /** From a query's scores to the next one's: not a power of two, so that they do not share sets of the cache. */
    static final int SCORE_STRIDE_BYTES = (TileAttention.MOST_TOKENS + LANES) * Float.BYTES;

    static final int WEIGHT_STRIDE_BYTES = SCORE_STRIDE_BYTES / 2;

    /** What a function reads, 64 bits each; of a float the lower half. */
    enum Field {
        /** Rows of floats, of keys, values or queries, and bytes from one to the next. */
        X,
        X_STRIDE_BYTES,
        /** Rows that there are. */
        X_ROWS,
        /** Rows of the head's result. */
        Y,
        Y_STRIDE_BYTES,
        /** Where packed keys or values begin, of all or of those that are seen. */
        KEYS,
        VALUES,
        PANELS,
        /** Of the first key that is seen. */
        KEY_OFFSET_BYTES,
        /** Of four queries each. */
        TILES,
        QUERIES,
        SCORES,
        WEIGHTS,
        /** The order of 16-bit lanes by which two rows become one of pairs. */
        PAIRS,
        /** For each of the four queries, where a float for each key lies that its score is at most: infinity, or nearly the opposite before the first that it sees. */
        SEEN_FROM(ROWS),
        /** The same for keys behind the last that it sees. */
        SEEN_TO(ROWS),
        /** {@code scale / ln 2}. */
        FACTOR,
        /** Less than all scores. */
        LEAST,
        ONE,
        /** What {@code 2^x - 1} has of each power of x. */
        EXP2(DEGREE);

        private static final int[] OFFSETS = new int[values().length];
        static final int BYTES;

        static {
            int bytes = 0;
            for (Field field : values()) {
                OFFSETS[field.ordinal()] = bytes;
                bytes += field.count * Long.BYTES;
            }
            BYTES = bytes;
        }

        private final int count;

        Field() {
            this(1);
        }

        Field(int count) {
            this.count = count;
        }

        int offset(int i) {
            return OFFSETS[ordinal()] + i * Long.BYTES;
        }

        Address at() {
            return at(0);
        }

        Address at(int i) {
            return Address.of(RDI, offset(i));
        }
    }

    private final Assembler code = new Assembler();
    private final int headSize;

    private AttentionCode(int headSize) {
        this.headSize = headSize;
    }

    static byte[] attend(int headSize) {
        return new AttentionCode(headSize).writeAttend();
    }

    /** R8 is the first of four queries, R10 of their rows of the result, RBX the tiles that are left. */
    private byte[] writeAttend() {
        code.begin();
        code.load(R8, Field.X.at());
        code.load(R9, Field.X_STRIDE_BYTES.at());
        code.load(R10, Field.Y.at());
        code.load(R11, Field.Y_STRIDE_BYTES.at());
        code.load(RBX, Field.TILES.at());
        int tile = code.here();
        narrowQueries();
        writeScores();
        writeWeights();
        writeContexts();
        code.subtract(RBX, 1);
        code.jump(When.NOT_EQUAL, tile);
        code.end();
        return code.toBytes();
    }

    private void narrowQueries() {
        code.load(RSI, Field.QUERIES.at());
        for (int r = 0; r < ROWS; r++) {
            for (int c = 0; c < headSize; c += 2 * LANES) {
                code.loadVector(1, Address.of(R8, (c + LANES) * Float.BYTES));
                code.toBfloat16(0, Address.of(R8, c * Float.BYTES), 1);
                code.storeVector(0, Address.of(RSI, queryOffset(r) + c * Short.BYTES));
            }
            code.add(R8, R9);
        }
    }

    private int queryOffset(int row) {
        return row * headSize * Short.BYTES;
    }

    /** Where the largest scores of the queries are, and then what their weights begin with. */
    private static int largest(int row) {
        return 28 + row;
    }

    /** Scores of all panels, and the largest of each query. R12 goes through the keys, R13 is the panel's first key, R14 its scores. */
    private void writeScores() {
        for (int r = 0; r < ROWS; r++) {
            code.broadcastInt(largest(r), Field.LEAST.at());
        }
        code.load(R12, Field.KEYS.at());
        code.load(R13, Field.KEY_OFFSET_BYTES.at());
        code.load(R14, Field.SCORES.at());
        code.load(R15, Field.PANELS.at());
        int panel = code.here();
        int keys = 2 * ROWS;
        int query = keys + 2;
        for (int sum = 0; sum < 2 * ROWS; sum++) {
            code.subtractInts(sum, sum, sum);
        }
        code.move(RAX, RSI);
        code.moveConstant(RCX, headSize / 2);
        code.alignTo(VECTOR_BYTES);
        int step = code.here();
        code.loadVector(keys, Address.of(R12, 0));
        code.loadVector(keys + 1, Address.of(R12, VECTOR_BYTES));
        for (int r = 0; r < ROWS; r++) {
            code.broadcastInt(query, Address.of(RAX, queryOffset(r)));
            code.addProductsOfBfloat16(2 * r, query, keys);
            code.addProductsOfBfloat16(2 * r + 1, query, keys + 1);
        }
        code.add(R12, 2 * VECTOR_BYTES);
        code.add(RAX, PAIR_BYTES);
        code.subtract(RCX, 1);
        code.jump(When.NOT_EQUAL, step);
        for (int r = 0; r < ROWS; r++) {
            for (Field seen : List.of(Field.SEEN_FROM, Field.SEEN_TO)) {
                code.load(RDX, seen.at(r));
                for (int v = 0; v < 2; v++) {
                    var most = new Address(RDX, R13, 1, v * VECTOR_BYTES);
                    code.leastFloats(2 * r + v, 2 * r + v, most);
                }
            }
            for (int v = 0; v < 2; v++) {
                code.storeVector(2 * r + v, Address.of(R14, r * SCORE_STRIDE_BYTES + v * VECTOR_BYTES));
                code.largestFloats(largest(r), largest(r), 2 * r + v);
            }
        }
        code.add(R13, 2 * VECTOR_BYTES);
        code.add(R14, 2 * VECTOR_BYTES);
        code.subtract(R15, 1);
        code.jump(When.NOT_EQUAL, panel);
    }

    /** {@code 2^(factor (score - largest))} of all scores, with a polynomial between -1/2 and 1/2; then largest is 1 by their sum. */
    private void writeWeights() {
        int factor = 20;
        int one = 21;
        int first = 22;
        code.broadcastInt(factor, Field.FACTOR.at());
        code.broadcastInt(one, Field.ONE.at());
        for (int i = 0; i < DEGREE; i++) {
            code.broadcastInt(first + i, Field.EXP2.at(i));
        }
        for (int r = 0; r < ROWS; r++) {
            toAllLanes(largest(r), r, code::largestFloats);
        }
        for (int r = 0; r < ROWS; r++) {
            code.subtractInts(sum(r), sum(r), sum(r));
        }
        code.load(R14, Field.SCORES.at());
        code.load(RDX, Field.WEIGHTS.at());
        code.load(RCX, Field.PANELS.at());
        code.add(RCX, RCX);
        code.alignTo(VECTOR_BYTES);
        int step = code.here();
        for (int r = 0; r < ROWS; r++) {
            int x = 3 * r;
            int whole = x + 1;
            int power = x + 2;
            code.loadVector(x, Address.of(R14, r * SCORE_STRIDE_BYTES));
            code.subtractFloats(x, x, largest(r));
            code.multiplyFloats(x, x, factor);
            code.roundFloats(whole, x);
            code.subtractFloats(x, x, whole);
            code.moveVector(power, first + DEGREE - 1);
            for (int i = DEGREE - 2; i >= 0; i--) {
                code.multiplyAndAddFloats(power, x, first + i);
            }
            code.multiplyAndAddFloats(power, x, one);
            code.scaleFloats(power, power, whole);
            code.addFloats(sum(r), sum(r), power);
            code.toBfloat16(power, power);
            code.storeHalf(power, Address.of(RDX, r * WEIGHT_STRIDE_BYTES));
        }
        code.add(R14, VECTOR_BYTES);
        code.add(RDX, VECTOR_BYTES / 2);
        code.subtract(RCX, 1);
        code.jump(When.NOT_EQUAL, step);
        for (int r = 0; r < ROWS; r++) {
            toAllLanes(sum(r), r, code::addFloats);
            code.divideFloats(largest(r), one, sum(r));
        }
    }

    private static int sum(int row) {
        return 16 + row;
    }

    @FunctionalInterface
    private interface Operation {
        void write(int to, int a, int b);
    }

    /** What an operation makes of all lanes, in each of them. */
    private void toAllLanes(int vector, int scratch, Operation operation) {
        for (int order : new int[] {0x4e, 0xb1}) {
            code.shuffleQuarters(scratch, vector, vector, order);
            operation.write(vector, vector, scratch);
        }
        for (int order : new int[] {0x4e, 0xb1}) {
            code.shuffleInts(scratch, vector, order);
            operation.write(vector, vector, scratch);
        }
    }

    /** Sums of values by weights, up to four vectors of columns at a time. */
    private void writeContexts() {
        int vectors = headSize / LANES;
        int parts = Math.ceilDiv(vectors, MOST_VECTORS);
        int from = 0;
        for (int part = 0; part < parts; part++) {
            int to = vectors * (part + 1) / parts;
            writeContexts(from, to - from);
            from = to;
        }
        for (int r = 0; r < ROWS; r++) {
            code.add(R10, R11);
        }
    }

    private void writeContexts(int from, int vectors) {
        int values = ROWS * vectors;
        int weight = values + vectors;
        for (int sum = 0; sum < ROWS * vectors; sum++) {
            code.subtractInts(sum, sum, sum);
        }
        code.load(R12, Field.VALUES.at());
        code.load(RAX, Field.WEIGHTS.at());
        code.load(RCX, Field.PANELS.at());
        code.moveConstant(R15, 0);
        code.lea(RCX, new Address(R15, RCX, 8, 0));
        code.add(RCX, RCX);
        code.alignTo(VECTOR_BYTES);
        int step = code.here();
        for (int v = 0; v < vectors; v++) {
            code.loadVector(values + v, Address.of(R12, (from + v) * VECTOR_BYTES));
        }
        for (int r = 0; r < ROWS; r++) {
            code.broadcastInt(weight, Address.of(RAX, r * WEIGHT_STRIDE_BYTES));
            for (int v = 0; v < vectors; v++) {
                code.addProductsOfBfloat16(r * vectors + v, weight, values + v);
            }
        }
        code.add(R12, headSize * PAIR_BYTES);
        code.add(RAX, PAIR_BYTES);
        code.subtract(RCX, 1);
        code.jump(When.NOT_EQUAL, step);
        code.move(RDX, R10);
        for (int r = 0; r < ROWS; r++) {
            for (int v = 0; v < vectors; v++) {
                int sum = r * vectors + v;
                code.multiplyFloats(sum, sum, largest(r));
                code.storeVector(sum, Address.of(RDX, (from + v) * VECTOR_BYTES));
            }
            code.add(RDX, R11);
        }
    }
}
