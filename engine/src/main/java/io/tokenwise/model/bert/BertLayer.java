package io.tokenwise.model.bert;

import io.tokenwise.model.LayerBuilder;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.LayerNorm;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;

/** One post-LayerNorm encoder layer (Devlin et al. 2019): attention and MLP, each with a residual connection and a norm after it. */
record BertLayer(BlockSlot attention, LayerNorm attentionNorm, BlockSlot mlp, LayerNorm outputNorm) {
    static BertLayer of(String path, LayerBuilder parts) {
        BlockSlot attention = parts.attention(path, "attention.self.");
        LayerNorm attentionNorm = parts.norm(path + "attention.output.LayerNorm");
        return new BertLayer(attention, attentionNorm, parts.mlp(path), parts.norm(path + "output.LayerNorm"));
    }

    /** {@code [tokens, hidden]} to the same. */
    Tensor forward(Pass pass, Tensor x) {
        Tensor y = pass.tensor(x.rows(), x.columns());
        pass.push();
        Tensor attended = pass.tensor(x.rows(), x.columns());
        attentionNorm.forward(pass, attention.block().forward(pass, x, x), attended);
        outputNorm.forward(pass, mlp.block().forward(pass, attended, attended), y);
        pass.pop();
        return y;
    }
}
