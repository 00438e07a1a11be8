package io.tokenwise.image;

/** Turns the samples of a pixel into 0xRRGGBB. */
@FunctionalInterface
interface PixelColors {
    /** The colour of the samples from an index on. */
    int rgb(int[] samples, int at);
}
