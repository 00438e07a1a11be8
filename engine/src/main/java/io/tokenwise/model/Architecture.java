package io.tokenwise.model;

import io.tokenwise.cost.Sizes;

/** The sizes of a transformer encoder, as far as all have them. */
public interface Architecture {
    /** Width of a token's vector. */
    int hiddenSize();

    /** Number of encoder layers. */
    int layers();

    /** Attention heads; divides the hidden size. */
    int heads();

    /** Hidden units of each MLP. */
    int intermediateSize();

    /** Added to the variance in every LayerNorm. */
    double layerNormEpsilon();

    /** Those on which its time depends; of a model for speech, its encoder's. */
    default Sizes sizes() {
        return new Sizes(hiddenSize(), intermediateSize(), heads(), layers());
    }

    /** Multiply-adds of a layer's products for one token: Q, K, V and O, and the MLP. */
    default long layerFlopsPerToken() {
        return 4L * hiddenSize() * hiddenSize() + 2L * hiddenSize() * intermediateSize();
    }

    /** Those of the MLP among them. */
    default long mlpFlopsPerToken() {
        return 2L * hiddenSize() * intermediateSize();
    }

    /** Multiply-adds of attention's own products for one token of so many, in all layers: with keys, with values, and what scores have besides. */
    default double attentionFlopsPerToken(int tokens) {
        return 2.0 * tokens * hiddenSize() * layers();
    }

    /**
     * Values that a forward holds of a token at once: its embedding and two layers' results, and within a layer Q, K, V, context, attention output, norms, MLP
     * output and the units.
     */
    default long floatsPerToken() {
        return 12L * hiddenSize() + intermediateSize();
    }
}
