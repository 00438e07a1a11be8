package io.tokenwise.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.image.LabelledImages;
import io.tokenwise.image.RandomShift;
import io.tokenwise.train.Augmentation.Example;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class AugmentationTest {
    private static final int SIZE = 8;
    private static final int[] GREYS = {0x404040, 0x808080, 0xC0C0C0};

    /** One image of one grey for each class. */
    private static LabelledImages greys() {
        List<int[]> pixels = Arrays.stream(GREYS)
                .mapToObj(grey -> {
                    var image = new int[SIZE * SIZE];
                    Arrays.fill(image, grey);
                    return image;
                })
                .toList();
        return new LabelledImages(SIZE, SIZE, pixels, new int[] {0, 1, 2}, List.of("dark", "grey", "bright"));
    }

    private static Augmentation of(LabelledImages images, double colors, double mixed) {
        return new Augmentation(images, new RandomShift(SIZE, true), colors, mixed);
    }

    @Test
    void labelsHaveTheSharesOfTheirImagesPixels() {
        LabelledImages images = greys();
        var random = new SplittableRandom(1);
        int mixed = 0;
        int covered = 0;
        for (int i = 0; i < 2_000; i++) {
            Example example = of(images, 0, 1).of(i % 3, true, random);
            assertThat(example.label()).isEqualTo(i % 3);
            double own = share(example.pixels(), example.label());
            double other = share(example.pixels(), example.other());
            double black = share(example.pixels(), -1);
            if (example.other() != example.label()) {
                // Shifts leave up to two of eight sides black, on whichever image is there.
                assertThat(own).isLessThanOrEqualTo(example.share() + 1e-9);
                assertThat(other).isLessThanOrEqualTo(1 - example.share() + 1e-9);
                assertThat(own + other + black).isEqualTo(1, within(1e-9));
                mixed += example.share() < 1 ? 1 : 0;
                covered += example.share() < .5 ? 1 : 0;
            }
            double sum = 0;
            for (int label = 0; label < 3; label++) {
                sum += example.probability(label);
            }
            assertThat(sum).isEqualTo(1, within(1e-12));
        }
        assertThat(mixed).isGreaterThan(1_000);
        assertThat(covered).isBetween(100, mixed / 2);
    }

    private static double share(int[] pixels, int label) {
        int wanted = label < 0 ? 0 : GREYS[label];
        return (double) Arrays.stream(pixels).filter(pixel -> pixel == wanted).count() / pixels.length;
    }

    @Test
    void mixesTheShareOfImagesThatIsAskedFor() {
        LabelledImages images = greys();
        var random = new SplittableRandom(2);
        int[] mixed = new int[3];
        double[] asked = {0, .5, 1};
        for (int i = 0; i < 3_000; i++) {
            for (int a = 0; a < asked.length; a++) {
                mixed[a] += of(images, 0, asked[a]).of(0, true, random).share() < 1 ? 1 : 0;
            }
        }
        assertThat(mixed[0]).isZero();
        assertThat(of(images, 0, 1).of(0, false, random).share()).isOne();
        assertThat(mixed[1]).isBetween(1_250, 1_550);
        assertThat(mixed[2]).isBetween(2_600, 3_000);
    }

    @Test
    void leavesTheImagesAlone() {
        LabelledImages images = greys();
        of(images, .5, 1).of(0, true, new SplittableRandom(1));
        for (int i = 0; i < GREYS.length; i++) {
            assertThat(images.pixels().get(i)).containsOnly(GREYS[i]);
        }
    }

    @Test
    void sameGeneratorSameExample() {
        LabelledImages images = greys();
        for (int seed = 0; seed < 20; seed++) {
            Example first = of(images, .5, .5).of(1, true, new SplittableRandom(seed));
            Example second = of(images, .5, .5).of(1, true, new SplittableRandom(seed));
            assertThat(first.pixels()).isEqualTo(second.pixels());
            assertThat(first.share()).isEqualTo(second.share());
        }
    }
}
