package io.tokenwise.model;

import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.Activation;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Activations;
import io.tokenwise.op.Pools;
import io.tokenwise.tensor.Tensor;

/** A head that reads each text's first token; see {@link HeadForm}. The dense layer is null if there is none. */
record SequenceHead(Linear dense, HeadForm.Curve activation, Linear classifier) implements TextHead {
    /** With zero weights. */
    static SequenceHead of(TextOutput.SequenceClasses output, int hiddenSize, LayerBuilder parts) {
        HeadForm form = output.head();
        return new SequenceHead(
                form.dense()
                        .map(path -> parts.linear(path, hiddenSize, hiddenSize))
                        .orElse(null),
                form.activation(),
                parts.linear(form.classifier(), hiddenSize, output.labels().size()));
    }

    @Override
    public Tensor forward(Pass pass, Tensor tokens, TokenBatch batch) {
        Tensor x = Pools.first(pass, tokens, batch.offsets(), batch.sequences());
        if (dense != null) {
            x = dense.forward(pass, x);
        }
        switch (activation) {
            case NONE -> {}
            case TANH -> Activations.tanh(pass.stream(), x, x);
            case GELU -> Activations.forward(pass.stream(), x, Activation.GELU, x);
            case RELU -> Activations.forward(pass.stream(), x, Activation.RELU, x);
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
    public double flops(int tokens) {
        return (dense == null ? 0 : dense.flopsPerToken()) + classifier.flopsPerToken();
    }
}
