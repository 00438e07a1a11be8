package io.tokenwise.model;

import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;

/** A head that makes classes of each token's vector; see {@link TextOutput.TokenClasses}. The layer before the classifier is null if there is none. */
record TokenHead(HeadLayer layer, Linear classifier) implements TextHead {
    /** With zero weights. */
    static TokenHead of(TextOutput.TokenClasses output, int hiddenSize, LayerBuilder parts) {
        return new TokenHead(
                output.layer()
                        .map(form -> HeadLayer.of(form, hiddenSize, parts))
                        .orElse(null),
                parts.linear(output.classifier(), hiddenSize, output.labels().size()));
    }

    @Override
    public Tensor forward(Pass pass, Tensor tokens, TokenBatch batch) {
        return classifier.forward(pass, layer == null ? tokens : layer.forward(pass, tokens));
    }

    @Override
    public void prepare(Stream stream) {
        if (layer != null) {
            layer.dense().weight().prepare(stream);
        }
        classifier.weight().prepare(stream);
    }

    @Override
    public double flops(int tokens) {
        long ofToken = (layer == null ? 0 : layer.dense().flopsPerToken()) + classifier.flopsPerToken();
        return (double) tokens * ofToken;
    }
}
