package io.tokenwise.io;

import java.util.List;

/**
 * How an image of any size becomes what a model reads: resized, cut, and each colour value v of 0 to 255 turned into {@code (v / 255 - mean) / deviation}.
 *
 * @param resizedTo pixels of the shorter side after resizing; 0 if the image is stretched to the model's size instead, as Hugging Face's ViT does
 * @param bicubic whether it is resized bicubically; else bilinearly
 * @param means of red, green and blue
 * @param deviations of red, green and blue, above 0
 */
public record ImagePreparation(int resizedTo, boolean bicubic, List<Double> means, List<Double> deviations) {
    private static final List<Double> HALVES = List.of(0.5, 0.5, 0.5);

    /** Hugging Face's defaults for ViT: stretched bilinearly, values from -1 to 1. */
    public static final ImagePreparation STRETCHED = new ImagePreparation(0, false, HALVES, HALVES);

    public ImagePreparation {
        means = List.copyOf(means);
        deviations = List.copyOf(deviations);
    }
}
