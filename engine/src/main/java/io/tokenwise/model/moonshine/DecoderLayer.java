package io.tokenwise.model.moonshine;

import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.nn.Block;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.CachedAttention;
import io.tokenwise.nn.CrossAttention;
import io.tokenwise.nn.LayerNorm;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;
import java.util.List;

/**
 * One layer of Moonshine's decoder: attention to what was written, attention to what was heard, and a gated MLP, each with a norm before it and a
 * residual connection around both.
 */
record DecoderLayer(
        LayerNorm writtenNorm,
        BlockSlot written,
        LayerNorm heardNorm,
        CrossAttention reader,
        BlockSlot heard,
        LayerNorm mlpNorm,
        BlockSlot mlp) {
    static DecoderLayer of(int layer, MoonshineArchitecture sizes, RotaryPositions positions, LayerBuilder parts) {
        String path = "decoder.layers." + layer + ".";
        int hidden = sizes.hiddenSize();
        String self = path + "self_attn.";
        LayerNorm writtenNorm = parts.normWithoutShift(path + "input_layernorm");
        var written = new CachedAttention(
                parts.matrices(hidden, hidden, self + "q_proj", self + "k_proj", self + "v_proj"),
                parts.matrices(hidden, hidden, self + "o_proj"),
                sizes.heads(),
                positions,
                layer);
        LayerNorm heardNorm = parts.normWithoutShift(path + "post_attention_layernorm");
        String cross = path + "encoder_attn.";
        var heard = new CrossAttention(
                parts.matrices(hidden, hidden, cross + "q_proj"),
                parts.matrices(hidden, hidden, cross + "k_proj", cross + "v_proj"),
                parts.matrices(hidden, hidden, cross + "o_proj"),
                sizes.heads(),
                layer);
        LayerNorm mlpNorm = parts.normWithoutShift(path + "final_layernorm");
        Mlp mlp = Mlp.gated(
                parts.linear(path + "mlp.fc1", hidden, 2 * sizes.intermediateSize()),
                parts.linear(path + "mlp.fc2", sizes.intermediateSize(), hidden));
        return new DecoderLayer(
                writtenNorm,
                parts.attention(path + "attention", written),
                heardNorm,
                heard,
                new BlockSlot(path + "cross_attention", heard),
                mlpNorm,
                parts.mlp(path + "mlp", mlp));
    }

    /** {@code [tokens, hidden]} to the same: the one token that is being written, or all of the texts that are predicted. */
    Tensor forward(Pass pass, Tensor x) {
        Tensor y = after(pass, writtenNorm, written.block(), x);
        y = after(pass, heardNorm, heard.block(), y);
        return after(pass, mlpNorm, mlp.block(), y);
    }

    private static Tensor after(Pass pass, LayerNorm norm, Block block, Tensor x) {
        Tensor normed = pass.tensor(x.rows(), x.columns());
        norm.forward(pass, x, normed);
        return block.forward(pass, normed, x);
    }

    List<BlockSlot> slots() {
        return List.of(written, heard, mlp);
    }
}
