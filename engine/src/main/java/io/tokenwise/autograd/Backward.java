package io.tokenwise.autograd;

import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;

/** One walk back over a {@link Tape}: where operations compute their gradients, and where they add them. */
public record Backward(Tape tape, Gradients gradients, Stream stream, Workspace workspace) {
    /** Whether a tensor's gradient is asked of. */
    public boolean tracks(Tensor tensor) {
        return tape.tracks(tensor);
    }

    /** For a gradient of this tensor: its values are unspecified. */
    public Tensor like(Tensor tensor) {
        return workspace.tensor(tensor.rows(), tensor.columns());
    }

    /** Where an operation adds a parameter's gradient: memory that nobody reads if only its other parameters are trained. */
    public Tensor gradientOf(Parameter parameter) {
        return parameter.trainable() ? gradients.of(parameter) : like(parameter.value());
    }

    /** Adds a gradient, whose memory is given away. */
    public void add(Tensor tensor, Tensor gradient) {
        gradients.add(tensor, gradient);
    }

    /** As {@link #add}, if it is asked of. */
    public void addIfTracked(Tensor tensor, Tensor gradient) {
        if (tracks(tensor)) {
            add(tensor, gradient);
        }
    }

    /** As {@link #add}, of a gradient that is also another tensor's. */
    public void addShared(Tensor tensor, Tensor gradient) {
        gradients.addShared(tensor, gradient);
    }
}
