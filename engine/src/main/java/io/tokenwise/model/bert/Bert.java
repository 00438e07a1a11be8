package io.tokenwise.model.bert;

import io.tokenwise.acm.leave.Leaving;
import io.tokenwise.backend.Stream;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.Network;
import io.tokenwise.model.ShortPath;
import io.tokenwise.model.TextDescription;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Embeddings;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.nn.VectorLength;
import io.tokenwise.op.Lengths;
import io.tokenwise.op.Pools;
import io.tokenwise.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** BERT's encoder (Devlin et al. 2019), pooled to a vector for each text. */
record Bert(
        TextDescription description,
        Embeddings embeddings,
        List<BertLayer> layers,
        Optional<ShortPath<BertLayer>> shortPath)
        implements Network {
    /** With zero weights. */
    static Bert of(TextDescription description, LayerBuilder parts) {
        var sizes = (BertArchitecture) description.architecture();
        var embeddings = new Embeddings(
                parts.table("embeddings.word_embeddings.weight", sizes.vocabularySize()),
                parts.table("embeddings.position_embeddings.weight", sizes.maxPositions()),
                parts.table("embeddings.token_type_embeddings.weight", sizes.typeVocabularySize()),
                parts.norm("embeddings.LayerNorm"));
        // A text's first and last token are marks, whose vectors all others lean on. Parts of split texts may have
        // more tokens than whole ones.
        return new Bert(
                description,
                embeddings,
                layers("", sizes, parts),
                parts.shortPath(
                        1, 1, sizes.maxPositions(), sizes.vocabularySize(), 0, prefix -> layers(prefix, sizes, parts)));
    }

    private static List<BertLayer> layers(String prefix, BertArchitecture sizes, LayerBuilder parts) {
        return IntStream.range(0, sizes.layers())
                .mapToObj(i -> BertLayer.of(prefix + "encoder.layer." + i + ".", parts))
                .toList();
    }

    @Override
    public Tensor embeddings(Pass pass, TokenBatch batch) {
        return embeddings.forward(pass, batch);
    }

    private BertLayer layer(int i, int narrowLayers) {
        return narrowLayers == 0 ? layers.get(i) : shortPath.orElseThrow().layer(layers, i, narrowLayers);
    }

    @Override
    public Tensor layers(Pass pass, Tensor x, int narrowLayers) {
        Tensor y = x;
        for (int i = 0; i < layers.size(); i++) {
            y = layer(i, narrowLayers).forward(pass, y);
            pass.layerDone(y);
        }
        return y;
    }

    @Override
    public Tensor outputs(Pass pass, Tensor tokens, TokenBatch batch) {
        Tensor y = switch (description.pooling()) {
            case MEAN -> Pools.mean(pass, tokens, batch.offsets(), batch.sequences());
            case FIRST -> Pools.first(pass, tokens, batch.offsets(), batch.sequences());
        };
        boolean scaled = description.normalize() && pass.given(VectorLength.class) != VectorLength.POOLED;
        return scaled ? Lengths.of(pass, y) : y;
    }

    @Override
    public List<BlockSlot> slots() {
        return slots(layers);
    }

    @Override
    public List<BlockSlot> narrowSlots() {
        return shortPath.map(path -> slots(path.narrow())).orElse(List.of());
    }

    @Override
    public Optional<Leaving> leaving() {
        return shortPath.map(ShortPath::leaving);
    }

    private static List<BlockSlot> slots(List<BertLayer> layers) {
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
