package io.tokenwise.image;

/**
 * Resizes one side of an image. The arithmetic is Pillow's for 8-bit channels, to the bit: weights in fixed point, and rounding to 8 bits after
 * each side. Models were trained on its pixels.
 */
final class Resizing {
    /** The binary places of a weight: a sum of 8-bit values times weights, of which some are below 0, must fit an int. */
    private static final int BITS = 32 - 8 - 2;

    private static final int HALF = 1 << (BITS - 1);

    /** For each new place the first old place that counts, how many do, and their weights from {@code place * stride} on. */
    private final int[] first;

    private final int[] count;
    private final int[] weights;
    private final int stride;

    private Resizing(int from, int to, Resampling resampling) {
        double scale = (double) from / to;
        double widening = Math.max(scale, 1);
        double reach = resampling.radius() * widening;
        stride = (int) Math.min(from, 2 * Math.ceil(reach) + 1);
        first = new int[to];
        count = new int[to];
        weights = new int[Math.multiplyExact(to, stride)];
        double[] exact = new double[stride];
        for (int place = 0; place < to; place++) {
            double center = (place + 0.5) * scale;
            first[place] = (int) Math.max(0, center - reach + 0.5);
            count[place] = (int) Math.min(from, center + reach + 0.5) - first[place];
            double sum = 0;
            for (int i = 0; i < count[place]; i++) {
                exact[i] = resampling.weight((i + first[place] - center + 0.5) / widening);
                sum += exact[i];
            }
            for (int i = 0; i < count[place]; i++) {
                weights[place * stride + i] = fixedPoint(exact[i] / sum);
            }
        }
    }

    private static int fixedPoint(double weight) {
        double scaled = weight * (1 << BITS);
        return (int) (scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }

    /** The image with another width. */
    static Image wide(Image image, int width, Resampling resampling) {
        var resizing = new Resizing(image.width(), width, resampling);
        int[] rgb = new int[width * image.height()];
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < width; x++) {
                rgb[y * width + x] = resizing.sum(image.rgb(), y * image.width(), 1, x);
            }
        }
        return new Image(width, image.height(), rgb);
    }

    /** The image with another height. */
    static Image high(Image image, int height, Resampling resampling) {
        var resizing = new Resizing(image.height(), height, resampling);
        int width = image.width();
        int[] rgb = new int[width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                rgb[y * width + x] = resizing.sum(image.rgb(), x, width, y);
            }
        }
        return new Image(width, height, rgb);
    }

    /** One new pixel, from old ones that begin at an index and lie a step apart. */
    private int sum(int[] rgb, int start, int step, int place) {
        int red = HALF;
        int green = HALF;
        int blue = HALF;
        int at = start + first[place] * step;
        for (int i = 0; i < count[place]; i++, at += step) {
            int weight = weights[place * stride + i];
            int pixel = rgb[at];
            red += (pixel >> 16 & 0xFF) * weight;
            green += (pixel >> 8 & 0xFF) * weight;
            blue += (pixel & 0xFF) * weight;
        }
        return clamp(red >> BITS) << 16 | clamp(green >> BITS) << 8 | clamp(blue >> BITS);
    }

    private static int clamp(int value) {
        return Math.clamp(value, 0, 255);
    }
}
