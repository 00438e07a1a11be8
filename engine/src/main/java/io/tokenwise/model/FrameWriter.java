package io.tokenwise.model;

import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;

/** Writes by what each frame is, apart from the others. */
public interface FrameWriter extends SpeechWriter {
    /**
     * What each frame may be, {@code [frames, vocabulary]}.
     *
     * @param pass in which the frames were made, with or without a tape
     * @param frames of any recordings, {@code [frames, hidden]}
     */
    Tensor logits(Pass pass, Tensor frames);

    /**
     * The likeliest text over all the ways in which frames can say it, as a search finds it; otherwise as {@link #write}.
     *
     * @param beam beginnings of texts that are kept from one frame to the next; at least 1
     */
    int[] search(Pass pass, Tensor frames, int beam);
}
