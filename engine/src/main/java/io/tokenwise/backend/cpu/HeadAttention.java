package io.tokenwise.backend.cpu;

import io.tokenwise.kernels.Scratch;
import io.tokenwise.kernels.SequenceOps;
import io.tokenwise.kernels.SequenceOps.AttentionCall;

/** How a backend does attention of one head of one sequence, as {@link SequenceOps#attention} says. Thread-safe. */
@FunctionalInterface
public interface HeadAttention {
    void attend(AttentionCall call, int sequence, int head, Scratch scratch);
}
