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

    /** The dense model's tensors: Hugging Face name to shape. */
    Map<String, long[]> tensors();
}
