package io.tokenwise.image;

import java.util.random.RandomGenerator;

/**
 * How small images are varied in training (He et al. 2016, section 4.2): shifted by up to an eighth of their size, black where nothing is left, and
 * mirrored every second time.
 *
 * @param size width and height of the images in pixels
 */
public record RandomShift(int size) {
    /** A varied copy of an image's pixels. */
    public int[] of(int[] pixels, RandomGenerator random) {
        int most = size / 8;
        int right = random.nextInt(-most, most + 1);
        int down = random.nextInt(-most, most + 1);
        boolean mirrored = random.nextBoolean();
        var varied = new int[pixels.length];
        for (int row = Math.max(0, down); row < Math.min(size, size + down); row++) {
            for (int column = Math.max(0, right); column < Math.min(size, size + right); column++) {
                int from = mirrored ? size - 1 - (column - right) : column - right;
                varied[row * size + column] = pixels[(row - down) * size + from];
            }
        }
        return varied;
    }
}
