package io.tokenwise.natives;

import java.util.Arrays;

/**
 * Writes machine code of x86-64: the few instructions that {@link TileCode} needs. General registers have the numbers of their encoding, vectors
 * those of their name (Intel's Software Developer's Manual, volume 2, sections 2.2 and 2.7).
 */
final class Assembler {
    /** General registers of 64 bits, in the order of their encoding. RSP is not used. */
    enum Register {
        RAX,
        RCX,
        RDX,
        RBX,
        RSP,
        RBP,
        RSI,
        RDI,
        R8,
        R9,
        R10,
        R11,
        R12,
        R13,
        R14,
        R15
    }

    /** What stands for no index, or for a base that needs the byte of an index. */
    private static final int NO_INDEX = 4;

    private static final int VECTOR_BYTES = 64;

    /** Opcode maps. */
    private static final int MAP_0F = 1;

    private static final int MAP_0F38 = 2;
    private static final int MAP_0F3A = 3;

    /** What stands for no prefix, 66 and F3. */
    private static final int NONE = 0;

    private static final int P66 = 1;

    private static final int PF3 = 2;

    private byte[] code = new byte[4096];
    private int size;

    /** {@code [base + scale * index + displacement]}. */
    record Address(Register base, Register index, int scale, int displacement) {
        static Address of(Register base, int displacement) {
            return new Address(base, null, 1, displacement);
        }

        private int baseCode() {
            return base.ordinal();
        }

        private int indexCode() {
            return index == null ? NO_INDEX : index.ordinal();
        }
    }

    /** When a jump is taken: the low half of its opcode. */
    enum When {
        EQUAL(4),
        NOT_EQUAL(5),
        LESS(0xc),
        NOT_LESS(0xd);

        private final int code;

        When(int code) {
            this.code = code;
        }
    }

    byte[] toBytes() {
        return Arrays.copyOf(code, size);
    }

    /** Where the next instruction goes. */
    int here() {
        return size;
    }

    void alignTo(int bytes) {
        while (size % bytes != 0) {
            write(0x90);
        }
    }

    private void write(int... bytes) {
        for (int b : bytes) {
            if (size == code.length) {
                code = Arrays.copyOf(code, 2 * size);
            }
            code[size++] = (byte) b;
        }
    }

    private void writeInt(int value) {
        write(value, value >> 8, value >> 16, value >> 24);
    }

    private static int high(int register) {
        return register >> 3 & 1;
    }

    private static int modRm(int mod, int reg, int rm) {
        return mod << 6 | (reg & 7) << 3 | rm & 7;
    }

    /** The operand bytes of an address; displacements of one byte count in units of {@code unit} bytes. */
    private void address(int reg, Address at, int unit) {
        boolean small = at.displacement % unit == 0 && Math.abs(at.displacement / unit) < 128;
        int mod = small ? 1 : 2;
        if (at.index == null && (at.baseCode() & 7) != NO_INDEX) {
            write(modRm(mod, reg, at.baseCode()));
        } else {
            int shift = Integer.numberOfTrailingZeros(at.scale);
            write(modRm(mod, reg, NO_INDEX), modRm(shift, at.indexCode(), at.baseCode()));
        }
        if (small) {
            write(at.displacement / unit);
        } else {
            writeInt(at.displacement);
        }
    }

    private static int rexW(int reg, int index, int base) {
        return 0x48 | high(reg) << 2 | high(index) << 1 | high(base);
    }

    void load(Register to, Address from) {
        scalar(0x8b, to, from);
    }

    /** Leaves what a comparison said. */
    void store(Register from, Address to) {
        scalar(0x89, from, to);
    }

    void lea(Register to, Address of) {
        scalar(0x8d, to, of);
    }

    private void scalar(int opcode, Register register, Address at) {
        write(rexW(register.ordinal(), at.indexCode(), at.baseCode()), opcode);
        address(register.ordinal(), at, 1);
    }

    void move(Register to, Register from) {
        write(rexW(from.ordinal(), 0, to.ordinal()), 0x89, modRm(3, from.ordinal(), to.ordinal()));
    }

