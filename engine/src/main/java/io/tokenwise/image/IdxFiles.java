package io.tokenwise.image;

import io.tokenwise.api.BadFileException;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * MNIST's two files: grey images of one size, and their labels.
 *
 * @param images {@code [count][rows * columns]}
 */
record IdxFiles(String name, int rows, int columns, byte[][] images, byte[] labels, String labelsName) {
    /** Bytes, in one dimension and in three. */
    private static final int LABELS_MAGIC = 0x0801;

    private static final int IMAGES_MAGIC = 0x0803;

    /** More than any data set of this kind has; gzipped, so many zeros take no more than 10 KB. */
    private static final int MOST_LABELS = 10_000_000;

    /**
     * Reads them, plain or gzipped.
     *
     * @param prefix what their names begin with: {@code train} or {@code t10k}
     * @throws BadFileException if one is missing, is not what its header claims, or they have different numbers of images
     */
    static IdxFiles read(Path folder, String prefix) throws IOException {
        Path labelsFile = plainOrGzipped(folder, prefix + "-labels-idx1-ubyte");
        Path imagesFile = plainOrGzipped(folder, prefix + "-images-idx3-ubyte");
        byte[] labels = read(labelsFile, IdxFiles::labels);
        return read(imagesFile, (in, name) -> images(in, name, labels, labelsFile.toString()));
    }

    /** One image, its grey levels as colours. */
    Image image(int index) {
        int[] rgb = new int[rows * columns];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = Byte.toUnsignedInt(images[index][i]) * 0x010101;
        }
        return new Image(columns, rows, rgb);
    }

    /**
     * Each image's label.
     *
     * @throws BadFileException if one is not below the number of classes
     */
    int[] labelsWithin(int classes) {
        int[] within = new int[labels.length];
        for (int i = 0; i < within.length; i++) {
            within[i] = Byte.toUnsignedInt(labels[i]);
            if (within[i] >= classes) {
                throw new BadFileException(
                        labelsName,
                        "gives image " + i + " the label " + within[i] + "; there are " + classes + " classes");
            }
        }
        return within;
    }

    private static byte[] labels(InputStream in, String name) throws IOException {
        int count = header(in, name, LABELS_MAGIC, 1)[0];
        if (count > MOST_LABELS) {
            throw new BadFileException(name, "claims " + count + " labels; at most " + MOST_LABELS + " are read");
        }
        return bytes(in, count, name, "claims " + count + " labels");
    }

    private static IdxFiles images(InputStream in, String name, byte[] labels, String labelsName) throws IOException {
        int[] sizes = header(in, name, IMAGES_MAGIC, 3);
        int count = sizes[0];
        int rows = sizes[1];
        int columns = sizes[2];
        if (count != labels.length) {
            throw new BadFileException(
                    name, "claims " + count + " images, but " + labelsName + " has " + labels.length + " labels");
        }
        if (Math.max(rows, columns) > ImageReader.LONGEST_SIDE || (long) rows * columns > Image.MOST_PIXELS) {
            throw new BadFileException(name, "claims images of " + columns + " x " + rows + " pixels");
        }
        // A byte of the file, and the color that it becomes.
        Decoding.checkFits(count, columns, rows, 1 + Integer.BYTES, name);
        byte[][] images = new byte[count][];
        try {
            for (int i = 0; i < count; i++) {
                images[i] =
                        bytes(in, rows * columns, name, "claims " + count + " images; image " + i + " is cut short");
            }
        } catch (OutOfMemoryError e) {
            throw ImageReader.doesNotFit(name, e);
        }
        return new IdxFiles(name, rows, columns, images, labels, labelsName);
    }

    /** The sizes in the header, each at least 1. */
    private static int[] header(InputStream in, String name, int magic, int dimensions) throws IOException {
        ByteBuffer header = ByteBuffer.wrap(bytes(in, 4 + 4 * dimensions, name, "is no IDX file: it is too short"));
        int found = header.getInt();
        if (found != magic) {
            throw new BadFileException(
                    name,
                    String.format("is no IDX file of the wanted kind: it begins with %08x, not %08x", found, magic));
        }
        int[] sizes = new int[dimensions];
        for (int i = 0; i < dimensions; i++) {
            sizes[i] = header.getInt();
            if (sizes[i] < 1) {
                throw new BadFileException(
                        name, "claims a size of " + Integer.toUnsignedString(sizes[i]) + " in its header");
            }
        }
        return sizes;
    }

    /** Takes memory only as bytes arrive, whatever the header claims. */
    private static byte[] bytes(InputStream in, int count, String name, String claim) throws IOException {
        byte[] bytes = in.readNBytes(count);
        if (bytes.length < count) {
            throw new BadFileException(name, claim + ", but the file ends before");
        }
        return bytes;
    }

    private interface Reading<T> {
        T from(InputStream in, String name) throws IOException;
    }

    private static <T> T read(Path file, Reading<T> reading) throws IOException {
        try (InputStream raw = Files.newInputStream(file);
                InputStream in = file.toString().endsWith(".gz")
                        ? new GZIPInputStream(raw, 1 << 16)
                        : new BufferedInputStream(raw, 1 << 16)) {
            T content = reading.from(in, file.toString());
            if (in.read() >= 0) {
                throw new BadFileException(file.toString(), "goes on after what its header claims");
            }
            return content;
        } catch (EOFException | ZipException e) {
            throw new BadFileException(file.toString(), "is a truncated or corrupt gzip file", e);
        }
    }

    private static Path plainOrGzipped(Path folder, String name) {
        Path plain = folder.resolve(name);
        Path gzipped = folder.resolve(name + ".gz");
        if (!Files.isRegularFile(plain) && !Files.isRegularFile(gzipped)) {
            throw new BadFileException(folder.toString(), "has neither " + name + " nor " + name + ".gz");
        }
        return Files.isRegularFile(plain) ? plain : gzipped;
    }
}
