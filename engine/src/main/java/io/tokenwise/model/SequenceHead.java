package io.tokenwise.model;

import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Norm;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Activations;
import io.tokenwise.tensor.Tensor;

/** Makes classes of each text; see {@link HeadForm}. The dense layer and its norm are null if there is none. */
record SequenceHead(HeadForm form, Linear dense, Norm norm, Linear classifier) implements TextHead {
    /** With zero weights. */
    static SequenceHead of(TextOutput.SequenceClasses output, int hiddenSize, LayerBuilder parts) {
        HeadForm form = output.head();
        return new SequenceHead(
                form,
                form.layer()
                        .map(layer -> parts.linear(layer.dense(), hiddenSize, hiddenSize, layer.bias()))
                        .orElse(null),
                form.layer()
                        .flatMap(HeadForm.Layer::norm)
                        .map(norm -> parts.norm(norm.path(), norm.form()))
                        .orElse(null),
                parts.linear(form.classifier(), hiddenSize, output.labels().size()));
    }

    /** {@code [sequences, labels]}. */
    @Override
    public Tensor forward(Pass pass, Tensor tokens, TokenBatch batch) {
        Tensor x = form.pooling().forward(pass, tokens, batch);
        if (dense != null) {
            x = Activations.of(pass, dense.forward(pass, x), form.layer().get().activation());
        }
        if (norm != null) {
            Tensor y = pass.tensor(x.rows(), x.columns());
            norm.forward(pass, x, y);
            x = y;
        }
        return classifier.forward(pass, x);
    }

    @Override
    public void prepare(Stream stream) {
        if (dense != null) {
            dense.weight().prepare(stream);
        }
        classifier.weight().prepare(stream);
    }

    @Override
    public double flops() {
        return (dense == null ? 0 : dense.flopsPerToken()) + classifier.flopsPerToken();
    }
}
