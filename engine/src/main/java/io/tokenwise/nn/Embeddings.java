package io.tokenwise.nn;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.op.EmbeddingSums;
import io.tokenwise.tensor.Tensor;

/** BERT's input: word, position and type embeddings summed, then normalised. */
public record Embeddings(Parameter words, Parameter positions, Parameter types, LayerNorm norm) {
    /** {@code [tokens, hidden]}. */
    public Tensor forward(Pass pass, TokenBatch batch) {
        Tensor y = pass.tensor(batch.tokens(), words.value().columns());
        pass.push();
        norm.forward(
                pass,
                EmbeddingSums.of(pass, batch.inputs(), batch.offsets(), batch.sequences(), words, positions, types),
                y);
        pass.pop();
        return y;
    }
}
