package io.tokenwise.train;

import java.util.random.RandomGenerator;

/**
 * Another light on an image, as torchvision's {@code ColorJitter} has it: the channels times brightness, then spread about the image's mean grey by
 * contrast, then about each pixel's grey by saturation; 1 leaves them as they are.
 */
record ColorChange(double brightness, double contrast, double saturation) {
    /** Each from {@code 1 - most} to {@code 1 + most}. */
    static ColorChange random(double most, RandomGenerator random) {
        return new ColorChange(factor(most, random), factor(most, random), factor(most, random));
    }

    private static double factor(double most, RandomGenerator random) {
        return 1 + most * (2 * random.nextDouble() - 1);
    }

    /** Changes pixels, each 0xRRGGBB. */
    void apply(int[] pixels) {
        double mean = 0;
        for (int pixel : pixels) {
            mean += grey(pixel) / pixels.length;
        }
        mean *= brightness;
        for (int i = 0; i < pixels.length; i++) {
            double grey = mean + contrast * (brightness * grey(pixels[i]) - mean);
            pixels[i] = channel(pixels[i] >> 16 & 0xff, mean, grey) << 16
                    | channel(pixels[i] >> 8 & 0xff, mean, grey) << 8
                    | channel(pixels[i] & 0xff, mean, grey);
        }
    }

    private int channel(int value, double mean, double grey) {
        double lit = mean + contrast * (brightness * value - mean);
        return Math.clamp(Math.round(grey + saturation * (lit - grey)), 0, 255);
    }

    /** Luma of ITU-R BT.601. */
    private static double grey(int pixel) {
        return .299 * (pixel >> 16 & 0xff) + .587 * (pixel >> 8 & 0xff) + .114 * (pixel & 0xff);
    }
}
