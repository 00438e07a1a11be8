package io.tokenwise.kernels;

/**
 * What lies between the two products of an MLP: an activation of each value, or of the gate that scales it. A gated row is {@code [up | gate]}, as many
 * of the one as of the other.
 */
public interface GateOps {
    /** {@code y = activation(x)} for the values {@code from} to {@code to}. May run in place. */
    void activate(Floats x, Floats y, Activation activation, int from, int to);

    /** {@code dx = dy * activation'(x)}. dx may be dy. */
    void activateBackward(Floats x, Floats dy, Floats dx, Activation activation, int from, int to);

    /**
     * {@code y[i, j] = x[i, j] * activation(x[i, units + j])} for the rows {@code from} to {@code to} of x {@code [rows, 2 * units]}. y may begin where x
     * does: the rows then move together.
     */
    void gated(Floats x, Floats y, Activation activation, int units, int from, int to);

    /** Gradient of {@link #gated}: writes dx {@code [rows, 2 * units]}, other memory than x. */
    void gatedBackward(Floats x, Floats dy, Floats dx, Activation activation, int units, int from, int to);
}
