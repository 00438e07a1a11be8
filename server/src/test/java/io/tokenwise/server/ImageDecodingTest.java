package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.image.Image;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class ImageDecodingTest {
    private final ImageDecoding decoding = new ImageDecoding();
    private final List<String> decoded = new CopyOnWriteArrayList<>();
    private final CountDownLatch began = new CountDownLatch(1);
    private final CountDownLatch mayEnd = new CountDownLatch(1);

    private static byte[] png() throws IOException {
        var bytes = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB), "png", bytes);
        return bytes.toByteArray();
    }

    /** Notes whose image is decoded; the very first waits for the test. */
    private UnaryOperator<Image> by(String request) {
        return image -> {
            decoded.add(request);
            began.countDown();
            try {
                assertThat(mayEnd.await(1, TimeUnit.MINUTES)).isTrue();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return image;
        };
    }

    private CompletableFuture<List<Image>> ask(String request, int images) throws IOException {
        return decoding.all(List.of(png(), png(), png()).subList(0, images), "inputs", Deadline.NONE, by(request));
    }

    private static List<Image> result(CompletableFuture<List<Image>> images) throws Exception {
        return images.get(1, TimeUnit.MINUTES);
    }

    @Test
    void othersImagesComeInBetween() throws Exception {
        var many = ask("many", 3);
        began.await();
        var one = ask("one", 1);
        mayEnd.countDown();

        assertThat(result(many)).hasSize(3);
        assertThat(result(one)).hasSize(1);
        assertThat(decoded).containsExactly("many", "one", "many", "many");
    }

    @Test
    void nobodysImagesAreNotDecoded() throws Exception {
        var many = ask("many", 3);
        began.await();
        many.cancel(false);
        mayEnd.countDown();

        result(ask("one", 1));
        result(ask("one", 1));
        assertThat(decoded).containsExactly("many", "one", "one");
    }

    @Test
    void afterTheDeadlineNothingIsDecoded() throws IOException {
        var late = decoding.all(List.of(png()), "inputs", Deadline.in(Duration.ZERO), by("late"));

        assertThatThrownBy(() -> result(late)).hasCauseInstanceOf(DeadlineException.class);
        assertThat(decoded).isEmpty();
    }

    @Test
    void whatIsNoImageIsTheClientsMistakeAndAFullHeapIsNot() {
        var none = decoding.all(List.of(new byte[] {1, 2, 3}), "inputs", Deadline.NONE, by("none"));
        assertThatThrownBy(() -> result(none))
                .cause()
                .isInstanceOfSatisfying(ApiError.class, error -> assertThat(error.status())
                        .isEqualTo(400))
                .hasMessageStartingWith("inputs: is not an image");

        ApiError full = ImageDecoding.told("inputs", new BadFileException("inputs", "is large", new OutOfMemoryError()));
        assertThat(full.status()).isEqualTo(503);
        assertThat(full.retryAfter()).isPositive();
    }

    @Test
    void anImageTakesHalfOfTheHeapAtMost() {
        assertThat(ImageDecoding.mostPixels(400_000_000)).isEqualTo(10_000_000);
        assertThat(ImageDecoding.mostPixels(64L << 30)).isEqualTo(20_000_000);
    }
}
