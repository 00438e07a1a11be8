package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tokenwise.ImageClassifier;
import io.tokenwise.api.Budget;
import io.tokenwise.image.Image;
import io.tokenwise.image.LabelledImages;
import io.tokenwise.image.Split;
import io.tokenwise.testdata.SharedData;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The image classifiers that come with the build know CIFAR-10's test images, and with a part of the work nearly as well. */
class VitCifar10Test {
    private static final int IMAGES = 1_000;

    @Test
    void knowsTheTestImages() throws Exception {
        Optional<Path> tar = SharedData.find().cifar10();
        assumeTrue(
                tar.isPresent(),
                "CIFAR-10 is not here: put cifar10.tar into the folder that -D" + SharedData.PROPERTY + " names");
        try (var dense = ImageClassifier.open("vit-cifar10");
                var adaptive = ImageClassifier.open("vit-cifar10-acm")) {
            assertThat(adaptive.model().encoder().teacher()).isEqualTo("vit-cifar10");
            LabelledImages images = dense.model()
                    .files()
                    .image()
                    .reader()
                    .read(tar.get(), Split.of("test"))
                    .shuffled(1);
            assertThat(images.classes()).isEqualTo(dense.model().files().image().labels());
            double right = right(dense, images, Budget.FULL);
            assertThat(right).isGreaterThan(.82);
            assertThat(right(adaptive, images, Budget.FULL)).isGreaterThan(right - .01);
            assertThat(right(adaptive, images, Budget.flops(.5))).isGreaterThan(right - .02);
            assertThat(right(adaptive, images, Budget.flops(.25))).isGreaterThan(right - .05);
            assertThat(right(adaptive, images, Budget.hard(.25))).isGreaterThan(right - .05);
            // How many patches fit into a share of time hangs on the machine.
            assertThat(right(adaptive, images, Budget.of(.75))).isGreaterThan(right - .03);
        }
    }

    private static double right(ImageClassifier classifier, LabelledImages images, Budget budget) {
        List<Image> some = IntStream.range(0, IMAGES).mapToObj(images::image).toList();
        var given = classifier.classify(some, budget);
        return IntStream.range(0, IMAGES)
                        .filter(i ->
                                given.get(i).label().equals(images.classes().get(images.labels()[i])))
                        .count()
                / (double) IMAGES;
    }
}
