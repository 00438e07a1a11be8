package io.tokenwise.model;

import io.tokenwise.acm.config.ShortPathConfig;
import io.tokenwise.acm.leave.ForwardFlops;
import io.tokenwise.acm.leave.ForwardTime;
import io.tokenwise.acm.leave.Leaving;
import io.tokenwise.acm.leave.ShortPlans;
import io.tokenwise.acm.leave.StayGate;
import io.tokenwise.cost.CostModel;
import io.tokenwise.cost.CostTable;
import io.tokenwise.cost.CostTables;
import io.tokenwise.nn.Attention;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.NormForm;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The way through a model for inputs whose budget is less than all: tokens leave, and some of the layers run in their narrow form. At full budget the
 * dense model's own layers run.
 *
 * @param narrow the narrow form of each layer
 */
public record ShortPath(Leaving leaving, List<TransformerLayer> narrow) {
    /**
     * With zero weights; empty if names and shapes are all that is wanted.
     *
     * @param layers makes the narrow forms
     */
    static Optional<ShortPath> of(
            ShortPathConfig config, LeavingTokens tokens, LayerBuilder parts, Supplier<List<TransformerLayer>> layers) {
        StayGate gate = gate(tokens.vocabulary(), parts.sizes(), parts.gate());
        List<TransformerLayer> narrow = layers.get();
        if (parts.shapesOnly()) {
            return Optional.empty();
        }
        Architecture sizes = parts.sizes();
        var flops = new ForwardFlops(
                gate.gateFlops(),
                sizes.layers() * sizes.layerFlopsPerToken(),
                sizes.layers() * sizes.mlpFlopsPerToken());
        var plans = new ShortPlans(
                flops,
                time(tokens.most(), parts),
                config.losses(),
                tokens.first(),
                tokens.last(),
                sizes.layers(),
                config.leastWorth(),
                tokens.most());
        if (tokens.vocabulary() == 0 && config.leastWorth().tokens() > 0) {
            throw new IllegalArgumentException("acm.shortPath.shortTexts.tokens is "
                    + config.leastWorth().tokens() + ", must be 0 of a model whose inputs are no texts");
        }
        if (config.narrow().first().size() != sizes.layers()) {
            throw new IllegalArgumentException("acm.shortPath.narrowFirst names "
                    + config.narrow().first().size() + " layers, the model has " + sizes.layers());
        }
        var leaving = new Leaving(gate, plans, config.narrow(), tokens.patchesPerSide());
        return Optional.of(new ShortPath(leaving, narrow));
    }

    /** By what was measured on this machine, or by what came with the build for its instruction set. */
    private static ForwardTime time(int maxTokens, LayerBuilder parts) {
        CostTable table = CostTables.find(parts.parameters().backend()).table();
        return new ForwardTime(
                new CostModel(table, parts.sizes().sizes(), maxTokens),
                new CostModel(table, StayGate.SIZES, maxTokens));
    }

    private static StayGate gate(int vocabulary, Architecture sizes, LayerBuilder parts) {
        int width = StayGate.WIDTH;
        var norm = NormForm.layerNorm(sizes.layerNormEpsilon());
        return new StayGate(
                parts.linear("projection", sizes.hiddenSize(), width),
                parts.layerNorm("projection_norm", norm, width),
                Attention.plain(
                        parts.linear("attention.qkv", width, 3 * width),
                        parts.linear("attention.output", width, width),
                        StayGate.HEADS),
                parts.layerNorm("attention_norm", norm, width),
                new Mlp(parts.linear("mlp.up", width, StayGate.UNITS), parts.linear("mlp.down", StayGate.UNITS, width)),
                parts.layerNorm("output_norm", norm, width),
                parts.linear("value", width, 1),
                vocabulary == 0 ? null : parts.vector("table", vocabulary),
                sizes.layers() * sizes.layerFlopsPerToken());
    }

    /** A layer in its narrow form, or the dense model's own. */
    TransformerLayer layer(List<TransformerLayer> dense, int layer, int narrowLayers) {
        return (leaving.narrow().isNarrow(layer, narrowLayers) ? narrow : dense).get(layer);
    }
}
