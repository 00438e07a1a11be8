package io.tokenwise.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.norm.LayerNorm;
import io.tokenwise.io.TensorData;
import io.tokenwise.io.VitArchitecture;
import java.util.Map;

/** A Vision Transformer written on libtorch's operations, as torchvision has it, from tensors with Hugging Face's names. */
record TorchVit(NDManager manager, VitArchitecture sizes, Map<String, TensorData> weights) {
    /** Logits {@code [images, classes]} of normalised images {@code [images, 3, size, size]}. */
    NDArray logits(NDArray images) {
        String projection = "embeddings.patch_embeddings.projection";
        int patch = sizes.patchSize();
        NDArray x = Conv2d.conv2d(
                        images, get(projection + ".weight"), get(projection + ".bias"), new Shape(patch, patch))
                .singletonOrThrow()
                .reshape(images.getShape().get(0), sizes.hiddenSize(), sizes.patches())
                .transpose(0, 2, 1);
        NDArray first = get("embeddings.cls_token").repeat(0, images.getShape().get(0));
        x = first.concat(x, 1).add(get("embeddings.position_embeddings"));
        for (int i = 0; i < sizes.layers(); i++) {
            String layer = "encoder.layer." + i + ".";
            x = x.add(attention(norm(x, layer + "layernorm_before"), layer + "attention."));
            NDArray units = Activation.gelu(linear(norm(x, layer + "layernorm_after"), layer + "intermediate.dense"));
            x = x.add(linear(units, layer + "output.dense"));
        }
        return linear(norm(x, "layernorm").get(new NDIndex(":, 0")), "classifier");
    }

    private NDArray attention(NDArray x, String path) {
        NDArray q = heads(linear(x, path + "attention.query"));
        NDArray k = heads(linear(x, path + "attention.key"));
        NDArray v = heads(linear(x, path + "attention.value"));
        double scale = 1 / Math.sqrt((double) sizes.hiddenSize() / sizes.heads());
        NDArray probabilities = q.matMul(k.transpose(0, 1, 3, 2)).mul(scale).softmax(-1);
        return linear(probabilities.matMul(v).transpose(0, 2, 1, 3).reshape(x.getShape()), path + "output.dense");
    }

    private NDArray heads(NDArray x) {
        Shape shape = x.getShape();
        return x.reshape(shape.get(0), shape.get(1), sizes.heads(), sizes.hiddenSize() / sizes.heads())
                .transpose(0, 2, 1, 3);
    }

    private NDArray linear(NDArray x, String path) {
        return x.matMul(get(path + ".weight").transpose()).add(get(path + ".bias"));
    }

    private NDArray norm(NDArray x, String path) {
        NDList normed = LayerNorm.layerNorm(
                x, new Shape(sizes.hiddenSize()), get(path + ".weight"), get(path + ".bias"), (float)
                        sizes.layerNormEpsilon());
        return normed.singletonOrThrow();
    }

    private NDArray get(String name) {
        TensorData tensor = weights.get(name);
        return manager.create(
                tensor.floats()
                        .asByteBuffer()
                        .order(java.nio.ByteOrder.nativeOrder())
                        .asFloatBuffer(),
                new Shape(tensor.shape()));
    }
}
