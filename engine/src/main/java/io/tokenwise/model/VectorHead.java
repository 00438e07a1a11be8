package io.tokenwise.model;

import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.nn.VectorLength;
import io.tokenwise.op.Activations;
import io.tokenwise.op.Lengths;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Makes a vector of each text; see {@link TextOutput.Vectors}. Of a step that is no dense layer the layer is null. */
record VectorHead(TextOutput.Vectors form, List<Linear> layers) implements TextHead {
    /** With zero weights. */
    static VectorHead of(TextOutput.Vectors form, int hiddenSize, LayerBuilder parts) {
        var layers = new ArrayList<Linear>();
        int width = hiddenSize;
        for (VectorStep step : form.steps()) {
            if (step instanceof VectorStep.Dense dense) {
                layers.add(parts.linear(dense.tensors(), width, dense.outputs(), dense.bias()));
                width = dense.outputs();
            } else {
                layers.add(null);
            }
        }
        return new VectorHead(form, layers);
    }

    @Override
    public Tensor forward(Pass pass, Tensor tokens, TokenBatch batch) {
        Tensor y = form.pooling().forward(pass, tokens, batch);
        // What is to be averaged gets its length afterwards.
        boolean asDescribed = pass.given(VectorLength.class) != VectorLength.POOLED;
        int steps = form.normalize() && !asDescribed ? layers.size() - 1 : layers.size();
        for (int i = 0; i < steps; i++) {
            y = form.steps().get(i) instanceof VectorStep.Dense dense
                    ? dense(pass, dense, layers.get(i), y)
                    : Lengths.of(pass, y);
        }
        return y;
    }

    private static Tensor dense(Pass pass, VectorStep.Dense form, Linear layer, Tensor x) {
        Tensor y = layer.forward(pass, x);
        return form.activation().isPresent()
                ? Activations.of(pass, y, form.activation().get())
                : y;
    }

    @Override
    public void prepare(Stream stream) {
        layers.stream().filter(Objects::nonNull).forEach(layer -> layer.weight().prepare(stream));
    }

    @Override
    public double flops(int tokens) {
        return layers.stream()
                .filter(Objects::nonNull)
                .mapToDouble(Linear::flopsPerToken)
                .sum();
    }
}
