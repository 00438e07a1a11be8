package io.tokenwise.model;

import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;

/** Writes what a speech model heard. Thread-safe for different passes once its encoder is prepared; it is closed with that. */
public interface SpeechWriter {
    /**
     * The tokens of a recording's text, of the model's vocabulary.
     *
     * @param pass in which the frames were made
     * @param frames of one recording, {@code [frames, hidden]}
     * @param samples of it
     */
    int[] write(Pass pass, Tensor frames, int samples);

    /**
     * Multiply-adds of the text of a recording of so many frames.
     *
     * @param tokens of the text, one that ends it included
     * @param share of the adaptive layers' dense cost that is spent; a dense model ignores it
     */
    double flops(int frames, int tokens, double share);
}
