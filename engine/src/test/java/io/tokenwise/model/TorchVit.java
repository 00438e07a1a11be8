package io.tokenwise.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import io.tokenwise.io.TensorData;
import io.tokenwise.model.vit.VitArchitecture;
import java.util.Map;

/** A Vision Transformer written on libtorch's operations, as torchvision has it, from tensors with Hugging Face's names. */
public record TorchVit(NDManager manager, VitArchitecture sizes, Map<String, TensorData> weights) {
    /** Logits {@code [images, classes]} of normalised images {@code [images, 3, size, size]}. */
    public NDArray logits(NDArray images) {
        var layers = new TorchLayers(manager, sizes, weights);
        String projection = "embeddings.patch_embeddings.projection";
        int patch = sizes.patchSize();
        NDArray x = Conv2d.conv2d(
                        images,
                        layers.get(projection + ".weight"),
                        layers.get(projection + ".bias"),
                        new Shape(patch, patch))
                .singletonOrThrow()
                .reshape(images.getShape().get(0), sizes.hiddenSize(), sizes.patches())
                .transpose(0, 2, 1);
        NDArray first =
                layers.get("embeddings.cls_token").repeat(0, images.getShape().get(0));
        x = first.concat(x, 1).add(layers.get("embeddings.position_embeddings"));
        for (int i = 0; i < sizes.layers(); i++) {
            String layer = "encoder.layer." + i + ".";
            x = x.add(layers.attention(
                    layers.norm(x, layer + "layernorm_before"),
                    layer + "attention.attention.",
                    layer + "attention.output.dense"));
            NDArray units = Activation.gelu(
                    layers.linear(layers.norm(x, layer + "layernorm_after"), layer + "intermediate.dense"));
            x = x.add(layers.linear(units, layer + "output.dense"));
        }
        return layers.linear(layers.norm(x, "layernorm").get(new NDIndex(":, 0")), "classifier");
    }
}
