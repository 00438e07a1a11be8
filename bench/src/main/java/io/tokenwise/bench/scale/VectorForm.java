package io.tokenwise.bench.scale;

/** In which form a vector is written. */
enum VectorForm {
    /** A float a dimension, as the Spark module gives them. */
    F32(32),
    /** A signed byte a dimension. */
    S8(8),
    /** A bit a dimension. */
    BIT(1);

    private final int bits;

    VectorForm(int bits) {
        this.bits = bits;
    }

    double bytes(int dimensions) {
        return Math.ceil(dimensions * bits / 8.0);
    }
}
