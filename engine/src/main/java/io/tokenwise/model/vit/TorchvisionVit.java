package io.tokenwise.model.vit;

import io.tokenwise.api.BadFileException;
import io.tokenwise.image.ImagePreparation;
import io.tokenwise.io.WeightSource;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.model.ModelFolder;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What torchvision's Vision Transformers are where no JSON file says so: their sizes follow from their tensors, the rest is what its own weights want. */
final class TorchvisionVit {
    static final double LAYER_NORM_EPSILON = 1e-6;

    private static final String PATCHES = "conv_proj.weight";
    private static final String CLASS_TOKEN = "class_token";
    private static final String LAYER = "encoder.layers.encoder_layer_";

    /** No shape tells heads: hidden sizes and heads of its ViT-B, L and H. */
    private static final Map<Integer, Integer> HEADS = Map.of(768, 12, 1024, 16, 1280, 16);

    /** Of any dimension: far above every published ViT, far below what overflows an int. */
    private static final int MOST = 1 << 16;

    private static final List<Double> MEANS = List.of(0.485, 0.456, 0.406);
    private static final List<Double> DEVIATIONS = List.of(0.229, 0.224, 0.225);

    private TorchvisionVit() {}

    /** Whether the weights have torchvision's names. */
    static boolean is(WeightSource weights) {
        return weights.names().contains(PATCHES) && weights.names().contains(CLASS_TOKEN);
    }

    /** Whether the folder has weights, and these have torchvision's names. */
    static boolean isIn(ModelFolder folder) throws IOException {
        if (!folder.hasWeights()) {
            return false;
        }
        try (WeightSource weights = folder.weights()) {
            return is(weights);
        }
    }

    /**
     * As IMAGENET1K_V1 of ViT-B is, 256 pixels cut to 224, and in proportion below; above as the SWAG weights at their larger sizes are. The middle begins where
     * torchvision/transforms/functional.py (center_crop) has it: at {@code int(round((width - size) / 2.0))}, which Python rounds half to even.
     */
    static ImagePreparation preparation(int size) {
        boolean larger = size > 224;
        return new ImagePreparation(larger ? size : size * 256 / 224, false, larger, true, MEANS, DEVIATIONS);
    }

    /**
     * Describes a model by its weights alone; classes are called LABEL_0 and so on.
     *
     * @throws BadFileException if a tensor that tells a size is absent or is no such, or the sizes are not those of a torchvision model
     */
    static ImageDescription describe(ModelFolder folder) throws IOException {
        try (WeightSource source = folder.weights()) {
            VitArchitecture architecture = architecture(source);
            return new ImageDescription(
                    folder.name(),
                    VitFamily.VIT,
                    architecture,
                    preparation(architecture.imageSize()),
                    ImageConfig.numbered(architecture.classes()),
                    Optional.empty());
        }
    }

    private static VitArchitecture architecture(WeightSource weights) {
        int hidden = dimension(weights, CLASS_TOKEN, 3, 2, 1);
        if (!HEADS.containsKey(hidden)) {
            throw new BadFileException(
                    weights.description(),
                    "has a hidden size of " + hidden
                            + ", of which the number of heads is not known (that of 768, 1024 and"
                            + " 1280 is); a config.json beside it must have \"model_type\": \"vit\", num_attention_heads, the other sizes"
                            + " and num_labels or id2label");
        }
        int layers = 0;
        while (weights.names().contains(LAYER + layers + ".ln_1.weight")) {
            layers++;
        }
        int patch = dimension(weights, PATCHES, 4, 3, 1);
        int patches = dimension(weights, "encoder.pos_embedding", 3, 1, 2) - 1;
        try {
            return new VitArchitecture(
                    hidden,
                    layers,
                    HEADS.get(hidden),
                    dimension(weights, firstOfMlp(weights), 2, 0, 1),
                    (int) Math.sqrt(patches) * patch,
                    patch,
                    dimension(weights, "heads.head.weight", 2, 0, 2),
                    LAYER_NORM_EPSILON);
        } catch (IllegalArgumentException e) {
            throw new BadFileException(weights.description(), e.getMessage(), e);
        }
    }

    /** Before version 0.12 torchvision called it linear_1. */
    private static String firstOfMlp(WeightSource weights) {
        String older = LAYER + "0.mlp.linear_1.weight";
        return weights.names().contains(older) ? older : LAYER + "0.mlp.0.weight";
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
