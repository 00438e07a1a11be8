package io.tokenwise.model;

import io.tokenwise.backend.Stream;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import java.util.List;

/** An architecture as a definition over nn: how inputs become tokens, which layers these go through, and what comes out for each input. */
interface Network {
    /** Token vectors {@code [tokens, hidden]} after the last layer. */
    Tensor tokens(Pass pass, TokenBatch batch);

    /** From token vectors what the model gives for each input, {@code [sequences, outputs]}. */
    Tensor outputs(Pass pass, Tensor tokens, TokenBatch batch);

    /** All places of attention and MLP of each layer, in the order in which they run. */
    List<BlockSlot> slots();

    /** Those of them that {@link #tokens} goes through; a decoder has others. */
    default List<BlockSlot> tokenSlots() {
        return slots();
    }

    /** Multiply-adds of an input of so many tokens outside the slots and the attention products. */
    double fixedFlops(int tokens);

    /** Brings what lies outside the slots into the form that inference needs. */
    void prepare(Stream stream);
}
