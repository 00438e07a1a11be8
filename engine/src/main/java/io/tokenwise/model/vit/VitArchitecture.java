package io.tokenwise.model.vit;

import io.tokenwise.kernels.SequenceOps.AttentionCall;
import io.tokenwise.model.ImageArchitecture;

/**
 * The sizes of a Vision Transformer with a classifier (Dosovitskiy et al. 2021): pre-LayerNorm, a class token, learned positions, erf-GELU.
 *
 * @param imageSize width and height of the images that it reads, in pixels
 * @param patchSize width and height of a patch, which is a token; divides the image size
 * @param classes that it tells apart
 */
public record VitArchitecture(
        int hiddenSize,
        int layers,
        int heads,
        int intermediateSize,
        int imageSize,
        int patchSize,
        int classes,
        double layerNormEpsilon)
        implements ImageArchitecture {
    // Far above every published ViT, far below what overflows an int or exhausts memory by a typing error.
    private static final int MOST_WIDTH = 1 << 16;
    private static final int MOST_LAYERS = 1 << 10;
    private static final int MOST_PIXELS = 1 << 12;
    private static final int MOST_PATCHES = 1 << 14;

    /** @throws IllegalArgumentException if sizes do not fit each other, or are beyond all measure */
    public VitArchitecture {
        within("hidden size", hiddenSize, MOST_WIDTH);
        within("layers", layers, MOST_LAYERS);
        within("hidden units", intermediateSize, MOST_WIDTH);
        within("image size", imageSize, MOST_PIXELS);
        within("heads", heads, hiddenSize);
        within("patch size", patchSize, imageSize);
        if (hiddenSize % heads != 0) {
            throw new IllegalArgumentException(
                    "hidden size " + hiddenSize + " is not a multiple of " + heads + " heads");
        }
        within("columns of a head", hiddenSize / heads, AttentionCall.MOST_HEAD_SIZE);
        int side = imageSize / patchSize;
        if (imageSize % patchSize != 0 || side * side > MOST_PATCHES) {
            throw new IllegalArgumentException("patches of " + patchSize + " pixels must cover images of " + imageSize
                    + ", and be at most " + MOST_PATCHES);
        }
    }

    private static void within(String what, int value, int most) {
        if (value < 1 || value > most) {
            throw new IllegalArgumentException(what + " is " + value + ", must be 1 to " + most);
        }
    }

    /** Red, green and blue. */
    public static final int CHANNELS = 3;

    /** Values of a patch. */
    public int patchValues() {
        return CHANNELS * patchSize * patchSize;
    }
}
