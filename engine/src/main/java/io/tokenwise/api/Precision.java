package io.tokenwise.api;

import java.util.Locale;

/** The type in which a backend multiplies matrices. All else is float32, sums of products too. */
public enum Precision {
    /** float32: 24 significant bits. */
    F32(4),
    /** bfloat16: float32 with 8 instead of 24 significant bits. */
    BF16(2),
    /**
     * Signed bytes with a scale for each output of a weight, of which CPUs without VNNI use 7 bits, unsigned bytes with scale and offset for each row
     * of activations.
     */
    S8(1),
    /**
     * The same with 7 bits of each, for which AMD's CPUs with AVX-512 VNNI take half the multiplications: less exact than {@link #S8}, and faster there. Never
     * chosen unasked. On the CPU only.
     */
    S7(1);

    private final int bytes;

    Precision(int bytes) {
        this.bytes = bytes;
    }

    /** {@return the bytes of a packed weight} */
    public int bytes() {
        return bytes;
    }

    /** {@return whether products are of bytes, which steps give a meaning, and not of floats} */
    public boolean isOfBytes() {
        return this == S8 || this == S7;
    }

    /** {@return the name as the command line and JSON write it, such as {@code bf16}} */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
