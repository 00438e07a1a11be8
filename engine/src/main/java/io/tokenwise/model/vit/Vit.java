package io.tokenwise.model.vit;

import io.tokenwise.acm.leave.Leaving;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.backend.ImagePatches;
import io.tokenwise.backend.Stream;
import io.tokenwise.image.ImagePreparation;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.Network;
import io.tokenwise.model.PreNormLayer;
import io.tokenwise.model.ShortPath;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.LayerNorm;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Patches;
import io.tokenwise.op.Pools;
import io.tokenwise.op.TakenRows;
import io.tokenwise.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** The Vision Transformer (Dosovitskiy et al. 2021) with a classifier on its class token. */
record Vit(
        ImagePatches patches,
        Linear projection,
        Parameter classToken,
        Parameter positions,
        List<PreNormLayer> layers,
        Optional<ShortPath<PreNormLayer>> shortPath,
        LayerNorm norm,
        Linear classifier)
        implements Network {
    /** With zero weights. */
    static Vit of(ImageDescription description, LayerBuilder parts) {
        var sizes = (VitArchitecture) description.architecture();
        ImagePreparation preparation = description.preparation();
        long hidden = sizes.hiddenSize();
        return new Vit(
                ImagePatches.of(sizes.imageSize(), sizes.patchSize(), preparation.means(), preparation.deviations()),
                parts.patchProjection(
                        "embeddings.patch_embeddings.projection", VitArchitecture.CHANNELS, sizes.patchSize()),
                parts.table("embeddings.cls_token", 1, 1L, 1L, hidden),
                parts.table("embeddings.position_embeddings", sizes.tokens(), 1L, (long) sizes.tokens(), hidden),
                layers("", sizes, parts),
                // The class token stays: it is what the classifier reads.
                parts.shortPath(
                        1, 0, sizes.tokens(), 0, sizes.patchesPerSide(), prefix -> layers(prefix, sizes, parts)),
                parts.norm("layernorm"),
                parts.linear("classifier", sizes.hiddenSize(), sizes.classes()));
    }

    private static List<PreNormLayer> layers(String prefix, VitArchitecture sizes, LayerBuilder parts) {
        return IntStream.range(0, sizes.layers())
                .mapToObj(i -> layer(prefix + "encoder.layer." + i + ".", parts))
                .toList();
    }

    private static PreNormLayer layer(String path, LayerBuilder parts) {
        LayerNorm attentionNorm = parts.norm(path + "layernorm_before");
        BlockSlot attention = parts.attention(path, "attention.attention.");
        return new PreNormLayer(attentionNorm, attention, parts.norm(path + "layernorm_after"), parts.mlp(path));
    }

    @Override
    public Tensor embeddings(Pass pass, TokenBatch batch) {
        Tensor y = pass.tensor(batch.tokens(), norm.gamma().value().columns());
        pass.push();
        Tensor x = Patches.withFirst(
                pass,
                projection.forward(pass, Patches.of(pass, batch.inputs(), batch.sequences(), patches)),
                classToken,
                positions);
        if (batch.rowsKept() != null) {
            x = TakenRows.of(pass, x, batch.rowsKept(), batch.tokens());
        }
        return pass.popKeeping(x, y);
    }

    private PreNormLayer layer(int i, int narrowLayers) {
        return narrowLayers == 0 ? layers.get(i) : shortPath.orElseThrow().layer(layers, i, narrowLayers);
    }

    @Override
    public Tensor layers(Pass pass, Tensor x, int narrowLayers) {
        Tensor y = pass.tensor(x.rows(), x.columns());
        pass.push();
        Tensor last = x;
        for (int i = 0; i < layers.size(); i++) {
            last = layer(i, narrowLayers).forward(pass, last);
            pass.layerDone(last);
        }
        norm.forward(pass, last, y);
        pass.pop();
        return y;
    }

    @Override
    public Tensor outputs(Pass pass, Tensor tokens, TokenBatch batch) {
        return classifier.forward(pass, Pools.first(pass, tokens, batch.offsets(), batch.sequences()));
    }

    @Override
    public List<BlockSlot> slots() {
        return PreNormLayer.slots(layers);
    }

    @Override
    public List<BlockSlot> narrowSlots() {
        return shortPath.map(path -> PreNormLayer.slots(path.narrow())).orElse(List.of());
    }

    @Override
    public Optional<Leaving> leaving() {
        return shortPath.map(ShortPath::leaving);
    }

    @Override
    public double fixedFlops(int tokens) {
        return (double) patches.count() * projection.flopsPerToken() + classifier.flopsPerToken();
    }

    @Override
    public void prepare(Stream stream) {
        projection.weight().prepare(stream);
        classifier.weight().prepare(stream);
    }
}
