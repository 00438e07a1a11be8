package io.tokenwise.model;

import io.tokenwise.acm.leave.Leaving;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** An architecture as a definition over nn: how inputs become tokens, which layers these go through, and what comes out for each input. */
public interface Network {
    /** What the first layer reads, {@code [tokens, hidden]}, of all tokens of the batch. */
    Tensor embeddings(Pass pass, TokenBatch batch);

    /**
     * Token vectors {@code [rows, hidden]} after the last layer.
     *
     * @param x embeddings of the tokens of the pass's batch, the layers' own from here on: they write over it, and who needs it again copies it first
     * @param narrowLayers how many layers run in their narrow form; none of a model without a short path
     */
    Tensor layers(Pass pass, Tensor x, int narrowLayers);

    /**
     * The same of one token of each sequence, {@code [sequences, hidden]}, where no other's vector is read; the pass's batch is these tokens afterwards. Only in inference.
     *
     * @throws UnsupportedOperationException if what comes out is made of all tokens' vectors
     */
    default Tensor layers(Pass pass, Tensor x, int narrowLayers, Pooling read) {
        throw new UnsupportedOperationException("all tokens' vectors are read");
    }

    /**
     * From token vectors what the model gives for each input, {@code [sequences, outputs]}, or, where the description says that it is of each token,
     * {@code [rows, outputs]}: then of any rows.
     */
    Tensor outputs(Pass pass, Tensor tokens, TokenBatch batch);

    /** All places of attention and MLP of each layer, in the order in which they run. */
    List<BlockSlot> slots();

    /** The same of the short path's narrow layers; empty without one. */
    default List<BlockSlot> narrowSlots() {
        return List.of();
    }

    /** How tokens leave, on the way to the short path; empty without one. */
    default Optional<Leaving> leaving() {
        return Optional.empty();
    }

    /** Those of them that {@link #tokens} goes through; a decoder has others. */
    default List<BlockSlot> tokenSlots() {
        return slots();
    }

    /** What writes the text of a recording's frames; empty if inputs are something else. */
    default Optional<SpeechWriter> writer() {
        return Optional.empty();
    }

    /** Multiply-adds of an input of so many tokens outside the slots and the attention products. */
    double fixedFlops(int tokens);

    /** Brings what lies outside the slots into the form that inference needs. */
    void prepare(Stream stream);
}
