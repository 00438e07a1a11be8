package io.tokenwise.image;

import java.util.Arrays;

/**
 * An image of 8 bits a channel, without transparency. Every operation gives a new image (or this one, if nothing is to be done); nothing here
 * changes the pixels, so threads may share an image as long as their owner leaves the array alone.
 *
 * @param width in pixels, at least 1
 * @param height in pixels, at least 1
 * @param rgb {@code [height * width]}, row by row from the top, each 0xRRGGBB; not copied
 */
public record Image(int width, int height, int[] rgb) {
    /** The most pixels that resizing and padding make, 400 MB: a strip of 1 x 60000 at a shorter side of 224 would have 3 billion. */
    public static final int MOST_PIXELS = 100_000_000;

    /**
     * Checks the sides.
     *
     * @throws IllegalArgumentException if the sides and the number of pixels do not fit
     */
    public Image {
        if (width < 1 || height < 1 || (long) width * height != rgb.length) {
            throw new IllegalArgumentException("image: " + width + " x " + height + " with " + rgb.length + " pixels");
        }
    }

    /**
     * The image in another size, each side scaled on its own: the same bits as Pillow's {@code resize} gives.
     *
     * @param width in pixels
     * @param height in pixels
     * @param resampling how pixels are weighed
     * @return of that size
     * @throws IllegalArgumentException if a side is below 1, or the result has more than {@link #MOST_PIXELS}
     */
    public Image resized(int width, int height, Resampling resampling) {
        checkSize("resize", width, height);
        // Pillow makes the width first. What lies in between has the old height, and must not be too large either.
        checkSize("resize", width, this.height);
        Image wide = width == this.width ? this : Resizing.wide(this, width, resampling);
        return height == this.height ? wide : Resizing.high(wide, height, resampling);
    }

    /**
     * The image with its shorter side as named and the longer one in proportion, rounded down: torchvision's {@code Resize(size)}.
     *
     * @param size of the shorter side, in pixels
     * @param resampling how pixels are weighed
     * @return with the longer side at least as large
     * @throws IllegalArgumentException if the size is below 1, or the result has more than {@link #MOST_PIXELS}
     */
    public Image resizedShorterSide(int size, Resampling resampling) {
        boolean tall = width < height;
        long longer = (long) size * Math.max(width, height) / Math.min(width, height);
        checkSize("resize", tall ? size : longer, tall ? longer : size);
        return tall ? resized(size, (int) longer, resampling) : resized((int) longer, size, resampling);
    }

    /**
     * The image at the least size that covers a rectangle, then its centre: for a square, the shorter side resized and the centre cropped.
     *
     * @param width in pixels
     * @param height in pixels
     * @param resampling how pixels are weighed
     * @return of that size
     * @throws IllegalArgumentException if a side is below 1, or the resized image would have more than {@link #MOST_PIXELS}
     */
    public Image fitted(int width, int height, Resampling resampling) {
        checkSize("fit", width, height);
        // Compares width / this.width with height / this.height: the side that must grow more, or shrink less, fits
        // exactly.
        boolean byWidth = (long) width * this.height >= (long) height * this.width;
        long fullWidth = byWidth ? width : (long) height * this.width / this.height;
        long fullHeight = byWidth ? (long) width * this.height / this.width : height;
        checkSize("fit", fullWidth, fullHeight);
        return resized((int) fullWidth, (int) fullHeight, resampling).centerCrop(width, height);
    }

    /**
     * {@return the image as a model reads it}
     *
     * @param preparation what the model's files say of it
     * @param size of the model's squares, in pixels
     * @throws IllegalArgumentException if the resized image would have more than {@link #MOST_PIXELS}
     */
    public Image prepared(ImagePreparation preparation, int size) {
        int to = preparation.resizedTo();
        Resampling resampling = preparation.bicubic() ? Resampling.BICUBIC : Resampling.BILINEAR;
        Image resized = preparation.stretched() ? resized(to, to, resampling) : resizedShorterSide(to, resampling);
        if (!preparation.cutHalfEven()) {
            return resized.centerCrop(size, size);
        }
        return resized.cropped(halfEven(resized.width - size), halfEven(resized.height - size), size, size);
    }

    private static int halfEven(int pixels) {
        return (int) Math.rint(pixels / 2.0);
    }

    /**
     * The middle of the image; where an odd number of columns or rows goes, the left or upper part loses one less.
     *
     * @param width in pixels
     * @param height in pixels
     * @return of that size
     * @throws IllegalArgumentException if the image is smaller
     */
    public Image centerCrop(int width, int height) {
        if (width > this.width || height > this.height) {
            throw new IllegalArgumentException("centerCrop: " + width + " x " + height + " of an image of " + this.width
                    + " x " + this.height + "; resize it first");
        }
        return cropped((this.width - width) / 2, (this.height - height) / 2, width, height);
    }

    /**
     * A part of the image.
     *
     * @param x the part's first column
     * @param y the part's first row
     * @param width the part's, in pixels
     * @param height the part's, in pixels
     * @return the part
     * @throws IllegalArgumentException if the part is empty or does not lie within the image
     */
    public Image cropped(int x, int y, int width, int height) {
        boolean within = x >= 0 && y >= 0 && x <= this.width - width && y <= this.height - height;
        if (!within || width < 1 || height < 1) {
            throw new IllegalArgumentException("crop: " + width + " x " + height + " from (" + x + ", " + y
                    + ") of an image of " + this.width + " x " + this.height);
        }
        if (width == this.width && height == this.height) {
            return this;
        }
        int[] part = new int[width * height];
        for (int row = 0; row < height; row++) {
            System.arraycopy(rgb, (y + row) * this.width + x, part, row * width, width);
        }
        return new Image(width, height, part);
    }

    /** {@return the image with left and right exchanged} */
    public Image mirrored() {
        int[] mirrored = new int[rgb.length];
        for (int row = 0; row < rgb.length; row += width) {
            for (int x = 0; x < width; x++) {
                mirrored[row + width - 1 - x] = rgb[row + x];
            }
        }
        return new Image(width, height, mirrored);
    }

    /**
     * The image with a black border, from which training takes random crops.
     *
     * @param border in pixels, on each of the four sides; at least 0
     * @return larger by twice the border
     * @throws IllegalArgumentException if it is below 0, or the result has more than {@link #MOST_PIXELS}
     */
    public Image padded(int border) {
        if (border < 0) {
            throw new IllegalArgumentException("pad: a border of " + border + " pixels");
        }
        long wide = width + 2L * border;
        checkSize("pad", wide, height + 2L * border);
        int[] padded = new int[(int) (wide * (height + 2L * border))];
        for (int row = 0; row < height; row++) {
            System.arraycopy(rgb, row * width, padded, (int) ((row + border) * wide + border), width);
        }
        return new Image((int) wide, height + 2 * border, padded);
    }

    /** {@return whether sides and pixels are equal} */
    @Override
    public boolean equals(Object other) {
        return other instanceof Image that
                && width == that.width
                && height == that.height
                && Arrays.equals(rgb, that.rgb);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * width + height) + Arrays.hashCode(rgb);
    }

    /** {@return the sides, such as {@code 640 x 480}} */
    @Override
    public String toString() {
        return width + " x " + height;
    }

    private void checkSize(String operation, long width, long height) {
        if (width < 1 || height < 1 || width > MOST_PIXELS || height > MOST_PIXELS || width * height > MOST_PIXELS) {
            throw new IllegalArgumentException(operation + ": " + this + " to " + width + " x " + height
                    + "; sides must be at least 1 and pixels at most " + MOST_PIXELS);
        }
    }
}
