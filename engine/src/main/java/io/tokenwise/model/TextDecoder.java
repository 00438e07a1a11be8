package io.tokenwise.model;

import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import java.util.List;

/** Writes a text token by token, each after those before it: a transformer of its own, which reads the frames. */
public interface TextDecoder extends SpeechWriter {
    /** The token that each text begins with. */
    int begin();

    /**
     * The likeliest token after the likeliest token, and so on, until the text ends.
     *
     * @param pass in which the frames were made
     * @param frames of one recording, {@code [frames, hidden]}
     * @param mostTokens of the text, the one that ends it included; at most as many as the longest recording has
     * @return without the tokens that begin and end the text
     */
    int[] writeAtMost(Pass pass, Tensor frames, int mostTokens);

    /**
     * What the decoder expects after each token of texts that it is given (teacher forcing): logits {@code [tokens, vocabulary]}.
     *
     * @param pass in which the frames were made, with or without a tape; its batch becomes the texts
     * @param frames of the recordings, {@code [frames, hidden]}
     * @param texts one for each recording: the token that begins it, and the tokens of the text, without the one that ends it
     */
    Tensor logits(Pass pass, Tensor frames, TokenBatch recordings, TokenBatch texts);

    /** The places of attention and the MLP of each layer, in the order in which they run. */
    List<BlockSlot> slots();
}
