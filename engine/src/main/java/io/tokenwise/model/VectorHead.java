package io.tokenwise.model;

import io.tokenwise.backend.Stream;
import io.tokenwise.nn.LayerNorm;
import io.tokenwise.nn.NormForm;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.nn.VectorLength;
import io.tokenwise.op.Lengths;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Makes a vector of each text; see {@link TextOutput.Vectors}. Of a step that is no dense layer the layer is null, and so is the norm of one that is no LayerNorm. */
record VectorHead(TextOutput.Vectors form, List<DenseLayer> layers, List<LayerNorm> norms) implements TextHead {
    /** With zero weights. */
    static VectorHead of(TextOutput.Vectors form, int hiddenSize, LayerBuilder parts) {
        var layers = new ArrayList<DenseLayer>();
        var norms = new ArrayList<LayerNorm>();
        int width = hiddenSize;
        for (VectorStep step : form.steps()) {
            layers.add(step instanceof VectorStep.Dense dense ? DenseLayer.of(dense, width, parts) : null);
            norms.add(
                    step instanceof VectorStep.LayerNorm norm
                            ? parts.layerNorm(norm.tensors(), NormForm.layerNorm(VectorStep.LayerNorm.EPSILON), width)
                            : null);
            width = step.width(width);
        }
        return new VectorHead(form, layers, norms);
    }

    @Override
    public Tensor forward(Pass pass, Tensor tokens, TokenBatch batch) {
        Tensor y = form.pooling().forward(pass, tokens, batch);
        // What is to be averaged gets its length afterwards.
        boolean asDescribed = pass.given(VectorLength.class) != VectorLength.POOLED;
        int steps = form.normalize() && !asDescribed ? layers.size() - 1 : layers.size();
        for (int i = 0; i < steps; i++) {
            y = switch (form.steps().get(i)) {
                case VectorStep.Dense _ -> layers.get(i).forward(pass, y);
                case VectorStep.LayerNorm _ -> normed(pass, norms.get(i), y);
                case VectorStep.Normalize _ -> Lengths.of(pass, y);
            };
        }
        return y;
    }

    private static Tensor normed(Pass pass, LayerNorm norm, Tensor x) {
        Tensor y = pass.tensor(x.rows(), x.columns());
        norm.forward(pass, x, y);
        return y;
    }

    @Override
    public void prepare(Stream stream) {
        layers.stream().filter(Objects::nonNull).forEach(layer -> layer.prepare(stream));
    }

    @Override
    public double flops(int tokens) {
        return layers.stream()
                .filter(Objects::nonNull)
                .mapToDouble(DenseLayer::flops)
                .sum();
    }
}