    void moveConstant(Register to, long value) {
        write(rexW(0, 0, to.ordinal()), 0xb8 | to.ordinal() & 7);
        writeInt((int) value);
        writeInt((int) (value >> 32));
    }

    void add(Register to, Register from) {
        write(rexW(from.ordinal(), 0, to.ordinal()), 0x01, modRm(3, from.ordinal(), to.ordinal()));
    }

    void add(Register to, int value) {
        arithmetic(0, to, value);
    }

    /** Also says whether the result is zero. */
    void subtract(Register from, int value) {
        arithmetic(5, from, value);
    }

    void compare(Register register, int value) {
        arithmetic(7, register, value);
    }

    void compare(Register a, Register b) {
        write(rexW(b.ordinal(), 0, a.ordinal()), 0x39, modRm(3, b.ordinal(), a.ordinal()));
    }

    /** Asks for a line of memory in the second-level cache; an address that is not there is no fault. */
    void prefetch(Address at) {
        write(rexW(0, at.indexCode(), at.baseCode()), 0x0f, 0x18);
        address(2, at, 1);
    }

    private void arithmetic(int operation, Register register, int value) {
        write(rexW(0, 0, register.ordinal()), 0x81, modRm(3, operation, register.ordinal()));
        writeInt(value);
    }

    void push(Register register) {
        write(0x40 | high(register.ordinal()), 0x50 | register.ordinal() & 7);
    }

    void pop(Register register) {
        write(0x40 | high(register.ordinal()), 0x58 | register.ordinal() & 7);
    }

    void jump(When when, int to) {
        write(0x0f, 0x80 | when.code);
        writeInt(to - (size + Integer.BYTES));
    }

    /** A jump to what {@link #target} says later. */
    int jumpForward(When when) {
        jump(when, 0);
        return size;
    }

    int jumpForward() {
        write(0xe9);
        writeInt(0);
        return size;
    }

    void jump(int to) {
        write(0xe9);
        writeInt(to - (size + Integer.BYTES));
    }

    /** Lets an earlier jump come here. */
    void target(int jump) {
        int distance = size - jump;
        for (int i = 0; i < Integer.BYTES; i++) {
            code[jump - Integer.BYTES + i] = (byte) (distance >> 8 * i);
        }
    }

    /** Leaves vectors as callers expect them, and returns. */
    void end() {
        write(0xc5, 0xf8, 0x77, 0xc3);
    }

    /** The first mask's bits, one for each 32-bit lane, from one of the first eight registers. */
    void setMask(Register from) {
        write(0xc5, 0xf8, 0x92, modRm(3, 1, from.ordinal()));
    }

    void loadVector(int to, Address from) {
        evex(PF3, MAP_0F, 0, to, 0, from.indexCode(), from.baseCode(), 0);
        write(0x6f);
        address(to, from, VECTOR_BYTES);
    }

    /** Reads no lane that the mask leaves out, and makes it zero. */
    void loadMasked(int to, Address from) {
        evex(PF3, MAP_0F, 0, to, 0, from.indexCode(), from.baseCode(), 0x81);
        write(0x6f);
        address(to, from, VECTOR_BYTES);
    }

    void storeVector(int from, Address to) {
        evex(PF3, MAP_0F, 0, from, 0, to.indexCode(), to.baseCode(), 0);
        write(0x7f);
        address(from, to, VECTOR_BYTES);
    }

    /** The first 32 bits. */
    void storeInt(int from, Address to) {
        evexOf(0, P66, MAP_0F, 0, from, 0, to.indexCode(), to.baseCode(), 0);
        write(0x7e);
        address(from, to, Integer.BYTES);
    }

    /** 32 bits of memory to all lanes. */
    void broadcastInt(int to, Address from) {
        evex(P66, MAP_0F38, 0, to, 0, from.indexCode(), from.baseCode(), 0);
        write(0x58);
        address(to, from, Integer.BYTES);
    }

