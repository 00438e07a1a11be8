package io.tokenwise.model;

import io.tokenwise.cost.Sizes;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

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

    /** Within a layer, the name of the weight of its MLP's first matrix. */
    default String mlpInput() {
        return "intermediate.dense.weight";
    }

    /** What of the model can be adaptive, as a message says it. */
    default String adaptable() {
        return "encoder.layer.0.mlp to encoder.layer." + (layers() - 1)
                + ".mlp, and attention with letters of qkvo likewise";
    }

    /** The paths of the layers, such as {@code encoder.layer.0}, first to last: the encoder's, then, if there is one, the decoder's. */
    default List<List<String>> layerPaths() {
        return List.of(paths("encoder.layer.", layers()));
    }

    /** The numbers from 0 on after a prefix. */
    static List<String> paths(String prefix, int count) {
        return IntStream.range(0, count).mapToObj(i -> prefix + i).toList();
    }

    /** The dense model's tensors: Hugging Face name to shape. */
    Map<String, long[]> tensors();
}
