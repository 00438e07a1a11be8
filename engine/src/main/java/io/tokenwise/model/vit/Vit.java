package io.tokenwise.model.vit;

import io.tokenwise.acm.leave.Leaving;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.backend.ImagePatches;
import io.tokenwise.backend.Stream;
import io.tokenwise.image.ImagePreparation;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.LayerForm;
import io.tokenwise.model.LayerNames;
import io.tokenwise.model.LayerStack;
import io.tokenwise.model.LeavingTokens;
import io.tokenwise.model.Network;
import io.tokenwise.model.Pooling;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.Norm;
import io.tokenwise.nn.NormForm;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Patches;
import io.tokenwise.op.Pools;
import io.tokenwise.op.TakenRows;
import io.tokenwise.tensor.Tensor;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** The Vision Transformer (Dosovitskiy et al. 2021) with a classifier on its class token. */
record Vit(
        ImagePatches patches,
        Linear projection,
        Parameter classToken,
        Parameter positions,
        LayerStack layers,
        Optional<Norm> norm,
        Linear classifier)
        implements Network {
    private static final LayerNames NAMES = LayerNames.of(
            "attention.attention.query",
            "attention.attention.key",
            "attention.attention.value",
            "attention.output.dense",
            "intermediate.dense",
            "output.dense",
            LayerNames.Norms.of("layernorm_before", "layernorm_after"));

    /** With zero weights. */
    static Vit of(ImageDescription description, LayerBuilder parts) {
        var sizes = (VitArchitecture) description.architecture();
        ImagePreparation preparation = description.preparation();
        long hidden = sizes.hiddenSize();
        var norm = NormForm.layerNorm(sizes.layerNormEpsilon());
        var layer = LayerForm.of(
                LayerForm.NormPlace.BEFORE,
                norm,
                AttentionForm.plain(sizes.heads(), sizes.hiddenSize() / sizes.heads()),
                MlpForm.gelu(sizes.intermediateSize()));
        LayerBuilder inputs = parts.inputs();
        return new Vit(
                ImagePatches.of(sizes.imageSize(), sizes.patchSize(), preparation.means(), preparation.deviations()),
                inputs.patchProjection(
                        "embeddings.patch_embeddings.projection", VitArchitecture.CHANNELS, sizes.patchSize()),
                inputs.table("embeddings.cls_token", 1, 1L, 1L, hidden),
                inputs.table("embeddings.position_embeddings", sizes.tokens(), 1L, (long) sizes.tokens(), hidden),
                // The class token stays: it is what the classifier reads.
                parts.layers(
                        "encoder.layer.",
                        Collections.nCopies(sizes.layers(), layer),
                        NAMES,
                        new LeavingTokens(1, 0, sizes.tokens(), 0, sizes.patchesPerSide())),
                Optional.of(parts.head().norm("layernorm", norm)),
                parts.head().linear("classifier", sizes.hiddenSize(), sizes.classes()));
    }

    @Override
    public Tensor embeddings(Pass pass, TokenBatch batch) {
        Tensor y = pass.tensor(batch.tokens(), classToken.value().columns());
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

    @Override
    public Tensor layers(Pass pass, Tensor x, int narrowLayers) {
        return layers.forward(pass, x, narrowLayers, norm);
    }

    @Override
    public Tensor layers(Pass pass, Tensor x, int narrowLayers, Pooling read) {
        return layers.forward(pass, x, narrowLayers, norm, read);
    }

    @Override
    public Tensor outputs(Pass pass, Tensor tokens, TokenBatch batch) {
        return classifier.forward(pass, Pools.first(pass, tokens, batch.offsets(), batch.sequences()));
    }

    @Override
    public List<BlockSlot> slots() {
        return layers.slots();
    }

    @Override
    public List<BlockSlot> narrowSlots() {
        return layers.narrowSlots();
    }

    @Override
    public Optional<Leaving> leaving() {
        return layers.leaving();
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
