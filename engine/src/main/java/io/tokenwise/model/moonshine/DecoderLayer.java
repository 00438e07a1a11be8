package io.tokenwise.model.moonshine;

import io.tokenwise.kernels.Activation;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.LayerNames;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.Block;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.CachedAttention;
import io.tokenwise.nn.CrossAttention;
import io.tokenwise.nn.LayerNorm;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.NormForm;
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
    /** Of each unit one column and, after all of these, one of its gate. */
    private static final LayerNames NAMES =
            Moonshine.NAMES.gatedBy(new LayerNames.Side("mlp.fc1", 0, 2), new LayerNames.Side("mlp.fc1", 1, 2));

    static DecoderLayer of(int layer, MoonshineArchitecture sizes, AttentionForm attention, LayerBuilder parts) {
        String path = "decoder.layers." + layer + ".";
        int hidden = sizes.hiddenSize();
        var norm = NormForm.unshifted(sizes.layerNormEpsilon());
        var mlp = new MlpForm(sizes.intermediateSize(), Activation.SILU, true, true, true);
        LayerNorm writtenNorm = parts.layerNorm(path + "input_layernorm", norm);
        var written = new CachedAttention(
                parts.qkv(path, attention, NAMES),
                parts.matrices(path, "", hidden, hidden, "self_attn.o_proj"),
                sizes.heads(),
                parts.rotary(attention),
                layer);
        LayerNorm heardNorm = parts.layerNorm(path + "post_attention_layernorm", norm);
        var heard = new CrossAttention(
                parts.matrices(path, "", hidden, hidden, "encoder_attn.q_proj"),
                parts.matrices(path, "kv", hidden, hidden, "encoder_attn.k_proj", "encoder_attn.v_proj"),
                parts.matrices(path, "", hidden, hidden, "encoder_attn.o_proj"),
                sizes.heads(),
                layer);
        LayerNorm mlpNorm = parts.layerNorm(path + "final_layernorm", norm);
        return new DecoderLayer(
                writtenNorm,
                parts.attention(path + "attention", written),
                heardNorm,
                heard,
                parts.slot(path + "cross_attention", heard),
                mlpNorm,
                parts.mlp(path, mlp, NAMES));
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
