package io.tokenwise.backend;

import java.util.List;

/**
 * How square images are cut into patches, and what their colours' values become.
 *
 * @param imageSize width and height of an image in pixels
 * @param patchSize width and height of a patch; divides the image's
 * @param table what a value becomes: 256 entries for red, then green, then blue; not copied
 */
public record ImagePatches(int imageSize, int patchSize, float[] table) {
    private static final int CHANNELS = 3;
    private static final int LEVELS = 256;

    public ImagePatches {
        if (patchSize < 1 || imageSize % patchSize != 0) {
            throw new IllegalArgumentException("patches of " + patchSize + " pixels do not cover " + imageSize);
        }
        if (table.length != CHANNELS * LEVELS) {
            throw new IllegalArgumentException(
                    table.length + " entries for colours: there must be " + CHANNELS * LEVELS);
        }
    }

    /** Value v of a colour becomes {@code (v / 255 - mean) / deviation}. */
    public static ImagePatches of(int imageSize, int patchSize, List<Double> means, List<Double> deviations) {
        var table = new float[CHANNELS * LEVELS];
        for (int channel = 0; channel < CHANNELS; channel++) {
            for (int value = 0; value < LEVELS; value++) {
                table[channel * LEVELS + value] =
                        (float) ((value / (LEVELS - 1.0) - means.get(channel)) / deviations.get(channel));
            }
        }
        return new ImagePatches(imageSize, patchSize, table);
    }

    /** Patches in a row, and in a column. */
    public int side() {
        return imageSize / patchSize;
    }

    /** Patches of an image. */
    public int count() {
        return side() * side();
    }

    /** Values of a patch. */
    public int values() {
        return CHANNELS * patchSize * patchSize;
    }
}
