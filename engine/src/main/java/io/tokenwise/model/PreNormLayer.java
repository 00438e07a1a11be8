package io.tokenwise.model;

import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.LayerNorm;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;

/** One pre-LayerNorm encoder layer (Dosovitskiy et al. 2021, equations 2 and 3): attention and MLP, each with a norm before it and a residual connection around both. */
public record PreNormLayer(LayerNorm attentionNorm, BlockSlot attention, LayerNorm mlpNorm, BlockSlot mlp) {
    /** {@code [tokens, hidden]} to the same. */
    public Tensor forward(Pass pass, Tensor x) {
        Tensor y = pass.tensor(x.rows(), x.columns());
        pass.push();
        Tensor normed = pass.tensor(x.rows(), x.columns());
        attentionNorm.forward(pass, x, normed);
        Tensor attended = attention.block().forward(pass, normed, x);
        Tensor normedAgain = pass.tensor(x.rows(), x.columns());
        mlpNorm.forward(pass, attended, normedAgain);
        return pass.popKeeping(mlp.block().forward(pass, normedAgain, attended), y);
    }

    /** The places of attention and MLP of each layer, in the order in which they run. */
    public static List<BlockSlot> slots(List<PreNormLayer> layers) {
        return layers.stream()
                .flatMap(layer -> Stream.of(layer.attention, layer.mlp))
                .toList();
    }
}
