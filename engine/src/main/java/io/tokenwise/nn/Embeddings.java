package io.tokenwise.nn;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.op.EmbeddingSums;
import io.tokenwise.tensor.Tensor;

/**
 * A text encoder's input: word, position and type embeddings summed, then normed.
 *
 * @param positions null if attention alone knows where tokens stand
 * @param types null if there are none
 * @param norm null if the sum is not normed
 */
public record Embeddings(Parameter words, Parameter positions, Parameter types, EmbeddingSums.Form form, Norm norm) {
    /** {@code [tokens, hidden]}. */
    public Tensor forward(Pass pass, TokenBatch batch) {
        if (norm == null) {
            return sum(pass, batch);
        }
        Tensor y = pass.tensor(batch.tokens(), words.value().columns());
        pass.push();
        norm.forward(pass, sum(pass, batch), y);
        pass.pop();
        return y;
    }

    private Tensor sum(Pass pass, TokenBatch batch) {
        return EmbeddingSums.of(
                pass, batch.inputs(), batch.offsets(), batch.sequences(), words, positions, types, form);
    }
}
