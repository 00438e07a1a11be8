package io.tokenwise.image;

import io.tokenwise.api.BadFileException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Reads JPEG and PNG files: of any colours (grey, palette, CMYK, 16 bits a channel) to RGB, upright as Exif says.
 *
 * <p>Pixels are those of Pillow's {@code convert("RGB")} for files of 8 bits: colour profiles are not applied, and transparency is dropped, so
 * what an editor left under transparent pixels is seen. Of 16 bits the upper 8 are kept.
 *
 * <p>A file that is no image, or is truncated or corrupt, is a {@link BadFileException}. Its size is looked at before memory is taken for its
 * pixels, of which there may be 100 million, or what the caller sets; reading takes up to 20 bytes for each pixel, and three times the file's.
 *
 * <p>Threads may share a reader.
 */
public final class ImageReader {
    /** 12,000 x 8,000, more than most cameras make; pixels take 400 MB then. */
    public static final int DEFAULT_MOST_PIXELS = Image.MOST_PIXELS;

    /** JPEG's own limit; PNG would allow strips of a single row that hardly any program can handle. */
    static final int LONGEST_SIDE = 65_535;

    /** No sound image of 100 million pixels compresses to more than this by far. */
    static final int MOST_BYTES = 512 << 20;

    /** As many bytes as tell what a file is. */
    private static final int START_BYTES = 12;

    private static final String JPEG_START = "\u00FF\u00D8\u00FF";

    private final int mostPixels;
    private final JdkDecoder jpegDecoder = JdkDecoder.find("jpeg");
    private final JdkDecoder pngDecoder = JdkDecoder.find("png");

    /** Reads images of up to {@link #DEFAULT_MOST_PIXELS}. */
    public ImageReader() {
        this(DEFAULT_MOST_PIXELS);
    }

    /**
     * Reads images up to a size.
     *
     * @param mostPixels width times height of the largest, at least 1
     */
    public ImageReader(int mostPixels) {
        if (mostPixels < 1) {
            throw new IllegalArgumentException("an image reader for at most " + mostPixels + " pixels");
        }
        this.mostPixels = mostPixels;
    }

    /**
     * Reads a file.
     *
     * @param file a JPEG or PNG
     * @return its pixels, upright
     * @throws BadFileException if it is not a sound JPEG or PNG, or is too large, for the heap too
     * @throws IOException if it cannot be read
     */
    public Image read(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return read(in, file.toString());
        }
    }

    /**
     * Reads all of a stream, which stays open; of what begins like no JPEG or PNG only the first bytes.
     *
     * @param in a JPEG or PNG from its first byte on
     * @param name what to call it in messages
     * @return its pixels, upright
     * @throws BadFileException if it is not a sound JPEG or PNG, or is too large, for the heap too
     * @throws IOException if it cannot be read
     */
    public Image read(InputStream in, String name) throws IOException {
        var all = new PushbackInputStream(in, START_BYTES);
        byte[] start = all.readNBytes(START_BYTES);
        checkStart(start, name);
        all.unread(start);
        byte[] bytes;
        try {
            bytes = all.readNBytes(MOST_BYTES + 1);
        } catch (OutOfMemoryError e) {
            throw doesNotFit(name, e);
        }
        if (bytes.length > MOST_BYTES) {
            throw new BadFileException(name, "has more than " + MOST_BYTES + " bytes, the most of an image");
        }
        return read(bytes, name);
    }

    /**
     * Reads a file's bytes.
     *
     * @param bytes of a JPEG or PNG; not changed
     * @param name what to call it in messages
     * @return its pixels, upright
     * @throws BadFileException if it is not a sound JPEG or PNG, or is too large, for the heap too
     */
    public Image read(byte[] bytes, String name) {
        try {
            return decode(bytes, name);
        } catch (OutOfMemoryError e) {
            throw doesNotFit(name, e);
        }
    }

    /** Memory was asked for and not given, so nothing else is the worse for it. */
    static BadFileException doesNotFit(String name, OutOfMemoryError e) {
        return new BadFileException(name, "does not fit Java's heap of " + heap() + ", beside what else is there", e);
    }

    /** Its size, and how to change it. */
    static String heap() {
        return (Runtime.getRuntime().maxMemory() >> 20) + " MB (-Xmx sets it, of ./tokenwise in TOKENWISE_JAVA_OPTS)";
    }

    private Image decode(byte[] bytes, String name) {
        checkStart(bytes, name);
        if (startsWith(bytes, 0, JPEG_START)) {
            JpegHeader header = JpegHeader.of(bytes, name);
            checkSize(header.width(), header.height(), name);
            Image stored = jpegDecoder.decode(header, name);
            return header.orientation().upright(stored);
        }
        PngHeader header = PngHeader.of(bytes, name);
        checkSize(header.width(), header.height(), name);
        Image stored = pngDecoder.decode(header, name);
        return header.orientation().upright(stored);
    }

    private static void checkStart(byte[] bytes, String name) {
        if (!startsWith(bytes, 0, JPEG_START) && !startsWith(bytes, 0, PngHeader.SIGNATURE)) {
            throw new BadFileException(name, whatElse(bytes) + "; images must be JPEG or PNG");
        }
    }

    private void checkSize(long width, long height, String name) {
        if (width < 1 || height < 1) {
            throw new BadFileException(
                    name, "claims to be " + width + " x " + height + " pixels; sides must be at least 1");
        }
        if (width > LONGEST_SIDE || height > LONGEST_SIDE || width * height > mostPixels) {
            throw new BadFileException(
                    name,
                    "has " + width + " x " + height + " pixels; at most " + mostPixels + " are read, and "
                            + LONGEST_SIDE + " a side");
        }
    }

    private static String whatElse(byte[] bytes) {
        if (bytes.length == 0) {
            return "is empty";
        }
        if (startsWith(bytes, 0, "GIF8")) {
            return "is a GIF";
        }
        if (startsWith(bytes, 0, "RIFF") && startsWith(bytes, 8, "WEBP")) {
            return "is a WebP";
        }
        if (startsWith(bytes, 0, "BM")) {
            return "is a BMP";
        }
        if (startsWith(bytes, 0, "II*\0") || startsWith(bytes, 0, "MM\0*")) {
            return "is a TIFF";
        }
        if (startsWith(bytes, 4, "ftyp")) {
            return "is an AVIF, HEIC or video";
        }
        return "is not an image";
    }

    private static boolean startsWith(byte[] bytes, int at, String magic) {
        byte[] wanted = magic.getBytes(StandardCharsets.ISO_8859_1);
        for (int i = 0; i < wanted.length; i++) {
            if (at + i >= bytes.length || bytes[at + i] != wanted[i]) {
                return false;
            }
        }
        return true;
    }
}
