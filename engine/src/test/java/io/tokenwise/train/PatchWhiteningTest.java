package io.tokenwise.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.image.ImagePreparation;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.model.vit.VitArchitecture;
import io.tokenwise.model.vit.VitFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** On images of one patch, of which the brightness varies much more than the pixels do. */
class PatchWhiteningTest {
    private static final int SIDE = 2;

    private static List<int[]> images(SplittableRandom random) {
        var images = new ArrayList<int[]>();
        for (int i = 0; i < 1_000; i++) {
            int brightness = random.nextInt(190);
            images.add(random.ints((long) SIDE * SIDE)
                    .map(bits -> brightness * 0x010101 + (bits & 0x3F3F3F))
                    .toArray());
        }
        return images;
    }

    private static double value(int[] pixels, int at) {
        int channel = at / (SIDE * SIDE);
        return (pixels[at % (SIDE * SIDE)] >> (16 - 8 * channel) & 255) / 127.5 - 1;
    }

    @Test
    void weightsMakeAllPatternsVaryAlike() {
        var description = new ImageDescription(
                "vit",
                VitFamily.VIT,
                new VitArchitecture(16, 1, 2, 32, SIDE, SIDE, 2, 1e-6),
                ImagePreparation.stretched(SIDE),
                List.of("a", "b"),
                Optional.empty());
        var random = new SplittableRandom(1);
        List<int[]> images = images(random);
        try (Backend backend = VectorBackend.open(1)) {
            PatchWhitening whitening = PatchWhitening.of(backend, description, images);
            double squares = 0;
            double fineShare = 0;
            for (int i = 0; i < 100; i++) {
                double[] weights = whitening.weights(random);
                double mean = 0;
                for (double weight : weights) {
                    mean += weight / weights.length;
                }
                for (int[] pixels : images) {
                    double all = 0;
                    double fine = 0;
                    for (int at = 0; at < weights.length; at++) {
                        all += weights[at] * value(pixels, at);
                        fine += (weights[at] - mean) * value(pixels, at);
                    }
                    squares += all * all / images.size() / 100;
                    fineShare += fine * fine / images.size() / 100;
                }
            }
            // Brightness is one of twelve directions; the ridge takes something from the others.
            assertThat(squares).isCloseTo(1, within(0.35));
            assertThat(fineShare / squares).isGreaterThan(0.7);
        }
    }
}
