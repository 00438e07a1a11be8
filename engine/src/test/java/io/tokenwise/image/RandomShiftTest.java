package io.tokenwise.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RandomShiftTest {
    private static final int SIZE = 8;

    private static int[] pixels() {
        var pixels = new int[SIZE * SIZE];
        Arrays.setAll(pixels, i -> i + 1);
        return pixels;
    }

    /** Each result is the image, mirrored or not, padded by one pixel of black and cut again. */
    @Test
    void isOneOfTheShiftedAndMirroredImages() {
        var image = new Image(SIZE, SIZE, pixels());
        Set<Image> possible = new HashSet<>();
        for (Image side : new Image[] {image, image.mirrored()}) {
            for (int x = 0; x <= 2; x++) {
                for (int y = 0; y <= 2; y++) {
                    possible.add(side.padded(1).cropped(x, y, SIZE, SIZE));
                }
            }
        }
        var random = new SplittableRandom(2);
        Set<Image> made = new HashSet<>();
        for (int i = 0; i < 500; i++) {
            made.add(new Image(SIZE, SIZE, new RandomShift(SIZE, true).of(pixels(), random)));
        }
        assertThat(made).isEqualTo(possible);
    }

    @Test
    void leavesTheImageAlone() {
        int[] pixels = pixels();
        new RandomShift(SIZE, true).of(pixels, new SplittableRandom(1));
        assertThat(pixels).isEqualTo(pixels());
    }

    @Test
    void mirrorsOnlyIfAskedTo() {
        var image = new Image(SIZE, SIZE, pixels());
        var random = new SplittableRandom(3);
        for (int i = 0; i < 200; i++) {
            int[] varied = new RandomShift(SIZE, false).of(pixels(), random);
            assertThat(varied[SIZE * 3 + 4]).isGreaterThan(varied[SIZE * 3 + 3]);
        }
        assertThat(image.mirrored().rgb()[SIZE * 3 + 4])
                .isLessThan(image.mirrored().rgb()[SIZE * 3 + 3]);
    }
}