    /** A general register to all lanes of 64 bits. */
    void broadcastLong(int to, Register from) {
        evex(P66, MAP_0F38, 1, to, 0, 0, from.ordinal(), 0);
        write(0x7c, modRm(3, to, from.ordinal()));
    }

    void addBytes(int to, int a, int b) {
        vectors(P66, MAP_0F, 0xfc, to, a, b, 0);
    }

    void addInts(int to, int a, int b) {
        vectors(P66, MAP_0F, 0xfe, to, a, b, 0);
    }

    void addInts(int to, int a, Address b) {
        evex(P66, MAP_0F, 0, to, a, b.indexCode(), b.baseCode(), 0);
        write(0xfe);
        address(to, b, VECTOR_BYTES);
    }

    void subtractInts(int to, int a, int b) {
        vectors(P66, MAP_0F, 0xfa, to, a, b, 0);
    }

    void toFloats(int to, int ints) {
        vectors(NONE, MAP_0F, 0x5b, to, 0, ints, 0);
    }

    void multiplyFloats(int to, int a, int b) {
        vectors(NONE, MAP_0F, 0x59, to, a, b, 0);
    }

    void addFloats(int to, int a, Address b) {
        evex(NONE, MAP_0F, 0, to, a, b.indexCode(), b.baseCode(), 0);
        write(0x58);
        address(to, b, VECTOR_BYTES);
    }

    /** {@code to += a * b}, rounded once. */
    void addProductOfFloats(int to, int a, int b) {
        vectors(P66, MAP_0F38, 0xb8, to, a, b, 0);
    }

    /** {@code to = to * a + b}, rounded once. */
    void multiplyAndAddFloats(int to, int a, int b) {
        vectors(P66, MAP_0F38, 0xa8, to, a, b, 0);
    }

    /** To each 32-bit lane the four products of its unsigned bytes with its signed ones. */
    void addProducts(int to, int unsignedBytes, int signedBytes) {
        vectors(P66, MAP_0F38, 0x50, to, unsignedBytes, signedBytes, 0);
    }

    /** {@link #addProducts} to the lanes of the mask. */
    void addProductsMasked(int to, int unsignedBytes, int signedBytes) {
        vectors(P66, MAP_0F38, 0x50, to, unsignedBytes, signedBytes, 1);
    }

    /** 32-bit lanes within each four, by two bits of {@code order} each. */
    void shuffleInts(int to, int from, int order) {
        vectors(P66, MAP_0F, 0x70, to, 0, from, 0);
        write(order);
    }

    /** Quarters of the vector, by two bits of {@code order} each. */
    void shuffleQuarters(int to, int from, int order) {
        evex(P66, MAP_0F3A, 1, to, from, from >> 4 << 3, from, 0);
        write(0x43, modRm(3, to, from), order);
    }

    private void vectors(int prefix, int map, int opcode, int to, int a, int b, int mask) {
        evex(prefix, map, 0, to, a, b >> 4 << 3, b, mask);
        write(opcode, modRm(3, to, b));
    }

    private void evex(int prefix, int map, int wide, int reg, int second, int index, int base, int maskBits) {
        evexOf(2, prefix, map, wide, reg, second, index, base, maskBits);
    }

    /**
     * The prefix of an instruction on vectors.
     *
     * @param length 2 of 512 bits, 0 of 128
     * @param index its bit 3 extends the index, or of a vector in base's place the fifth bit
     * @param maskBits the mask's number, and 0x80 to make lanes zero that it leaves out
     */
    private void evexOf(
            int length, int prefix, int map, int wide, int reg, int second, int index, int base, int maskBits) {
        int first = (high(reg) ^ 1) << 7 | (high(index) ^ 1) << 6 | (high(base) ^ 1) << 5 | (reg >> 4 ^ 1) << 4 | map;
        int next = wide << 7 | (~second & 0xf) << 3 | 1 << 2 | prefix;
        int last = maskBits | length << 5 | (second >> 4 ^ 1) << 3;
        write(0x62, first, next, last);
    }
}
