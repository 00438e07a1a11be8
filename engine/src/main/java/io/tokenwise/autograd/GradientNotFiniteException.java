package io.tokenwise.autograd;

/** A training diverged: its gradient has no finite norm. */
public final class GradientNotFiniteException extends ArithmeticException {
    private static final long serialVersionUID = 1L;

    GradientNotFiniteException(double norm) {
        super("the gradient's norm is " + norm);
    }
}
