package io.tokenwise.model;

import io.tokenwise.backend.Stream;
import io.tokenwise.io.BertArchitecture;
import io.tokenwise.io.TextDescription;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Embeddings;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;

/** BERT's encoder (Devlin et al. 2019), pooled to a vector for each text. */
record Bert(TextDescription description, Embeddings embeddings, List<BertLayer> layers) implements Network {
    /** With zero weights. */
    static Bert of(TextDescription description, LayerBuilder parts) {
        BertArchitecture sizes = description.architecture();
        var embeddings = new Embeddings(
                parts.table("embeddings.word_embeddings.weight", sizes.vocabularySize()),
                parts.table("embeddings.position_embeddings.weight", sizes.maxPositions()),
                parts.table("embeddings.token_type_embeddings.weight", sizes.typeVocabularySize()),
                parts.norm("embeddings.LayerNorm"));
        List<BertLayer> layers = IntStream.range(0, sizes.layers())
                .mapToObj(i -> BertLayer.of("encoder.layer." + i + ".", parts))
                .toList();
        return new Bert(description, embeddings, layers);
    }

    @Override
    public Tensor tokens(Pass pass, TokenBatch batch) {
        Tensor x = embeddings.forward(pass, batch);
        for (int i = 0; i < layers.size(); i++) {
            x = layers.get(i).forward(pass, x);
        }
        return x;
    }

    @Override
    public Tensor outputs(Pass pass, Tensor tokens, TokenBatch batch) {
        Tensor y = switch (description.pooling()) {
            case MEAN -> pass.meanPool(tokens, batch);
            case FIRST -> pass.firstPool(tokens, batch);
        };
        return description.normalize() ? pass.l2Normalize(y) : y;
    }

    @Override
    public List<BlockSlot> slots() {
        return layers.stream()
                .flatMap(layer -> List.of(layer.attention(), layer.mlp()).stream())
                .toList();
    }

    @Override
    public double fixedFlops(int tokens) {
        return 0;
    }

    /** Embeddings are used as they are. */
    @Override
    public void prepare(Stream stream) {}
}
