package io.tokenwise.model.moonshine;

import io.tokenwise.backend.Stream;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.LayerForm;
import io.tokenwise.model.LayerNames;
import io.tokenwise.model.LayerStack;
import io.tokenwise.model.Network;
import io.tokenwise.model.SpeechDescription;
import io.tokenwise.model.SpeechWriter;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.Norm;
import io.tokenwise.nn.NormForm;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.Positions;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Pools;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** Moonshine (Jeffries et al. 2024): an encoder that makes frames of sound, beside the decoder that writes their text. The front end cannot be trained. */
record Moonshine(SoundFrontEnd frontEnd, LayerStack layers, Optional<Norm> norm, SpeechDecoder decoder)
        implements Network {
    /** Of an encoder's layer, and so far of a decoder's. */
    static final LayerNames NAMES = LayerNames.of(
            "self_attn.q_proj",
            "self_attn.k_proj",
            "self_attn.v_proj",
            "self_attn.o_proj",
            "mlp.fc1",
            "mlp.fc2",
            LayerNames.Norms.of("input_layernorm", "post_attention_layernorm"));

    /** With zero weights. */
    static Moonshine of(SpeechDescription description, LayerBuilder parts) {
        var sizes = (MoonshineArchitecture) description.architecture();
        var norm = NormForm.unshifted(sizes.layerNormEpsilon());
        var layer = LayerForm.of(
                LayerForm.NormPlace.BEFORE,
                norm,
                attention(sizes, description.maxTokens()),
                MlpForm.gelu(sizes.intermediateSize()));
        return new Moonshine(
                SoundFrontEnd.of(sizes, parts.inputs()),
                parts.layers("encoder.layers.", Collections.nCopies(sizes.layers(), layer), NAMES),
                Optional.of(parts.head().norm("encoder.layer_norm", norm)),
                SpeechDecoder.of(sizes, parts.decoder()));
    }

    /** Attention of an encoder's layer, or of a decoder's, with as many tokens as said at most. */
    static AttentionForm attention(MoonshineArchitecture sizes, int tokens) {
        var positions =
                new Positions.Rotary(sizes.rotated(), MoonshineArchitecture.ROTARY_BASE, false, List.of(), tokens);
        return AttentionForm.plain(sizes.heads(), sizes.hiddenSize() / sizes.heads())
                .withoutBiases()
                .with(positions);
    }

    /** Of recordings the frames, as the front end makes them. */
    @Override
    public Tensor embeddings(Pass pass, TokenBatch batch) {
        Tensor y = pass.tensor(batch.tokens(), frontEnd.norm().gamma().value().columns());
        pass.push();
        return pass.popKeeping(frontEnd.forward(pass, batch), y);
    }

    @Override
    public Tensor layers(Pass pass, Tensor x, int narrowLayers) {
        return layers.forward(pass, x, narrowLayers, norm);
    }

    /** The mean of a recording's frames; its text is the decoder's matter. */
    @Override
    public Tensor outputs(Pass pass, Tensor tokens, TokenBatch batch) {
        return Pools.mean(pass, tokens, batch.offsets(), batch.sequences());
    }

    /** The encoder's, then the decoder's. */
    @Override
    public List<BlockSlot> slots() {
        List<BlockSlot> slots = new ArrayList<>(tokenSlots());
        slots.addAll(decoder.slots());
        return slots;
    }

    /** The encoder's: those of frames. */
    @Override
    public List<BlockSlot> tokenSlots() {
        return layers.slots();
    }

    /** The front end's. */
    @Override
    public double fixedFlops(int tokens) {
        return tokens * frontEnd.flopsPerFrame();
    }

    @Override
    public Optional<SpeechWriter> writer() {
        return Optional.of(decoder);
    }

    @Override
    public void prepare(Stream stream) {
        frontEnd.prepare(stream);
        decoder.prepare(stream);
    }
}
