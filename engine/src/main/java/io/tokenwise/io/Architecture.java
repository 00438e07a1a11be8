package io.tokenwise.io;

import java.util.Map;

/** The sizes of a transformer encoder, as far as all have them. */
public sealed interface Architecture permits BertArchitecture, VitArchitecture, MoonshineArchitecture {
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

    /** Within a layer, the name of the weight of its MLP's first matrix. */
    default String mlpInput() {
        return "intermediate.dense.weight";
    }

    /** What of the model can be adaptive, as a message says it. */
    default String adaptable() {
        return "encoder.layer.0.mlp to encoder.layer." + (layers() - 1)
                + ".mlp, and attention with letters of qkvo likewise";
    }

    /** The dense model's tensors: Hugging Face name to shape. */
    Map<String, long[]> tensors();
}
