package io.tokenwise.backend;

import io.tokenwise.tensor.Tensor;

/**
 * A weight matrix {@code [inputs, outputs]} in the form that its backend multiplies by. Written by {@link Stream#pack}, read by any
 * number of streams.
 *
 * @param memory the packed values, in the backend's own order
 */
public record PackedMatrix(int inputs, int outputs, Tensor memory) {
    public String shape() {
        return "[" + inputs + ", " + outputs + "]";
    }
}
