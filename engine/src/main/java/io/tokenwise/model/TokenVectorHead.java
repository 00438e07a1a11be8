package io.tokenwise.model;

import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Lengths;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * A head that makes a shorter vector of each token's, or a weight; see {@link TextOutput.TokenVectors} and {@link TextOutput.TokenWeights}.
 *
 * @param scaled whether it is scaled to length 1
 */
record TokenVectorHead(List<DenseLayer> layers, boolean scaled) implements TextHead {
    /** With zero weights. */
    static TokenVectorHead of(TextOutput.TokenVectors output, int hiddenSize, LayerBuilder parts) {
        return of(output.dense(), true, hiddenSize, parts);
    }

    /** With zero weights. */
    static TokenVectorHead of(TextOutput.TokenWeights output, int hiddenSize, LayerBuilder parts) {
        return of(output.dense(), false, hiddenSize, parts);
    }

    private static TokenVectorHead of(List<VectorStep.Dense> all, boolean scaled, int hiddenSize, LayerBuilder parts) {
        var layers = new ArrayList<DenseLayer>();
        int width = hiddenSize;
        for (VectorStep.Dense dense : all) {
            layers.add(DenseLayer.of(dense, width, parts));
            width = dense.outputs();
        }
        return new TokenVectorHead(layers, scaled);
    }

    @Override
    public Tensor forward(Pass pass, Tensor tokens, TokenBatch batch) {
        Tensor y = tokens;
        for (int i = 0; i < layers.size(); i++) {
            y = layers.get(i).forward(pass, y);
        }
        return scaled ? Lengths.of(pass, y) : y;
    }

    @Override
    public void prepare(Stream stream) {
        layers.forEach(layer -> layer.prepare(stream));
    }

    @Override
    public double flops(int tokens) {
        return (double) tokens * layers.stream().mapToLong(DenseLayer::flops).sum();
    }
}
