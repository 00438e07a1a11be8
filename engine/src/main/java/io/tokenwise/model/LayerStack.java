package io.tokenwise.model;

import io.tokenwise.acm.leave.Leaving;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Norm;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** Layers that run one after the other, and, if tokens can leave, the short path beside them. */
public record LayerStack(List<TransformerLayer> layers, Optional<ShortPath> shortPath) {
    /**
     * {@code [tokens, hidden]} to the same.
     *
     * @param x the layers' own from here on: in inference ({@link Pass#over(Tensor)}) its memory is written over, and nobody may read it again
     * @param narrowLayers how many layers run in their narrow form
     */
    public Tensor forward(Pass pass, Tensor x, int narrowLayers) {
        Tensor last = x;
        for (int i = 0; i < layers.size(); i++) {
            // A layer writes last of all, and nobody reads its input again: memory that it has just used is still near.
            last = layer(i, narrowLayers).forward(pass, last, pass.over(last));
            pass.layerDone(last);
        }
        return last;
    }

    /** The same, x included, with a norm after the last layer; empty for none. */
    public Tensor forward(Pass pass, Tensor x, int narrowLayers, Optional<Norm> lastNorm) {
        if (lastNorm.isEmpty()) {
            return forward(pass, x, narrowLayers);
        }
        Tensor y = pass.tensor(x.rows(), x.columns());
        pass.push();
        lastNorm.get().forward(pass, forward(pass, x, narrowLayers), y);
        pass.pop();
        return y;
    }

    /**
     * The vectors after the last layer, and the norm behind it, of one token of each sequence, {@code [sequences, hidden]}; the last layer makes no other.
     * The pass's batch is these tokens afterwards. Only in inference.
     *
     * @param x as of {@link #forward}
     */
    public Tensor forward(Pass pass, Tensor x, int narrowLayers, Optional<Norm> lastNorm, Pooling read) {
        int last = layers.size() - 1;
        if (last < 0 || !layer(last, narrowLayers).hasDenseMlp()) {
            Tensor y = read.forward(pass, forward(pass, x, narrowLayers, lastNorm), pass.batch());
            ReadTokens.of(pass).begin(pass);
            return y;
        }
        Tensor y = pass.tensor(pass.batch().sequences(), x.columns());
        Tensor before = x;
        for (int i = 0; i < last; i++) {
            before = layer(i, narrowLayers).forward(pass, before, pass.over(before));
        }
        layer(last, narrowLayers).forward(pass, before, read, y);
        if (lastNorm.isPresent()) {
            lastNorm.get().forward(pass, y, y);
        }
        return y;
    }

    private TransformerLayer layer(int i, int narrowLayers) {
        return narrowLayers == 0 ? layers.get(i) : shortPath.orElseThrow().layer(layers, i, narrowLayers);
    }

    /** The places of attention and MLP of each layer, in the order in which they run. */
    public List<BlockSlot> slots() {
        return slots(layers);
    }

    /** The same of the narrow layers; empty without a short path. */
    public List<BlockSlot> narrowSlots() {
        return shortPath.map(path -> slots(path.narrow())).orElse(List.of());
    }

    /** How tokens leave; empty if none can. */
    public Optional<Leaving> leaving() {
        return shortPath.map(ShortPath::leaving);
    }

    private static List<BlockSlot> slots(List<TransformerLayer> layers) {
        return layers.stream().flatMap(layer -> layer.slots().stream()).toList();
    }
}
