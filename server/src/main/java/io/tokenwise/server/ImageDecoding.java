package io.tokenwise.server;

import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.image.Image;
import io.tokenwise.image.ImageReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/** Decodes images that clients send, on a thread of its own that ends when there are none: large ones take long, and much of the heap, so it is one at a time. Thread-safe. */
final class ImageDecoding {
    private static final int MOST_PIXELS = 20_000_000;

    /** Of the sides. Models read squares: a strip becomes as long in proportion before its middle is cut out. */
    private static final int MOST_RATIO = 50;

    /** While an image is read. */
    private static final int BYTES_PER_PIXEL = 20;

    private final Executor thread = thread();
    private final ImageReader reader =
            new ImageReader(mostPixels(Runtime.getRuntime().maxMemory()));

    private static Executor thread() {
        var thread = new ThreadPoolExecutor(
                1,
                1,
                1,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                Thread.ofPlatform().daemon().name("tokenwise-images").factory());
        thread.allowCoreThreadTimeOut(true);
        return thread;
    }

    /** An image takes at most half of the heap, as others have work there too. */
    static int mostPixels(long heapBytes) {
        return (int) Math.min(MOST_PIXELS, heapBytes / 2 / BYTES_PER_PIXEL);
    }

    /**
     * Decodes the images of one request, those of others in between.
     *
     * @param field that has them
     * @param prepare makes of each what a model reads
     * @return failed with {@link ApiError} if one is no image that is read here; once it is completed by somebody else, such as by being cancelled, no more are decoded
     */
    CompletableFuture<List<Image>> all(
            List<byte[]> files, String field, Deadline deadline, UnaryOperator<Image> prepare) {
        var decoding = new Decoding(files, field, deadline, prepare);
        thread.execute(decoding);
        return decoding.all;
    }

    /** One image of a request at a time. */
    private final class Decoding implements Runnable {
        private final List<byte[]> files;
        private final String field;
        private final Deadline deadline;
        private final UnaryOperator<Image> prepare;
        private final List<Image> images = new ArrayList<>();
        private final CompletableFuture<List<Image>> all = new CompletableFuture<>();

        Decoding(List<byte[]> files, String field, Deadline deadline, UnaryOperator<Image> prepare) {
            this.files = files;
            this.field = field;
            this.deadline = deadline;
            this.prepare = prepare;
        }

        @Override
        public void run() {
            try {
                if (all.isDone()) {
                    return;
                }
                if (deadline.hasPassed()) {
                    throw new DeadlineException("the deadline passed before the image was decoded");
                }
                int next = images.size();
                String name = files.size() == 1 ? field : TeiInputs.place(field, next);
                images.add(image(name, files.get(next)));
                if (images.size() == files.size()) {
                    all.complete(List.copyOf(images));
                } else {
                    thread.execute(this);
                }
            } catch (RuntimeException | Error e) {
                all.completeExceptionally(e);
            }
        }

        private Image image(String name, byte[] file) {
            try {
                Image image = reader.read(file, name);
                checkSides(name, image.width(), image.height());
                return prepare.apply(image);
            } catch (BadFileException e) {
                throw told(name, e);
            } catch (OutOfMemoryError e) {
                throw full();
            }
        }

        private static void checkSides(String name, int width, int height) {
            if (Math.max(width, height) > MOST_RATIO * Math.min(width, height)) {
                throw ApiError.field(
                        name,
                        name + ": has " + width + " x " + height + " pixels; a side may be at most " + MOST_RATIO
                                + " times the other");
            }
        }
    }

    /** What the client is told. That the heap is full is not its mistake, and what a decoder throws that is not about files names classes. */
    static ApiError told(String name, BadFileException bad) {
        return switch (bad.getCause()) {
            case OutOfMemoryError ignored -> full();
            case RuntimeException ignored -> ApiError.field(name, name + ": is truncated or corrupt");
            case null, default -> ApiError.field(name, bad.getMessage());
        };
    }

    private static ApiError full() {
        return ApiError.busy(503, "the server has no room for an image of this size now", Duration.ofSeconds(1));
    }
}
