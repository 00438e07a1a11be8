package io.tokenwise.image;

import io.tokenwise.api.BadFileException;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * The entries of a tar file, plain or gzipped, in their order: the formats ustar, GNU and pax, as tar and Python write them. What an archive may
 * have beyond files and folders (links, devices, sparse files) is refused, and so are names and headers that would take much memory.
 *
 * <p>One thread at a time.
 */
final class TarEntries implements AutoCloseable {
    private static final int BLOCK = 512;

    /** Linux has paths of at most 4096 bytes. */
    private static final int LONGEST_NAME = 1 << 13;

    /** A petabyte, more than any disk has: a size that can be added to others without fear. */
    private static final long MOST_SIZE = 1L << 50;

    /** Attributes are names, times and the like. */
    private static final int MOST_ATTRIBUTE_BYTES = 1 << 16;

    private final String file;
    private final InputStream in;
    private final byte[] header = new byte[BLOCK];

    /** What is left of the entry's content, and of the block that it ends in. */
    private long unread;

    private long padding;

    /** Where we are, for messages. */
    private String current = "its beginning";

    private TarEntries(String file, InputStream in) {
        this.file = file;
        this.in = in;
    }

    static TarEntries open(Path tar) throws IOException {
        InputStream in = new BufferedInputStream(Files.newInputStream(tar), 1 << 16);
        try {
            in.mark(2);
            boolean gzipped = in.read() == 0x1F && in.read() == 0x8B;
            in.reset();
            return new TarEntries(tar.toString(), gzipped ? new GZIPInputStream(in, 1 << 16) : in);
        } catch (EOFException | ZipException e) {
            in.close();
            throw new BadFileException(tar.toString(), "is a truncated or corrupt tar.gz", e);
        } catch (Throwable e) {
            in.close();
            throw e;
        }
    }

    /**
     * The path of the next entry, or empty at the end. It is as the archive has it, but for {@code ./} at its beginning; a folder's is empty or ends
     * with a slash.
     *
     * @throws BadFileException if the archive is truncated or corrupt, or has something else than files and folders
     */
    Optional<String> next() throws IOException {
        String longName = null;
        long longSize = -1;
        while (readHeader()) {
            char type = (char) header[156];
            long size = longSize < 0 ? size() : longSize;
            String full = longName == null ? name() : longName;
            // What "tar cf x.tar ." writes.
            String name = full.startsWith("./") ? full.substring(2) : full;
            current = name;
            unread = size;
            padding = -size & (BLOCK - 1);
            switch (type) {
                case '0', '\0', '7' -> {
                    return Optional.of(name);
                }
                case '5' -> {
                    return Optional.of(name.isEmpty() || name.endsWith("/") ? name : name + "/");
                }
                case 'L' -> longName = untilZero(content(LONGEST_NAME), 0, LONGEST_NAME);
                case 'x' -> {
                    var attributes = new String(content(MOST_ATTRIBUTE_BYTES), StandardCharsets.UTF_8);
                    longName = attribute(attributes, "path").orElse(longName);
                    longSize = attribute(attributes, "size").map(this::decimal).orElse(longSize);
                }
                case 'g' -> content(MOST_ATTRIBUTE_BYTES);
                default ->
                    throw bad(
                            "is a link or another special entry (type " + type + "); only files and folders are read");
            }
        }
        // A gzip file's checksum lies at its end.
        reading(() -> {
            in.transferTo(OutputStream.nullOutputStream());
            return header;
        });
        return Optional.empty();
    }

    /**
     * The content of the entry that was given last.
     *
     * @throws BadFileException if it is larger than the most bytes that the caller wants, or the archive ends before
     */
    byte[] content(int mostBytes) throws IOException {
        if (unread > mostBytes) {
            throw bad("claims " + unread + " bytes; at most " + mostBytes + " are read");
        }
        return reading(() -> {
            byte[] bytes = in.readNBytes((int) unread);
            if (bytes.length < unread) {
                throw new EOFException();
            }
            unread = 0;
            return bytes;
        });
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    /** Moves behind the next header; false at the block of zeros that ends an archive. */
    private boolean readHeader() throws IOException {
        reading(() -> {
            in.skipNBytes(unread + padding);
            unread = 0;
            padding = 0;
            if (in.readNBytes(header, 0, BLOCK) < BLOCK) {
                throw new EOFException();
            }
            return header;
        });
        int sum = 0;
        for (int i = 0; i < BLOCK; i++) {
            // The checksum itself counts as spaces.
            sum += i >= 148 && i < 156 ? ' ' : Byte.toUnsignedInt(header[i]);
        }
        boolean zeros = Arrays.equals(header, new byte[BLOCK]);
        if (!zeros && octal(148, 8) != sum) {
            throw unsound();
        }
        return !zeros;
    }

    private String name() {
        String name = untilZero(header, 0, 100);
        // With GNU's tar, whose magic ends with a space, other things lie where ustar has the name's beginning.
        boolean ustar = untilZero(header, 257, 6).equals("ustar");
        String prefix = ustar ? untilZero(header, 345, 155) : "";
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    /** The entry's size: octal digits or, where those would not do, a number of base 256 behind a byte of 80. */
    private long size() {
        if (header[124] >= 0) {
            return octal(124, 12);
        }
        long size = header[124] == (byte) 0x80 ? 0 : -1;
        for (int i = 125; i < 136 && size >= 0; i++) {
            size = size > MOST_SIZE ? -1 : size << 8 | Byte.toUnsignedLong(header[i]);
        }
        return checked(size);
    }

    /** A field of octal digits, among spaces and up to a zero. */
    private long octal(int at, int length) {
        String digits = untilZero(header, at, length).strip();
        if (!digits.matches("[0-7]*")) {
            throw unsound();
        }
        return digits.isEmpty() ? 0 : Long.parseLong(digits, 8);
    }

    private static String untilZero(byte[] bytes, int at, int most) {
        int end = at;
        while (end < Math.min(bytes.length, at + most) && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, at, end - at, StandardCharsets.UTF_8);
    }

    /** The value of a pax attribute, of which each is a line {@code length name=value}. */
    private static Optional<String> attribute(String attributes, String name) {
        return attributes
                .lines()
                .map(line -> line.substring(line.indexOf(' ') + 1))
                .filter(line -> line.startsWith(name + "="))
                .map(line -> line.substring(name.length() + 1))
                .reduce((first, last) -> last);
    }

    private long decimal(String digits) {
        return checked(digits.matches("[0-9]{1,18}") ? Long.parseLong(digits) : -1);
    }

    private long checked(long size) {
        if (size < 0 || size > MOST_SIZE) {
            throw new BadFileException(file, "has an entry of an impossible size, after " + current);
        }
        return size;
    }

    private BadFileException unsound() {
        return new BadFileException(file, "is not a tar file, or corrupt: there is no sound header after " + current);
    }

    private BadFileException bad(String fact) {
        return new BadFileException(file + "!" + current, fact);
    }

    private interface Reading {
        byte[] bytes() throws IOException;
    }

    private byte[] reading(Reading reading) throws IOException {
        try {
            return reading.bytes();
        } catch (EOFException e) {
            throw new BadFileException(file, "is truncated: it ends within or after " + current, e);
        } catch (ZipException e) {
            throw new BadFileException(file, "is a corrupt tar.gz, after " + current + ": " + e.getMessage(), e);
        }
    }
}
