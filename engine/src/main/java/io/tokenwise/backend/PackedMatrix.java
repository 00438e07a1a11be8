package io.tokenwise.backend;

/**
 * A weight matrix {@code [inputs, outputs]} in the form that its backend multiplies by. Written by {@link Stream#pack}, read by any
 * number of streams of that backend.
 */
public interface PackedMatrix {
    int inputs();

    int outputs();

    default String shape() {
        return "[" + inputs() + ", " + outputs() + "]";
    }
}
