package io.tokenwise.model.wav2vec2;

import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.Activation;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.LayerForm;
import io.tokenwise.model.LayerNames;
import io.tokenwise.model.LayerStack;
import io.tokenwise.model.Network;
import io.tokenwise.model.SpeechDescription;
import io.tokenwise.model.SpeechWriter;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.GroupedConvolution;
import io.tokenwise.nn.LayerNorm;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.Norm;
import io.tokenwise.nn.NormForm;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Activations;
import io.tokenwise.op.Pools;
import io.tokenwise.op.Sums;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tokenizer.CtcVocabulary;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * wav2vec 2.0 (Baevski et al. 2020) or HuBERT (Hsu et al. 2021) with a head for CTC: frames of sound, each of which is a letter or none.
 *
 * @param featureNorm before the projection; null if there is none
 * @param places what tells a frame where it is: a convolution over its neighbours
 * @param norm before the first layer, or behind the last
 */
record Wav2Vec2(
        FeatureEncoder features,
        LayerNorm featureNorm,
        Linear projection,
        GroupedConvolution places,
        Activation activation,
        Norm norm,
        boolean normsBefore,
        LayerStack layers,
        CtcWriter ctc)
        implements Network {
    static final String PLACES = "encoder.pos_conv_embed.conv";

    private static final LayerNames NAMES = LayerNames.of(
            "attention.q_proj",
            "attention.k_proj",
            "attention.v_proj",
            "attention.out_proj",
            "feed_forward.intermediate_dense",
            "feed_forward.output_dense",
            LayerNames.Norms.of("layer_norm", "final_layer_norm"));

    /** With zero weights. */
    static Wav2Vec2 of(SpeechDescription description, LayerBuilder parts) {
        Wav2Vec2Architecture sizes = Wav2Vec2Config.architecture(description);
        var norm = NormForm.layerNorm(sizes.layerNormEpsilon());
        int hidden = sizes.hiddenSize();
        int channels = sizes.channels().getLast();
        var layer = LayerForm.of(
                sizes.normsBefore() ? LayerForm.NormPlace.BEFORE : LayerForm.NormPlace.AFTER,
                norm,
                AttentionForm.plain(sizes.heads(), hidden / sizes.heads()),
                new MlpForm(sizes.intermediateSize(), sizes.activation(), false, true, true));
        LayerBuilder inputs = parts.inputs();
        return new Wav2Vec2(
                FeatureEncoder.of(sizes, description.sound(), inputs),
                sizes.frameNorm() ? inputs.layerNorm("feature_projection.layer_norm", norm, channels) : null,
                inputs.linear("feature_projection.projection", channels, hidden),
                inputs.groupedConvolution(PLACES, sizes.placeGroups(), sizes.placeWidth()),
                sizes.soundActivation(),
                (sizes.normsBefore() ? parts.head() : inputs).norm("encoder.layer_norm", norm),
                sizes.normsBefore(),
                parts.layers("encoder.layers.", Collections.nCopies(sizes.layers(), layer), NAMES),
                new CtcWriter(
                        parts.head().linear("lm_head", hidden, sizes.vocabularySize()),
                        ((CtcVocabulary) description.vocabulary()).blank()));
    }

    /** Of recordings the frames, with what tells them where they are. */
    @Override
    public Tensor embeddings(Pass pass, TokenBatch batch) {
        Tensor y = pass.tensor(batch.tokens(), projection.weight().outputs());
        pass.push();
        Tensor x = placed(pass, projected(pass, features.forward(pass, batch)), batch);
        if (normsBefore) {
            return pass.popKeeping(x, y);
        }
        norm.forward(pass, x, y);
        pass.pop();
        return y;
    }

    private Tensor projected(Pass pass, Tensor x) {
        if (featureNorm == null) {
            return projection.forward(pass, x);
        }
        Tensor normed = pass.tensor(x.rows(), x.columns());
        featureNorm.forward(pass, x, normed);
        return projection.forward(pass, normed);
    }

    private Tensor placed(Pass pass, Tensor x, TokenBatch batch) {
        Tensor near = places.forward(pass, x, batch.offsets(), batch.sequences());
        return Sums.of(pass, x, Activations.of(pass, near, activation));
    }

    @Override
    public Tensor layers(Pass pass, Tensor x, int narrowLayers) {
        return layers.forward(pass, x, narrowLayers, normsBefore ? Optional.of(norm) : Optional.empty());
    }

    /** The mean of a recording's frames; what each of them may be is the writer's matter. */
    @Override
    public Tensor outputs(Pass pass, Tensor tokens, TokenBatch batch) {
        return Pools.mean(pass, tokens, batch.offsets(), batch.sequences());
    }

    @Override
    public List<BlockSlot> slots() {
        return layers.slots();
    }

    /** The feature encoder's and the positions'; the head's are the writer's. */
    @Override
    public double fixedFlops(int tokens) {
        return tokens * (features.flopsPerFrame() + projection.flopsPerToken() + places.flopsPerRow());
    }

    @Override
    public Optional<SpeechWriter> writer() {
        return Optional.of(ctc);
    }

    /** @throws UnsupportedOperationException on a device */
    @Override
    public void prepare(Stream stream) {
        places.prepare(stream);
        features.prepare(stream);
        projection.weight().prepare(stream);
        ctc.prepare(stream);
    }
}
