package io.tokenwise.model;

import io.tokenwise.acm.Leaving;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Linear;
import java.util.List;

/**
 * The way through a model for inputs whose budget is less than all: tokens leave, and layers of the same sizes as the dense model's, which learnt to do without them, run over
 * the others. At full budget the dense model's own layers run.
 *
 * @param summary {@code [hidden, hidden]}: what a pooled vector gets of the mean of an input's embeddings, in proportion to what left
 */
record ShortPath<L>(Leaving leaving, List<L> layers, Linear summary) {
    /** Brings gate and summary, but not the layers, into the form that inference needs. */
    void prepare(Stream stream) {
        leaving.gate().prepare(stream);
        summary.weight().prepare(stream);
    }
}
