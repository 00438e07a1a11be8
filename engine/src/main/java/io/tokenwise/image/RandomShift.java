package io.tokenwise.image;

import java.util.random.RandomGenerator;

/**
 * How small images are varied in training (He et al. 2016, section 4.2): shifted by up to an eighth of their size, black where nothing is left, and
 * mirrored every second time.
 *
 * @param size width and height of the images in pixels
 * @param mirrored whether they are mirrored at all
 */
public record RandomShift(int size, boolean mirrored) {
    /**
     * {@return an image's pixels, varied}
     *
     * @param pixels {@code [size * size]}; not changed, but may be the array that comes back
     * @param random by which it is varied
     */
    public int[] of(int[] pixels, RandomGenerator random) {
        int most = size / 8;
        int x = random.nextInt(2 * most + 1);
        int y = random.nextInt(2 * most + 1);
        var image = new Image(size, size, pixels);
        Image side = mirrored && random.nextBoolean() ? image.mirrored() : image;
        return side.padded(most).cropped(x, y, size, size).rgb();
    }
}
