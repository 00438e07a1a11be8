package io.tokenwise.model;

import io.tokenwise.nn.Attention;
import io.tokenwise.nn.Block;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.Norm;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Sums;
import io.tokenwise.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * One layer of an encoder: attention and an MLP, each with a residual connection around it and its norms where the form says.
 *
 * @param attentionBefore what attention's input goes through; empty if nothing
 * @param attentionAfter what attention's result goes through
 * @param mlpBefore what the MLP's input goes through
 * @param mlpAfter what the MLP's result goes through
 */
public record TransformerLayer(
        LayerForm.NormPlace place,
        Optional<Norm> attentionBefore,
        BlockSlot attention,
        Optional<Norm> attentionAfter,
        Optional<Norm> mlpBefore,
        BlockSlot mlp,
        Optional<Norm> mlpAfter) {
    /**
     * With zero weights.
     *
     * @param path of the layer, such as {@code encoder.layer.0.}
     * @throws IllegalArgumentException if there is no operation yet for what the form asks
     */
    public static TransformerLayer of(String path, LayerForm form, LayerNames names, LayerBuilder parts) {
        LayerNames.Norms norms = names.norms();
        boolean before = form.place() != LayerForm.NormPlace.AFTER;
        boolean after = form.place() != LayerForm.NormPlace.BEFORE;
        boolean both = before && after;
        Optional<Norm> attentionBefore =
                form.attentionNorm().filter(_ -> before).map(norm -> parts.norm(path + norms.attention(), norm));
        BlockSlot attention = parts.attention(path, form.attention(), names);
        Optional<Norm> attentionAfter = form.attentionNorm()
                .filter(_ -> after)
                .map(norm -> parts.norm(path + (both ? norms.attended() : norms.attention()), norm));
        Optional<Norm> mlpBefore =
                Optional.of(form.mlpNorm()).filter(_ -> before).map(norm -> parts.norm(path + norms.mlp(), norm));
        BlockSlot mlp = parts.mlp(path, form.mlp(), names);
        Optional<Norm> mlpAfter = Optional.of(form.mlpNorm())
                .filter(_ -> after)
                .map(norm -> parts.norm(path + (both ? norms.added() : norms.mlp()), norm));
        return new TransformerLayer(form.place(), attentionBefore, attention, attentionAfter, mlpBefore, mlp, mlpAfter);
    }

    /**
     * {@code [tokens, hidden]} to the same.
     *
     * @param y where the result lies in inference, perhaps x; elsewhere it may be another tensor
     */
    Tensor forward(Pass pass, Tensor x, Tensor y) {
        pass.push();
        return throughMlp(pass, throughAttention(pass, x), y);
    }

    /**
     * The same in inference for one token of each sequence, {@code [sequences, hidden]}; all others have only their keys and values. These tokens are the pass's batch afterwards.
     *
     * @param x may be written over
     */
    void forward(Pass pass, Tensor x, Pooling read, Tensor y) {
        pass.push();
        Tensor attended = readThroughAttention(pass, x, read);
        ReadTokens.of(pass).begin(pass);
        throughMlp(pass, attended, y);
    }

    /** Before the norm that only what comes after needs. */
    private Tensor throughAttention(Pass pass, Tensor x) {
        return switch (place) {
            case AFTER -> attention.block().forward(pass, x, x);
            case BEFORE -> attention.block().forward(pass, norm(pass, attentionBefore, x), x);
            case AROUND -> around(pass, attentionBefore, attention.block(), attentionAfter, x);
        };
    }

    /** {@link #throughAttention} of the tokens that are read: a dense block projects no other's heads. */
    private Tensor readThroughAttention(Pass pass, Tensor x, Pooling read) {
        TokenBatch batch = pass.batch();
        if (!(attention.block() instanceof Attention dense)) {
            return read.forward(pass, throughAttention(pass, x), batch);
        }
        Tensor heads = dense.attend(pass, dense.qkv().forward(pass, norm(pass, attentionBefore, x)));
        Tensor readHeads = read.forward(pass, heads, batch);
        Tensor readX = read.forward(pass, x, batch);
        return place == LayerForm.NormPlace.AROUND
                ? Sums.of(pass, readX, norm(pass, attentionAfter, dense.output().forwardPlus(pass, readHeads, null)))
                : dense.output().forwardPlus(pass, readHeads, readX);
    }

    private Tensor throughMlp(Pass pass, Tensor attended, Tensor y) {
        return switch (place) {
            case AFTER -> {
                Tensor normed = over(pass, attentionAfter, attended);
                mlpAfter.orElseThrow().forward(pass, mlp.block().forward(pass, normed, normed), y);
                pass.pop();
                yield y;
            }
            case BEFORE -> {
                Tensor normed = norm(pass, mlpBefore, attended);
                yield pass.popKeeping(mlp.block().forward(pass, normed, attended), y);
            }
            case AROUND -> pass.popKeeping(around(pass, mlpBefore, mlp.block(), mlpAfter, attended), y);
        };
    }

    /** Whether some tokens may go through the MLP without the others: an adaptive one tells what all spend. */
    boolean hasDenseMlp() {
        return mlp.block() instanceof Mlp;
    }

    private static Tensor around(Pass pass, Optional<Norm> before, Block block, Optional<Norm> after, Tensor x) {
        return Sums.of(pass, x, norm(pass, after, block.forward(pass, norm(pass, before, x), null)));
    }

    /** {@link #norm} of what nobody needs any more. */
    private static Tensor over(Pass pass, Optional<Norm> norm, Tensor x) {
        if (norm.isEmpty()) {
            return x;
        }
        Tensor y = pass.over(x);
        norm.get().forward(pass, x, y);
        return y;
    }

    private static Tensor norm(Pass pass, Optional<Norm> norm, Tensor x) {
        if (norm.isEmpty()) {
            return x;
        }
        Tensor y = pass.tensor(x.rows(), x.columns());
        norm.get().forward(pass, x, y);
        return y;
    }

    List<BlockSlot> slots() {
        return List.of(attention, mlp);
    }
}
