package io.tokenwise.image;

import java.util.List;

/**
 * How an image of any size becomes what a model reads: resized, its centre cut out, and each colour value v of 0 to 255 turned into
 * {@code (v / 255 - mean) / deviation}.
 *
 * @param resizedTo pixels of the shorter side after resizing, at least the model's image size
 * @param stretched whether the longer side is resized to as many, whatever the image's shape
 * @param bicubic whether it is resized bicubically; else bilinearly
 * @param cutHalfEven whether half of an odd number of columns or rows that go is rounded to the even number, as torchvision does; else down, as Hugging Face does
 * @param means of red, green and blue
 * @param deviations of red, green and blue, above 0
 */
public record ImagePreparation(
        int resizedTo,
        boolean stretched,
        boolean bicubic,
        boolean cutHalfEven,
        List<Double> means,
        List<Double> deviations) {
    private static final List<Double> HALVES = List.of(0.5, 0.5, 0.5);

    /** The lists are copied. */
    public ImagePreparation {
        means = List.copyOf(means);
        deviations = List.copyOf(deviations);
    }

    /**
     * Cut out as Hugging Face does.
     *
     * @param resizedTo pixels of the shorter side after resizing, at least the model's image size
     * @param stretched whether the longer side is resized to as many
     * @param bicubic whether it is resized bicubically; else bilinearly
     * @param means of red, green and blue
     * @param deviations of red, green and blue, above 0
     */
    public ImagePreparation(
            int resizedTo, boolean stretched, boolean bicubic, List<Double> means, List<Double> deviations) {
        this(resizedTo, stretched, bicubic, false, means, deviations);
    }

    /**
     * {@return Hugging Face's default for ViT: stretched to the model's size bilinearly, values from -1 to 1}
     *
     * @param size of the model's squares, in pixels
     */
    public static ImagePreparation stretched(int size) {
        return new ImagePreparation(size, true, false, HALVES, HALVES);
    }

    /**
     * {@return resized bilinearly until the shorter side fits, values from -1 to 1}
     *
     * @param size of the model's squares, in pixels
     */
    public static ImagePreparation centred(int size) {
        return new ImagePreparation(size, false, false, HALVES, HALVES);
    }
}
