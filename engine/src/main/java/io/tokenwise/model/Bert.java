package io.tokenwise.model;

import io.tokenwise.backend.Stream;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Embeddings;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import java.util.List;

/** BERT's encoder (Devlin et al. 2019) over ragged batches. */
record Bert(Embeddings embeddings, List<BertLayer> layers) {
    /** Token vectors {@code [tokens, hidden]} after the last layer. */
    Tensor forward(Pass pass, TokenBatch batch) {
        Tensor x = embeddings.forward(pass, batch);
        for (int i = 0; i < layers.size(); i++) {
            x = layers.get(i).forward(pass, x);
        }
        return x;
    }

    /** The places of attention and MLP of each layer, in the order in which they run. */
    List<BlockSlot> slots() {
        return layers.stream()
                .flatMap(layer -> List.of(layer.attention(), layer.mlp()).stream())
                .toList();
    }

    void prepare(Stream stream) {
        for (BertLayer layer : layers) {
            layer.prepare(stream);
        }
    }
}
