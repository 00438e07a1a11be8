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
            x = layers.get(i).forward(pass, x, batch);
        }
        return x;
    }

    List<BlockSlot> mlps() {
        return layers.stream().map(BertLayer::mlp).toList();
    }

    void prepare(Stream stream) {
        for (BertLayer layer : layers) {
            layer.prepare(stream);
        }
    }

    /** Multiply-adds for one token of a sequence of {@code length} tokens, without the MLPs. */
    long fixedFlopsPerToken(int length) {
        return layers.stream()
                .mapToLong(layer -> layer.attention().flopsPerToken(length))
                .sum();
    }
}
