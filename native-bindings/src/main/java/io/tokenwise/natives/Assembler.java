package io.tokenwise.natives;

/**
 * Writes machine code of x86-64: the few instructions on vectors that {@link TileCode} and {@link AttentionCode} need. Vectors are of 512 bits and have the numbers of their name (Intel's
 * Software Developer's Manual, volume 2, section 2.7).
 */
final class Assembler extends GeneralAssembler {
    private static final int VECTOR_BYTES = 64;

    /** Opcode maps. */
    private static final int MAP_0F = 1;

    private static final int MAP_0F38 = 2;
    private static final int MAP_0F3A = 3;

    /** What stands for no prefix, 66, F3 and F2. */
    private static final int NONE = 0;

    private static final int P66 = 1;

    private static final int PF3 = 2;

    private static final int PF2 = 3;

    /** The first mask's bits, one for each 32-bit lane, from one of the first eight registers. */
    void setMask(Register from) {
        write(0xc5, 0xf8, 0x92, modRm(3, 1, from.ordinal()));
    }

    void loadVector(int to, Address from) {
        evex(PF3, MAP_0F, 0, to, 0, from.indexCode(), from.baseCode(), 0);
        write(0x6f);
        address(to, from, VECTOR_BYTES);
    }

    void moveVector(int to, int from) {
        vectors(PF3, MAP_0F, 0x6f, to, 0, from, 0);
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

    void storeHalf(int from, Address to) {
        evexOf(1, PF3, MAP_0F, 0, from, 0, to.indexCode(), to.baseCode(), 0);
        write(0x7f);
        address(from, to, VECTOR_BYTES / 2);
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
        vectors(P66, MAP_0F, 0xfe, to, a, b);
    }

    void andInts(int to, int a, int b) {
        vectors(P66, MAP_0F, 0xdb, to, a, b, 0);
    }

    /** The smaller of two ints with a sign. */
    void leastInts(int to, int a, int b) {
        vectors(P66, MAP_0F38, 0x39, to, a, b, 0);
    }

    /** Each lane by as many bits as the other vector's lane says, and zeros come in. */
    void shiftIntsRight(int to, int a, int counts) {
        vectors(P66, MAP_0F38, 0x45, to, a, counts, 0);
    }

    /** Lanes of a, then of b, by the five lowest bits of each lane of {@code indices}, which the result overwrites. */
    void selectFloats(int indices, int a, int b) {
        vectors(P66, MAP_0F38, 0x77, indices, a, b, 0);
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
        vectors(NONE, MAP_0F, 0x58, to, a, b);
    }

    void addFloats(int to, int a, int b) {
        vectors(NONE, MAP_0F, 0x58, to, a, b, 0);
    }

    void subtractFloats(int to, int a, int b) {
        vectors(NONE, MAP_0F, 0x5c, to, a, b, 0);
    }

    void divideFloats(int to, int a, int b) {
        vectors(NONE, MAP_0F, 0x5e, to, a, b, 0);
    }

    /** The smaller of two floats, or b's where one is not a number. */
    void leastFloats(int to, int a, Address b) {
        vectors(NONE, MAP_0F, 0x5d, to, a, b);
    }

    void largestFloats(int to, int a, int b) {
        vectors(NONE, MAP_0F, 0x5f, to, a, b, 0);
    }

    /** To the nearest whole number, of two the even one. */
    void roundFloats(int to, int from) {
        vectors(P66, MAP_0F3A, 0x08, to, 0, from, 0);
        write(0x08);
    }

    /** {@code a * 2^b} of whole b. */
    void scaleFloats(int to, int a, int b) {
        vectors(P66, MAP_0F38, 0x2c, to, a, b, 0);
    }

    /** 16 floats to the first half of a vector. */
    void toBfloat16(int to, int from) {
        vectors(PF3, MAP_0F38, 0x72, to, 0, from, 0);
    }

    /** 32 floats, of which the first are in memory. */
    void toBfloat16(int to, Address first, int second) {
        vectors(PF2, MAP_0F38, 0x72, to, second, first);
    }

    /** To each 32-bit lane the two products of its numbers of bfloat16. */
    void addProductsOfBfloat16(int to, int a, int b) {
        vectors(PF3, MAP_0F38, 0x52, to, a, b, 0);
    }

    /** Of each quarter the 32-bit lanes 0 of a and b, then 1 of both; or 2 and 3. */
    void interleaveInts(boolean upper, int to, int a, int b) {
        vectors(P66, MAP_0F, upper ? 0x6a : 0x62, to, a, b, 0);
    }

    /** Of each quarter the 64-bit lanes 0 of a and b, or 1. */
    void interleaveLongs(boolean upper, int to, int a, int b) {
        evex(P66, MAP_0F, 1, to, a, b >> 4 << 3, b, 0);
        write(upper ? 0x6d : 0x6c, modRm(3, to, b));
    }

    /** 16-bit lanes in the order of the indices. */
    void permuteShorts(int to, int indices, int from) {
        evex(P66, MAP_0F38, 1, to, indices, from >> 4 << 3, from, 0);
        write(0x8d, modRm(3, to, from));
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

    /** Two quarters of a, then two of b, by two bits of {@code order} each. */
    void shuffleQuarters(int to, int a, int b, int order) {
        evex(P66, MAP_0F3A, 1, to, a, b >> 4 << 3, b, 0);
        write(0x43, modRm(3, to, b), order);
    }

    private void vectors(int prefix, int map, int opcode, int to, int a, Address b) {
        evex(prefix, map, 0, to, a, b.indexCode(), b.baseCode(), 0);
        write(opcode);
        address(to, b, VECTOR_BYTES);
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
     * @param length 2 of 512 bits, 1 of 256, 0 of 128
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
