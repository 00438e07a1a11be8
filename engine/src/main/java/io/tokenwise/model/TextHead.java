package io.tokenwise.model;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;

/** What makes what a model gives of its tokens' last vectors. */
sealed interface TextHead permits VectorHead, SequenceHead, AnswerHead, TokenHead, TokenVectorHead, WordHead {
    /**
     * {@code [sequences, outputs]}; of a head for each token {@code [rows, outputs]}, and which tokens the rows are does not matter to it.
     *
     * @param tokens {@code [tokens, hidden]}, after the last layer
     */
    Tensor forward(Pass pass, Tensor tokens, TokenBatch batch);

    /** Brings its weights into the form that inference needs. */
    void prepare(Stream stream);

    /** Multiply-adds for a text of so many tokens. */
    double flops(int tokens);

    /**
     * With zero weights.
     *
     * @param words the table of their embeddings
     */
    static TextHead of(TextOutput output, int hiddenSize, Parameter words, LayerBuilder parts) {
        return switch (output) {
            case TextOutput.Vectors vectors -> VectorHead.of(vectors, hiddenSize, parts);
            case TextOutput.SequenceClasses classes -> SequenceHead.of(classes, hiddenSize, parts);
            case TextOutput.Score score -> VectorHead.of(score.vector(), hiddenSize, parts);
            case TextOutput.Answer answer -> AnswerHead.of(answer, words, parts);
            case TextOutput.TokenClasses classes -> TokenHead.of(classes, hiddenSize, parts);
            case TextOutput.TokenVectors vectors -> TokenVectorHead.of(vectors, hiddenSize, parts);
            case TextOutput.TokenWeights weights -> TokenVectorHead.of(weights, hiddenSize, parts);
            case TextOutput.Sparse sparse -> WordHead.of(sparse, words, parts);
            case TextOutput.MaskedTokens masked -> WordHead.of(masked.words(), 0, words, parts);
        };
    }
}
