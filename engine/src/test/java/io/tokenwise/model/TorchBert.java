package io.tokenwise.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Activation;
import io.tokenwise.io.TensorData;
import io.tokenwise.model.bert.BertArchitecture;
import java.util.Map;

/** A BERT with its masked-LM head written on libtorch's operations, as Hugging Face's transformers have it, from tensors with their names. */
public record TorchBert(NDManager manager, BertArchitecture sizes, Map<String, TensorData> weights) {
    /** Token vectors {@code [1, tokens, hidden]} of a text after the last layer. */
    public NDArray tokens(int[] ids) {
        var layers = new TorchLayers(manager, sizes, weights);
        NDArray words = layers.get("embeddings.word_embeddings.weight").get(manager.create(ids));
        NDArray places = layers.get("embeddings.position_embeddings.weight").get("0:" + ids.length);
        NDArray type = layers.get("embeddings.token_type_embeddings.weight").get(0);
        NDArray x = layers.norm(words.add(places).add(type).expandDims(0), "embeddings.LayerNorm");
        for (int i = 0; i < sizes.layers(); i++) {
            String layer = "encoder.layer." + i + ".";
            NDArray attended = layers.attention(x, layer + "attention.self.", layer + "attention.output.dense");
            x = layers.norm(x.add(attended), layer + "attention.output.LayerNorm");
            NDArray units = Activation.gelu(layers.linear(x, layer + "intermediate.dense"));
            x = layers.norm(x.add(layers.linear(units, layer + "output.dense")), layer + "output.LayerNorm");
        }
        return x;
    }

    /** Of token vectors the logits of all words. */
    public NDArray logits(NDArray tokens) {
        var layers = new TorchLayers(manager, sizes, weights);
        NDArray units = Activation.gelu(layers.linear(tokens, "cls.predictions.transform.dense"));
        return layers.norm(units, "cls.predictions.transform.LayerNorm")
                .matMul(layers.get("embeddings.word_embeddings.weight").transpose())
                .add(layers.get("cls.predictions.bias"));
    }
}
