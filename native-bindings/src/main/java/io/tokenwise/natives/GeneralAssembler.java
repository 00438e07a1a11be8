package io.tokenwise.natives;

import java.util.Arrays;
import java.util.List;

/**
 * Writes machine code of x86-64: moves and sums of general registers, and jumps. These registers have the numbers of their encoding (Intel's Software
 * Developer's Manual, volume 2, section 2.2).
 */
abstract sealed class GeneralAssembler permits Assembler {
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

    /** What a function gives back as it found it, of the registers above. */
    private static final List<Register> SAVED =
            List.of(Register.RBX, Register.RBP, Register.R12, Register.R13, Register.R14, Register.R15);

    /** Instructions of one byte and more that do nothing (volume 2, NOP). */
    private static final int[][] NOTHING = {
        {0x90},
        {0x66, 0x90},
        {0x0f, 0x1f, 0x00},
        {0x0f, 0x1f, 0x40, 0},
        {0x0f, 0x1f, 0x44, 0, 0},
        {0x66, 0x0f, 0x1f, 0x44, 0, 0},
        {0x0f, 0x1f, 0x80, 0, 0, 0, 0},
        {0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0}
    };

    private byte[] code = new byte[4096];
    private int size;

    /** {@code [base + scale * index + displacement]}. */
    record Address(Register base, Register index, int scale, int displacement) {
        static Address of(Register base, int displacement) {
            return new Address(base, null, 1, displacement);
        }

        int baseCode() {
            return base.ordinal();
        }

        int indexCode() {
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

    /** Begins a function; its argument is in RDI. */
    void begin() {
        SAVED.forEach(this::push);
    }

    /** Ends it, with vectors as callers expect them. */
    void end() {
        SAVED.reversed().forEach(this::pop);
        write(0xc5, 0xf8, 0x77, 0xc3);
    }

    byte[] toBytes() {
        return Arrays.copyOf(code, size);
    }

    /** Where the next instruction goes. */
    int here() {
        return size;
    }

    /** By instructions that do nothing, as few as may be. */
    void alignTo(int bytes) {
        int left = -size & (bytes - 1);
        while (left > 0) {
            int[] nothing = NOTHING[Math.min(left, NOTHING.length) - 1];
            write(nothing);
            left -= nothing.length;
        }
    }

    final void write(int... bytes) {
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

    static int high(int register) {
        return register >> 3 & 1;
    }

    static int modRm(int mod, int reg, int rm) {
        return mod << 6 | (reg & 7) << 3 | rm & 7;
    }

    /** The operand bytes of an address; displacements of one byte count in units of {@code unit} bytes. */
    final void address(int reg, Address at, int unit) {
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

    /** After a comparison. */
    void moveIfGreater(Register to, Register from) {
        write(rexW(to.ordinal(), 0, from.ordinal()), 0x0f, 0x4f, modRm(3, to.ordinal(), from.ordinal()));
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

    private void push(Register register) {
        write(0x40 | high(register.ordinal()), 0x50 | register.ordinal() & 7);
    }

    private void pop(Register register) {
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
}
