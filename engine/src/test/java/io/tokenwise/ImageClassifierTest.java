package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.image.Image;
import io.tokenwise.image.Resampling;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.Objective;
import io.tokenwise.model.open.Models;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The library's image classifier, on a model so small that its classes mean nothing. */
class ImageClassifierTest {
    private static final EngineOptions OPTIONS =
            EngineOptions.defaults().withThreads(2).withBackend(BackendChoice.FLOAT32);

    @TempDir
    static Path folder;

    @BeforeAll
    static void write() throws IOException {
        TestVits.writeSmall(folder.resolve("dense"));
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open(folder.resolve("dense"));
                Encoder encoder = Encoder.load(files, backend)) {
            TestModels.acmize(encoder, AdaptiveLayers.parse("mlp,qk,vo", 3), TestVits.images(TestVits.SMALL, 5));
            TestModels.randomizeGates(encoder, 0.3);
            encoder.save(folder.resolve("adaptive"), null, ModelWriter.Existing.KEEP);
        }
    }

    private static ImageClassifier open(String name) throws IOException {
        return ImageClassifier.open(folder.resolve(name).toString(), OPTIONS);
    }

    private static Image image(int seed, int width, int height) {
        return new Image(
                width,
                height,
                new SplittableRandom(seed)
                        .ints((long) width * height, 0, 1 << 24)
                        .toArray());
    }

    @Test
    void probabilitiesAreThoseOfAllClasses() throws IOException {
        try (ImageClassifier classifier = open("dense")) {
            Classification found = classifier.classify(image(1, 40, 30), Budget.FULL);
            assertThat(found.probabilities()).hasSize(5);
            assertThat(Arrays.stream(found.probabilities()).sum()).isCloseTo(1, offset(1e-12));
            assertThat(found.probability())
                    .isEqualTo(Arrays.stream(found.probabilities()).max().orElseThrow());
            int label = classifier.model().files().image().labels().indexOf(found.label());
            assertThat(found.probabilities()[label]).isEqualTo(found.probability());
        }
    }

    @Test
    void ofSeveralClassesEachHasAProbabilityOfItsOwn() throws IOException {
        Path config = TestVits.writeSmall(folder.resolve("several")).resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config).replaceFirst("\\{", "{\"problem_type\": \"multi_label_classification\","));
        try (ImageClassifier single = open("dense");
                ImageClassifier several = open("several")) {
            Image image = image(1, 40, 30);
            double[] one = single.classify(image).probabilities();
            double[] each = several.classify(image).probabilities();
            for (int c = 1; c < each.length; c++) {
                double odds = each[c] / (1 - each[c]) / (each[0] / (1 - each[0]));
                assertThat(odds).isCloseTo(one[c] / one[0], offset(1e-4 * odds));
            }
            assertThat(several.model().files().image().objective()).isEqualTo(Objective.SCORES);
        }
    }

    @Test
    void imagesAreResizedAndCutAsTheModelSays() throws IOException {
        try (ImageClassifier classifier = open("dense")) {
            Image image = image(2, 40, 30);
            Image expected = image.resizedShorterSide(16, Resampling.BILINEAR).centerCrop(12, 12);
            assertThat(classifier.prepare(image)).isEqualTo(expected);
        }
    }

    @Test
    void budgetsMayDifferWithinACall() throws IOException {
        try (ImageClassifier classifier = open("adaptive")) {
            List<Image> images =
                    IntStream.range(0, 4).mapToObj(i -> image(i, 20, 20)).toList();
            List<Budget> budgets = List.of(Budget.FULL, Budget.flops(0.5), Budget.hard(0.4), Budget.fixed(0.5));
            List<Classification> together = classifier.classify(images, budgets);
            for (int i = 0; i < images.size(); i++) {
                Classification alone = classifier.classify(images.get(i), budgets.get(i));
                assertThat(together.get(i).probabilities()).isEqualTo(alone.probabilities());
            }
            assertThatThrownBy(() -> classifier.classify(images, budgets.subList(0, 3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("3");
        }
    }

    @Test
    void nothingIsComputedAfterADeadlineThatHasPassed() throws IOException {
        try (ImageClassifier classifier = open("dense")) {
            List<Image> images = List.of(image(1, 12, 12), image(2, 12, 12));
            List<Budget> budgets = List.of(Budget.FULL, Budget.FULL);
            assertThatThrownBy(() -> classifier.classify(images, budgets, Deadline.in(Duration.ZERO)))
                    .isInstanceOf(DeadlineException.class)
                    .hasMessage("the deadline passed after 0 of 2 images");
            assertThat(classifier.classify(images, budgets, Deadline.in(Duration.ofHours(1))))
                    .hasSize(2);
        }
    }

    @Test
    void aBadFileIsNamed() throws IOException {
        Path bad = Files.writeString(folder.resolve("bad.jpg"), "no image");
        try (ImageClassifier classifier = open("dense")) {
            assertThatThrownBy(() -> classifier.classify(bad))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageContaining("bad.jpg");
        }
    }

    @Test
    void closeWaitsAndLaterCallsAreRefused() throws Exception {
        ImageClassifier classifier = open("adaptive");
        List<Image> images =
                IntStream.range(0, 64).mapToObj(i -> image(i, 12, 12)).toList();
        var failures = new ConcurrentLinkedQueue<Throwable>();
        List<Thread> threads = IntStream.range(0, 3)
                .mapToObj(i -> Thread.ofPlatform().start(() -> {
                    try {
                        while (true) {
                            classifier.classify(images, Budget.flops(0.5));
                        }
                    } catch (IllegalStateException e) {
                        // It was closed: what the thread waits for.
                    } catch (Throwable e) {
                        failures.add(e);
                    }
                }))
                .toList();
        Thread.sleep(200);
        classifier.close();
        classifier.close();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failures).isEmpty();
        assertThatThrownBy(() -> classifier.classify(images.getFirst(), Budget.FULL))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void aTextEncoderIsRefused() throws IOException {
        TestModels.writeSmall(folder.resolve("bert"));
        assertThatThrownBy(() -> open("bert"))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("is a text encoder; an image classifier is wanted here");
    }

    @Test
    void itOpensFilesAndClosesThem() throws IOException {
        ModelFiles adaptive = Models.open(folder.resolve("adaptive"));
        Image image = image(6, 20, 20);
        try (ImageClassifier classifier = ImageClassifier.open(adaptive, OPTIONS);
                ImageClassifier byName = open("adaptive")) {
            assertThat(classifier.classify(image, Budget.flops(0.5)).probabilities())
                    .isEqualTo(byName.classify(image, Budget.flops(0.5)).probabilities());
        }
        assertClosed(adaptive);
        TestModels.writeSmall(folder.resolve("text"));
        ModelFiles text = Models.open(folder.resolve("text"));
        assertThatThrownBy(() -> ImageClassifier.open(text, OPTIONS))
                .isInstanceOf(BadFileException.class)
                .hasMessage(folder.resolve("text") + ": is a text encoder; an image classifier is wanted here");
        assertClosed(text);
    }

    private static void assertClosed(ModelFiles files) {
        try (Arena arena = Arena.ofConfined()) {
            String name = files.weights().names().iterator().next();
            long elements = Arrays.stream(files.weights().shape(name)).reduce(1, Math::multiplyExact);
            assertThatThrownBy(() -> files.weights().read(name, arena.allocate(Float.BYTES * elements, Float.BYTES)))
                    .hasRootCauseInstanceOf(ClosedChannelException.class);
        }
    }

    @Test
    void withoutABudgetItIsFull() throws IOException {
        try (ImageClassifier classifier = open("adaptive")) {
            Image first = image(7, 20, 20);
            Image second = image(8, 30, 20);
            double[] full = classifier.classify(first, Budget.FULL).probabilities();
            assertThat(classifier.classify(first).probabilities()).isEqualTo(full);
            assertThat(classifier.classify(List.of(second, first)).getLast().probabilities())
                    .isEqualTo(full);
            assertThat(classifier.classify(first, Budget.flops(0)).probabilities())
                    .isNotEqualTo(full);
        }
    }

    @Test
    void aFileIsClassifiedAtABudget() throws IOException {
        Image image = image(4, 12, 12);
        var png = new BufferedImage(12, 12, BufferedImage.TYPE_INT_RGB);
        png.setRGB(0, 0, 12, 12, image.rgb(), 0, 12);
        Path file = folder.resolve("image.png");
        ImageIO.write(png, "png", file.toFile());
        try (ImageClassifier classifier = open("adaptive")) {
            assertThat(classifier.classify(file, Budget.flops(0.5)).probabilities())
                    .isEqualTo(classifier.classify(image, Budget.flops(0.5)).probabilities());
        }
    }

    @Test
    @Timeout(60)
    void closeDoesNotWaitForCallsThatWaitThemselves() throws Exception {
        ImageClassifier classifier =
                ImageClassifier.open(folder.resolve("dense").toString(), OPTIONS.withConcurrentCalls(1));
        var inside = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        Thread running = Thread.ofPlatform()
                .start(() -> classifier.model().lend(Deadline.NONE, _ -> {
                    inside.countDown();
                    assertThatCode(goOn::await).doesNotThrowAnyException();
                    return null;
                }));
        inside.await();
        var refused = new AtomicInteger();
        List<Thread> threads = IntStream.range(0, 8)
                .mapToObj(i -> Thread.ofPlatform().start(() -> {
                    try {
                        classifier.classify(image(i, 12, 12), Budget.FULL);
                    } catch (IllegalStateException e) {
                        refused.incrementAndGet();
                    }
                }))
                .toList();
        awaitWaiting(threads);
        Thread closing = Thread.ofPlatform().start(classifier::close);
        awaitWaiting(List.of(closing));
        goOn.countDown();
        running.join();
        closing.join();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(refused).as("none that waits is computed").hasValue(8);
    }

    private static void awaitWaiting(List<Thread> threads) throws InterruptedException {
        for (Thread thread : threads) {
            while (thread.getState() != Thread.State.WAITING) {
                Thread.sleep(1);
            }
        }
    }
}
