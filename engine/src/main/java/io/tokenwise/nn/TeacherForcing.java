package io.tokenwise.nn;

import io.tokenwise.tensor.Tensor;

/**
 * What a decoder reads that is given whole texts to predict (Williams and Zipser 1989) instead of writing token by token: each token attends to those before
 * it and to the frames of its own recording.
 *
 * @param frames {@code [frames, hidden]}
 * @param recordings whose frames they are, as many as there are texts
 */
public record TeacherForcing(Tensor frames, TokenBatch recordings) {}
