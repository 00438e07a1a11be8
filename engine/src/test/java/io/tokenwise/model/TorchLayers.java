package io.tokenwise.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.norm.LayerNorm;
import io.tokenwise.io.TensorData;
import java.nio.ByteOrder;
import java.util.Map;

/** The layers that transformers share, written on libtorch's operations, from tensors with Hugging Face's names. */
record TorchLayers(NDManager manager, Architecture sizes, Map<String, TensorData> weights) {
    /**
     * @param x {@code [inputs, tokens, hidden]}
     * @param projections such as {@code encoder.layer.0.attention.self.}, before query, key and value
     */
    NDArray attention(NDArray x, String projections, String output) {
        NDArray q = heads(linear(x, projections + "query"));
        NDArray k = heads(linear(x, projections + "key"));
        NDArray v = heads(linear(x, projections + "value"));
        double scale = 1 / Math.sqrt((double) sizes.hiddenSize() / sizes.heads());
        NDArray probabilities = q.matMul(k.transpose(0, 1, 3, 2)).mul(scale).softmax(-1);
        return linear(probabilities.matMul(v).transpose(0, 2, 1, 3).reshape(x.getShape()), output);
    }

    private NDArray heads(NDArray x) {
        Shape shape = x.getShape();
        return x.reshape(shape.get(0), shape.get(1), sizes.heads(), sizes.hiddenSize() / sizes.heads())
                .transpose(0, 2, 1, 3);
    }

    NDArray linear(NDArray x, String path) {
        return x.matMul(get(path + ".weight").transpose()).add(get(path + ".bias"));
    }

    NDArray norm(NDArray x, String path) {
        return LayerNorm.layerNorm(x, new Shape(sizes.hiddenSize()), get(path + ".weight"), get(path + ".bias"), (float)
                        sizes.layerNormEpsilon())
                .singletonOrThrow();
    }

    NDArray get(String name) {
        TensorData tensor = weights.get(name);
        return manager.create(
                tensor.floats().asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer(),
                new Shape(tensor.shape()));
    }
}
