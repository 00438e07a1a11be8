package io.tokenwise.backend;

/**
 * A weight matrix {@code [inputs, outputs]} in the form that its backend multiplies by. Written by {@link Stream#pack}, read by any
 * number of streams of that backend.
 */
public interface PackedMatrix {
    int inputs();

    int outputs();

    /**
     * Says, before its first product, that a row's product by this must have the same bits whether it is one of all rows or one of those that a {@link Routing} chooses, which a backend may do
     * in two ways.
     */
    default void alsoRouted() {}

    /** The same weights as the CPU's own kernels multiply by them, where a library that has this matrix leaves some products to them; otherwise itself. */
    default PackedMatrix plain() {
        return this;
    }

    default String shape() {
        return "[" + inputs() + ", " + outputs() + "]";
    }
}
