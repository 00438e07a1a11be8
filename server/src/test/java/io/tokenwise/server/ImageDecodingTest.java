package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

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
import java.util.concurrent.ExecutionException;
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
        return png(2, 2);
    }

    private static byte[] png(int width, int height) throws IOException {
        var bytes = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB), "png", bytes);
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

    private ApiError refused(byte[] file, UnaryOperator<Image> prepare) {
        var images = decoding.all(List.of(file), "inputs", Deadline.NONE, prepare);
        var failure = catchThrowableOfType(ExecutionException.class, () -> result(images));
        return (ApiError) failure.getCause();
    }

    @Test
    void whatIsNoImageIsTheClientsMistakeAndAFullHeapIsNot() throws IOException {
        ApiError none = refused(new byte[] {1, 2, 3}, image -> image);
        assertThat(none.status()).isEqualTo(400);
        assertThat(none.param()).isEqualTo("inputs");
        assertThat(none.getMessage()).startsWith("inputs: is not an image");

        ApiError full = refused(png(), image -> {
            throw new OutOfMemoryError("Java heap space");
        });
        assertThat(full.status()).isEqualTo(503);
        assertThat(full.retryAfter()).isPositive();
        var read = new BadFileException("inputs", "does not fit", new OutOfMemoryError());
        assertThat(ImageDecoding.told("inputs", read).status()).isEqualTo(503);
    }

    @Test
    void decodersExceptionsAreNotTold() {
        var thrown = new BadFileException("inputs", "is corrupt: java.lang.X", new NegativeArraySizeException());
        assertThat(ImageDecoding.told("inputs", thrown)).hasMessage("inputs: is truncated or corrupt");
    }

    /** A strip of a kilobyte would become 100 million pixels. */
    @Test
    void stripsAreRefused() throws IOException {
        assertThat(refused(png(2, 101), image -> image))
                .hasMessage("inputs: has 2 x 101 pixels; a side may be at most 50 times the other");
        assertThat(decoding.all(List.of(png(100, 2)), "inputs", Deadline.NONE, image -> image))
                .succeedsWithin(Duration.ofMinutes(1));
    }

    @Test
    void anImageTakesHalfOfTheHeapAtMost() {
        assertThat(ImageDecoding.mostPixels(400_000_000)).isEqualTo(10_000_000);
        assertThat(ImageDecoding.mostPixels(64L << 30)).isEqualTo(20_000_000);
    }
}
