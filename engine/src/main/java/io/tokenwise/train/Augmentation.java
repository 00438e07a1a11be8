package io.tokenwise.train;

import io.tokenwise.image.LabelledImages;
import io.tokenwise.image.RandomShift;
import java.util.random.RandomGenerator;

/**
 * How images are varied in training, so that they are not learnt by heart: each is shifted and maybe mirrored ({@link RandomShift}), its colours are
 * changed, and a share of them gets a rectangle of another image, and so much of its label (CutMix, Yun et al. 2019, section 3.1). Thread-safe.
 *
 * @param images of which a mixed image's other part comes too
 * @param shift what each image goes through
 * @param colors by how much brightness, contrast and saturation change at most, as a share of themselves; 0 leaves them
 * @param mixed the share of images that are mixed
 */
record Augmentation(LabelledImages images, RandomShift shift, double colors, double mixed) {
    /**
     * What is learnt from once.
     *
     * @param share how much of the image is of the class {@code label}; the rest is of {@code other}
     */
    record Example(int[] pixels, int label, int other, double share) {
        /** How likely a class is, as far as the image tells. */
        double probability(int label) {
            return (label == this.label ? share : 0) + (label == other ? 1 - share : 0);
        }
    }

    static Augmentation of(LabelledImages images, VitTrainingConfig config) {
        return new Augmentation(
                images, new RandomShift(images.width(), config.mirrored()), config.colors(), config.mixed());
    }

    /**
     * An image, by its number, varied; what is random is taken from the generator alone.
     *
     * @param mixing whether it may be mixed
     */
    Example of(int image, boolean mixing, RandomGenerator random) {
        int[] pixels = varied(image, random);
        int label = images.labels()[image];
        if (!mixing || random.nextDouble() >= mixed) {
            return new Example(pixels, label, label, 1);
        }
        int other = random.nextInt(images.size());
        double share = pasteRectangle(varied(other, random), pixels, random);
        return new Example(pixels, label, images.labels()[other], share);
    }

    /** An image of its own, which may be changed. */
    private int[] varied(int image, RandomGenerator random) {
        int[] pixels = shift.of(images.pixels().get(image), random).clone();
        if (colors > 0) {
            ColorChange.random(colors, random).apply(pixels);
        }
        return pixels;
    }

    /** Any rectangle of the image's proportions is as likely as any other, its centre everywhere; returns the share that is left. */
    private double pasteRectangle(int[] from, int[] to, RandomGenerator random) {
        int width = images.width();
        int height = images.height();
        double side = Math.sqrt(random.nextDouble());
        int x = random.nextInt(width);
        int y = random.nextInt(height);
        int left = Math.max(0, (int) (x - side * width / 2));
        int right = Math.min(width, (int) (x + side * width / 2));
        int top = Math.max(0, (int) (y - side * height / 2));
        int bottom = Math.min(height, (int) (y + side * height / 2));
        for (int row = top; row < bottom; row++) {
            System.arraycopy(from, row * width + left, to, row * width + left, right - left);
        }
        return 1 - (double) (right - left) * (bottom - top) / (width * height);
    }
}
