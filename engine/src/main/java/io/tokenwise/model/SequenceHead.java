package io.tokenwise.model;

import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;

/** Makes classes of each text; see {@link HeadForm}. The layer before the classifier is null if there is none. */
record SequenceHead(HeadForm form, HeadLayer layer, Linear classifier) implements TextHead {
    /** With zero weights. */
    static SequenceHead of(TextOutput.SequenceClasses output, int hiddenSize, LayerBuilder parts) {
        HeadForm form = output.head();
        return new SequenceHead(
                form,
                form.layer()
                        .map(layer -> HeadLayer.of(layer, hiddenSize, parts))
                        .orElse(null),
                parts.linear(form.classifier(), hiddenSize, output.labels().size(), form.bias()));
    }

    /** {@code [sequences, labels]}. */
    @Override
    public Tensor forward(Pass pass, Tensor tokens, TokenBatch batch) {
        Tensor x = form.pooling().forward(pass, tokens, batch);
        return classifier.forward(pass, layer == null ? x : layer.forward(pass, x));
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
        return (layer == null ? 0 : layer.dense().flopsPerToken()) + classifier.flopsPerToken();
    }
}
