package io.tokenwise.image;

/**
 * How a resized pixel weighs the pixels around its place, as Pillow's filters of the same names do. Where an image shrinks, the filter is
 * widened by the same factor, so that every pixel counts (antialiasing).
 */
public enum Resampling {
    /** A triangle: what torchvision's and most of Hugging Face's image processors use ({@code resample: 2}). */
    BILINEAR(1) {
        @Override
        double weight(double distance) {
            return Math.max(0, 1 - Math.abs(distance));
        }
    },
    /** Keys' cubic with a = -0.5 ({@code resample: 3}). */
    BICUBIC(2) {
        @Override
        double weight(double distance) {
            double x = Math.abs(distance);
            if (x < 1) {
                return ((A + 2) * x - (A + 3)) * x * x + 1;
            }
            return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
        }
    };

    private static final double A = -0.5;

    private final int radius;

    Resampling(int radius) {
        this.radius = radius;
    }

    /** The distance, in pixels, from which on nothing weighs anything. */
    int radius() {
        return radius;
    }

    /** What a pixel weighs at a distance, before all weights are scaled to a sum of 1. */
    abstract double weight(double distance);
}
