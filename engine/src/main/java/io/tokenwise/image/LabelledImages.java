package io.tokenwise.image;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * A data set for classification, in memory: 4 bytes a pixel, so CIFAR-10's training images are 205 MB.
 *
 * <p>Threads may share it, as long as nobody changes the arrays.
 *
 * @param width of every image, in pixels
 * @param height of every image, in pixels
 * @param pixels of each image {@code [height * width]}, row by row, each 0xRRGGBB
 * @param labels of each image, the number of its class
 * @param classes their names
 */
public record LabelledImages(int width, int height, List<int[]> pixels, int[] labels, List<String> classes) {
    /**
     * Checks and copies the lists.
     *
     * @throws IllegalArgumentException if images and labels do not fit, or there are fewer than two classes
     */
    public LabelledImages {
        pixels = List.copyOf(pixels);
        classes = List.copyOf(classes);
        if (pixels.size() != labels.length) {
            throw new IllegalArgumentException(pixels.size() + " images with " + labels.length + " labels");
        }
        if (classes.size() < 2) {
            throw new IllegalArgumentException("classes: " + classes + "; there must be two at least");
        }
        for (int label : labels) {
            if (label < 0 || label >= classes.size()) {
                throw new IllegalArgumentException("label " + label + " of " + classes.size() + " classes");
            }
        }
        for (int[] image : pixels) {
            if (width < 1 || height < 1 || image.length != (long) width * height) {
                throw new IllegalArgumentException(image.length + " pixels in an image of " + width + " x " + height);
            }
        }
    }

    /** {@return how many images there are} */
    public int size() {
        return labels.length;
    }

    /**
     * {@return one of the images, whose pixels are not copied}
     *
     * @param index from 0
     */
    public Image image(int index) {
        return new Image(width, height, pixels.get(index));
    }

    /**
     * {@return the same images in a random order}
     *
     * @param seed on which alone the order depends
     */
    public LabelledImages shuffled(long seed) {
        List<Integer> order = new ArrayList<>(IntStream.range(0, size()).boxed().toList());
        Collections.shuffle(order, new Random(seed));
        return only(order.stream().mapToInt(Integer::intValue).toArray());
    }

    /**
     * {@return some of the images}
     *
     * @param numbers of them, from 0
     */
    public LabelledImages only(int... numbers) {
        return new LabelledImages(
                width,
                height,
                IntStream.of(numbers).mapToObj(pixels::get).toList(),
                IntStream.of(numbers).map(i -> labels[i]).toArray(),
                classes);
    }
}
