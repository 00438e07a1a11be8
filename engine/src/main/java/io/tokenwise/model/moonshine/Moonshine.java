package io.tokenwise.model.moonshine;

import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.backend.Stream;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.Network;
import io.tokenwise.model.PreNormLayer;
import io.tokenwise.model.SpeechDescription;
import io.tokenwise.model.SpeechWriter;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.LayerNorm;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.RotaryAttention;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Pools;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Moonshine (Jeffries et al. 2024): an encoder that makes frames of sound, beside the decoder that writes their text. The front end cannot be trained. */
record Moonshine(SoundFrontEnd frontEnd, List<PreNormLayer> layers, LayerNorm norm, SpeechDecoder decoder)
        implements Network {
    /** With zero weights. */
    static Moonshine of(SpeechDescription description, LayerBuilder parts) {
        var sizes = (MoonshineArchitecture) description.architecture();
        var positions = new RotaryPositions(
                description.maxTokens(),
                sizes.hiddenSize() / sizes.heads(),
                sizes.rotated(),
                MoonshineArchitecture.ROTARY_BASE);
        return new Moonshine(
                SoundFrontEnd.of(sizes.hiddenSize(), parts),
                IntStream.range(0, sizes.layers())
                        .mapToObj(i -> layer("encoder.layers." + i + ".", sizes, positions, parts))
                        .toList(),
                parts.normWithoutShift("encoder.layer_norm"),
                SpeechDecoder.of(sizes, parts));
    }

    private static PreNormLayer layer(
            String path, MoonshineArchitecture sizes, RotaryPositions positions, LayerBuilder parts) {
        int hidden = sizes.hiddenSize();
        String self = path + "self_attn.";
        LayerNorm attentionNorm = parts.normWithoutShift(path + "input_layernorm");
        Linear qkv = parts.matrices(hidden, hidden, self + "q_proj", self + "k_proj", self + "v_proj");
        var attention =
                new RotaryAttention(qkv, parts.matrices(hidden, hidden, self + "o_proj"), sizes.heads(), positions);
        LayerNorm mlpNorm = parts.normWithoutShift(path + "post_attention_layernorm");
        var mlp = new Mlp(
                parts.linear(path + "mlp.fc1", hidden, sizes.intermediateSize()),
                parts.linear(path + "mlp.fc2", sizes.intermediateSize(), hidden));
        return new PreNormLayer(
                attentionNorm, parts.attention(path + "attention", attention), mlpNorm, parts.mlp(path + "mlp", mlp));
    }

    /** Of recordings the frames, as the front end makes them. */
    @Override
    public Tensor embeddings(Pass pass, TokenBatch batch) {
        Tensor y = pass.tensor(batch.tokens(), norm.gamma().value().columns());
        pass.push();
        return pass.popKeeping(frontEnd.forward(pass, batch), y);
    }

    @Override
    public Tensor layers(Pass pass, Tensor x, int narrowLayers) {
        Tensor y = pass.tensor(x.rows(), x.columns());
        pass.push();
        Tensor last = x;
        for (int i = 0; i < layers.size(); i++) {
            last = layers.get(i).forward(pass, last);
        }
        norm.forward(pass, last, y);
        pass.pop();
        return y;
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
        return PreNormLayer.slots(layers);
    }

    @Override
    public Optional<SpeechWriter> writer() {
        return Optional.of(decoder);
    }

    /** The front end's. */
    @Override
    public double fixedFlops(int tokens) {
        return tokens * frontEnd.flopsPerFrame();
    }

    @Override
    public void prepare(Stream stream) {
        frontEnd.prepare(stream);
        decoder.prepare(stream);
    }
}
