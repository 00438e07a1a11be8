package io.tokenwise.image;

import io.tokenwise.api.BadFileException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Makes a data set's pixels on all processors, by the common pool, a batch at a time: between batches it looks at the thread's interrupt status,
 * and no more than a batch's files are held.
 */
final class Decoding {
    private static final int BATCH_IMAGES = 1024;
    private static final long BATCH_BYTES = 64 << 20;

    /** Of an array beside its values: its header, and the reference to it. */
    private static final int ARRAY_BYTES = 32;

    /** Where an image comes from. */
    interface Source {
        Image image() throws IOException;
    }

    private record Pending(int index, String name, Source source) {}

    private final LabelledImageReader reader;
    private final String name;
    private final int[][] pixels;
    private final List<Pending> pending = new ArrayList<>();
    private long pendingBytes;

    /** @throws BadFileException if so many images of that size do not fit the heap */
    Decoding(LabelledImageReader reader, int count, String name) {
        checkFits(count, reader.width(), reader.height(), Integer.BYTES, name);
        this.reader = reader;
        this.name = name;
        pixels = new int[count][];
    }

    /** @throws BadFileException if so many images of that size do not fit the heap */
    static void checkFits(int count, int width, int height, int bytesOfPixel, String name) {
        long bytes = count * ((long) width * height * bytesOfPixel + ARRAY_BYTES);
        long most = Runtime.getRuntime().maxMemory();
        if (bytes >= most) {
            throw new BadFileException(
                    name,
                    "has " + count + " images, which take " + (bytes >> 20) + " MB at " + width + " x " + height
                            + "; Java's heap is " + ImageReader.heap());
        }
    }

    /**
     * Takes an image, to be made soon.
     *
     * @param index its place in the data set
     * @param name what to call it in messages
     * @param bytes what its source holds meanwhile
     */
    void add(int index, String name, Source source, long bytes) throws IOException, InterruptedException {
        pending.add(new Pending(index, name, source));
        pendingBytes += bytes;
        if (pending.size() == BATCH_IMAGES || pendingBytes >= BATCH_BYTES) {
            decode();
        }
    }

    /**
     * The pixels of all images.
     *
     * @throws BadFileException if not all of them came
     */
    List<int[]> finish() throws IOException, InterruptedException {
        decode();
        List<int[]> all = Arrays.asList(pixels);
        if (all.contains(null)) {
            throw new BadFileException(name, "lost image " + all.indexOf(null) + " while it was read");
        }
        return all;
    }

    private void decode() throws IOException, InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException("stopped reading images");
        }
        try {
            pending.parallelStream().forEach(this::decode);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        pending.clear();
        pendingBytes = 0;
    }

    private void decode(Pending one) {
        try {
            Image image = one.source().image();
            pixels[one.index()] = reader.fit().apply(image).rgb();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (OutOfMemoryError e) {
            throw ImageReader.doesNotFit(one.name(), e);
        } catch (IllegalArgumentException e) {
            // A strip of a thousand times its height cannot be covered.
            throw new BadFileException(one.name(), e.getMessage(), e);
        }
    }
}
