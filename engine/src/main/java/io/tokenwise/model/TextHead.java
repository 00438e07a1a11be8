package io.tokenwise.model;

import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;

/** What makes a text's result of its token vectors. */
sealed interface TextHead permits VectorHead, SequenceHead {
    /** Of {@code [tokens, hidden]} the results, {@code [sequences, outputs]}. */
    Tensor forward(Pass pass, Tensor tokens, TokenBatch batch);

    /** Packs weights. */
    void prepare(Stream stream);

    /** Multiply-adds for a text. */
    double flops();

    /** With zero weights. */
    static TextHead of(TextOutput output, int hiddenSize, LayerBuilder parts) {
        return switch (output) {
            case TextOutput.Vectors vectors -> VectorHead.of(vectors, hiddenSize, parts);
            case TextOutput.SequenceClasses classes -> SequenceHead.of(classes, hiddenSize, parts);
        };
    }
}
