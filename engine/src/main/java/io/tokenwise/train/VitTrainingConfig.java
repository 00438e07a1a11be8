package io.tokenwise.train;

/**
 * How a Vision Transformer is trained from random weights. The defaults suit small images.
 *
 * @param epochs how often each image is seen, varied each time
 * @param imagesPerStep of a batch
 * @param rate peak learning rate; it rises over a twentieth of the steps and then falls to nothing along a cosine
 * @param decay AdamW's, of matrices
 * @param smoothing share of a label's probability that goes to all classes alike (Szegedy et al. 2016, section 7)
 * @param mirrored whether every second image is mirrored, at random
 * @param colors by how much brightness, contrast and saturation change at most, as a share of themselves
 * @param mixed the share of images that get a rectangle of another one, but for the last steps
 * @param dropped the share of an image's patches, others each time, that the first steps leave out, so that they take less time (PatchDropout, Liu
 *     et al. 2023, "PatchDropout: Economizing Vision Transformers Using Patch Dropout")
 * @param seed of everything random: same seed, same images, same weights
 */
public record VitTrainingConfig(
        int epochs,
        int imagesPerStep,
        double rate,
        double decay,
        double smoothing,
        boolean mirrored,
        double colors,
        double mixed,
        double dropped,
        long seed) {
    public static final int USUAL_EPOCHS = 40;

    public VitTrainingConfig {
        if (epochs < 1 || imagesPerStep < 1) {
            throw new IllegalArgumentException(
                    "epochs and images per step must be at least 1, are " + epochs + " and " + imagesPerStep);
        }
        if (!(rate > 0 && rate < 1) || !(decay >= 0 && decay < 1) || !(smoothing >= 0 && smoothing < 1)) {
            throw new IllegalArgumentException(
                    "rate, decay and smoothing must be from 0 to 1, are " + rate + ", " + decay + " and " + smoothing);
        }
        if (!(colors >= 0 && colors < 1) || !(mixed >= 0 && mixed <= 1) || !(dropped >= 0 && dropped < 1)) {
            throw new IllegalArgumentException(
                    "colors, mixed and dropped must be from 0 to 1, are " + colors + ", " + mixed + " and " + dropped);
        }
    }

    public static VitTrainingConfig of(int epochs, boolean mirrored, long seed) {
        return new VitTrainingConfig(epochs, 128, 1e-3, 0.05, 0.1, mirrored, 0.3, 0.5, 0.5, seed);
    }
}
