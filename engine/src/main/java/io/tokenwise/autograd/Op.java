package io.tokenwise.autograd;

import io.tokenwise.tensor.Tensor;

/** One operation that a {@link Tape} has seen: its inputs, its result y, what its gradient needs of the forward pass, and the rule of that gradient. */
public interface Op {
    Tensor y();

    /** Whether something that is trained, or a gradient is asked of, leads to the result. */
    boolean matters(Tape tape);

    /** Given dy, adds to the gradients of the inputs and parameters. dy is no longer needed for y. */
    void backward(Backward to, Tensor dy);
}
