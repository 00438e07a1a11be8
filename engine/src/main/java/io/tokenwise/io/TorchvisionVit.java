package io.tokenwise.io;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What torchvision's Vision Transformers are where no JSON file says so: their sizes follow from their tensors, the rest is what its own weights want. */
final class TorchvisionVit {
    static final double LAYER_NORM_EPSILON = 1e-6;

    /** A tensor that nobody else calls so. */
    private static final String PATCHES = "conv_proj.weight";

    /** No shape tells heads: hidden sizes and heads of its ViT-B, L and H. */
    private static final Map<Integer, Integer> HEADS = Map.of(768, 12, 1024, 16, 1280, 16);

    /** Of any dimension: far above every published ViT, far below what overflows an int. */
    private static final int MOST = 1 << 16;

    private static final List<Double> MEANS = List.of(0.485, 0.456, 0.406);
    private static final List<Double> DEVIATIONS = List.of(0.229, 0.224, 0.225);

    private TorchvisionVit() {}

    /** Whether the weights have torchvision's names. */
    static boolean is(WeightSource weights) {
        return weights.names().contains(PATCHES);
    }

    /** Whether the folder has weights, and these have torchvision's names. */
    static boolean isIn(ModelFolder folder) throws IOException {
        if (!folder.has(ModelFolder.WEIGHTS)) {
            return false;
        }
        try (WeightSource weights = folder.weights()) {
            return is(weights);
        }
    }

    /** As IMAGENET1K_V1 of ViT-B at 224 pixels, and the SWAG weights at their larger sizes, were trained. */
    static ImagePreparation preparation(int size) {
        boolean usual = size == 224;
        return new ImagePreparation(usual ? 256 : size, false, !usual, MEANS, DEVIATIONS);
    }

    /**
     * Describes a model by its weights alone; classes are called LABEL_0 and so on.
     *
     * @throws BadFileException if a tensor that tells a size is absent or is no such, or the sizes are not those of a torchvision model
     */
    static ImageDescription describe(ModelFolder folder) throws IOException {
        try (WeightSource source = folder.weights()) {
            VitArchitecture architecture = architecture(new RenamedWeights(source, VitWeights.origins(source)));
            return new ImageDescription(
                    folder.name(),
                    architecture,
                    preparation(architecture.imageSize()),
                    ImageConfig.numbered(architecture.classes()),
                    Optional.empty());
        }
    }

    private static VitArchitecture architecture(RenamedWeights weights) {
        int hidden = dimension(weights, "embeddings.cls_token", 3, 2, 1);
        if (!HEADS.containsKey(hidden)) {
            throw new BadFileException(
                    weights.description(),
                    "has a hidden size of " + hidden
                            + ", of which the number of heads is not known (that of 768, 1024 and"
                            + " 1280 is); a config.json beside it must say num_attention_heads and the other sizes");
        }
        int layers = 0;
        while (weights.names().contains("encoder.layer." + layers + ".layernorm_before.weight")) {
            layers++;
        }
        int patch = dimension(weights, "embeddings.patch_embeddings.projection.weight", 4, 3, 1);
        int patches = dimension(weights, "embeddings.position_embeddings", 3, 1, 2) - 1;
        try {
            return new VitArchitecture(
                    hidden,
                    layers,
                    HEADS.get(hidden),
                    dimension(weights, "encoder.layer.0.intermediate.dense.weight", 2, 0, 1),
                    (int) Math.sqrt(patches) * patch,
                    patch,
                    dimension(weights, "classifier.weight", 2, 0, 2),
                    LAYER_NORM_EPSILON);
        } catch (IllegalArgumentException e) {
            throw new BadFileException(weights.description(), e.getMessage(), e);
        }
    }

    /** One of a tensor's dimensions, of which there must be so many. */
    private static int dimension(WeightSource weights, String tensor, int dimensions, int index, int least) {
        long[] shape = weights.shape(tensor);
        if (shape.length != dimensions || shape[index] < least || shape[index] > MOST) {
            throw new BadFileException(
                    weights.description(),
                    "tensor " + tensor + " has shape " + Arrays.toString(shape) + "; it must have " + dimensions
                            + " dimensions, number " + (index + 1) + " from " + least + " to " + MOST);
        }
        return (int) shape[index];
    }
}
