package io.tokenwise.autograd;

import io.tokenwise.backend.Stream;
import java.util.List;

/** Moves parameters along their gradients. Its state is part of a checkpoint. Not thread-safe. */
public sealed interface Optimizer permits AdamW, Muon {
    /** What it moves. */
    List<Parameter> parameters();

    /** What it remembers between steps, named as a checkpoint names it. */
    List<Parameter> means();

    /** Updates that were done. */
    int step();

    /** For a checkpoint that is read back. */
    void step(int newStep);

    /**
     * Moves the parameters along their gradients, then clears the gradients. Returns the norm of the gradients of all parameters, as they were.
     *
     * @throws GradientNotFiniteException if the norm is no finite number
     */
    double update(Stream stream, double rate);

    /** The norm of all these parameters' gradients together. */
    static double gradientNorm(Stream stream, List<Parameter> parameters) {
        double squares = 0;
        for (double square : stream.sumsOfSquares(
                parameters.stream().map(Parameter::gradient).toList())) {
            squares += square;
        }
        double norm = Math.sqrt(squares);
        if (!Double.isFinite(norm)) {
            throw new GradientNotFiniteException(norm);
        }
        return norm;
    }
}
