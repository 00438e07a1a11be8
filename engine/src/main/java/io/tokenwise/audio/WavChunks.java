package io.tokenwise.audio;

import io.tokenwise.api.BadFileException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Walks over the chunks of a WAV file up to its samples. For one thread. */
final class WavChunks {
    /** Before the samples: pictures of an album take some megabytes. It bounds what a bad length makes us read. */
    private static final long MOST_HEADER_BYTES = 64L << 20;

    /** The length that says that it was not known when it was written, as by ffmpeg into a pipe. */
    private static final long UNKNOWN_BYTES = 0xFFFF_FFFFL;

    /** From here on lengths are such as sox and arecord write when they do not know better. */
    private static final long LEAST_GUESS_BYTES = 0x7FFF_F000L;

    private final String file;
    private final InputStream in;

    /** Bytes that have been read. */
    private long position;

    private boolean afterOddChunk;

    /**
     * The samples, which are what the stream has next.
     *
     * @param bytes at most this many; {@code Long.MAX_VALUE} if all that follows are samples
     * @param known whether so many were promised
     */
    record Data(WavFormat format, long bytes, boolean known) {}

    private record Chunk(String id, long bytes) {}

    /** @param file its name, for messages */
    WavChunks(String file, InputStream in) {
        this.file = file;
        this.in = in;
    }

    /** Reads up to the first sample. */
    Data data() throws IOException {
        long riffBytes = riffBytes();
        WavFormat format = null;
        for (Chunk chunk = next(); chunk != null; chunk = next()) {
            switch (chunk.id) {
                case "fmt " -> {
                    if (format != null) {
                        throw bad("has two fmt chunks; one is right");
                    }
                    format = format(chunk);
                }
                case "data" -> {
                    if (format == null) {
                        throw bad("has no fmt chunk before its data chunk, so its samples' format is unknown");
                    }
                    return data(format, chunk.bytes, riffBytes);
                }
                default -> skip(chunk, 0);
            }
        }
        throw bad("has no data chunk, where its samples would be");
    }

    /** The length that the file claims to have, but for the first 8 bytes. */
    private long riffBytes() throws IOException {
        byte[] head = in.readNBytes(12);
        position = head.length;
        if (head.length == 0) {
            throw bad("is empty; a WAV file is needed");
        }
        String id = text(head, 0);
        if (!id.equals("RIFF")) {
            throw bad("is not a WAV file: it begins with '" + id + "', needed is RIFF");
        }
        if (head.length < 12) {
            throw bad("ends after " + head.length + " bytes, within its header");
        }
        if (!text(head, 8).equals("WAVE")) {
            throw bad("is not a WAV file but a RIFF file of the kind '" + text(head, 8) + "', needed is WAVE");
        }
        return unsigned(head, 4);
    }

    /** The header of the next chunk, or null at the end. */
    private Chunk next() throws IOException {
        byte[] head = new byte[8];
        int count = 0;
        if (afterOddChunk) {
            // Some writers forget the zero that makes a chunk's length even: what is there then begins the next name.
            int pad = in.read();
            position++;
            if (pad > 0) {
                head[count++] = (byte) pad;
            }
        }
        int read = in.readNBytes(head, count, head.length - count);
        position += read;
        return count + read < head.length ? null : new Chunk(text(head, 0), unsigned(head, 4));
    }

    private WavFormat format(Chunk chunk) throws IOException {
        if (chunk.bytes < WavFormat.LEAST_BYTES) {
            throw bad("its fmt chunk has " + chunk.bytes + " bytes; at least " + WavFormat.LEAST_BYTES + " are needed");
        }
        int used = (int) Math.min(chunk.bytes, WavFormat.MOST_BYTES);
        byte[] fields = in.readNBytes(used);
        position += fields.length;
        if (fields.length < used) {
            throw bad("ends within its fmt chunk, after " + position + " bytes");
        }
        skip(chunk, used);
        return WavFormat.parse(file, fields);
    }

    /** Skips what a chunk has left after some bytes that were used. */
    private void skip(Chunk chunk, int used) throws IOException {
        if (position + chunk.bytes - used > MOST_HEADER_BYTES) {
            throw bad("its chunk '" + chunk.id + "' claims " + chunk.bytes + " bytes; before the samples at most "
                    + MOST_HEADER_BYTES + " are read");
        }
        try {
            in.skipNBytes(chunk.bytes - used);
        } catch (EOFException e) {
            throw new BadFileException(
                    file, "ends within its chunk '" + chunk.id + "', which claims " + chunk.bytes + " bytes", e);
        }
        position += chunk.bytes - used;
        afterOddChunk = chunk.bytes % 2 == 1;
    }

    /**
     * A length of 0 is often one that was never filled in. It is taken at its word only if the file's own length says that something else
     * follows.
     */
    private Data data(WavFormat format, long bytes, long riffBytes) {
        boolean unfilled = bytes == 0 && (riffBytes == UNKNOWN_BYTES || riffBytes + 8 <= position);
        if (unfilled || bytes == UNKNOWN_BYTES) {
            return new Data(format, Long.MAX_VALUE, false);
        }
        return new Data(format, bytes, bytes < LEAST_GUESS_BYTES);
    }

    private static String text(byte[] bytes, int at) {
        return new String(bytes, at, Math.min(4, bytes.length - at), StandardCharsets.ISO_8859_1);
    }

    private static long unsigned(byte[] bytes, int at) {
        return Integer.toUnsignedLong(
                ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(at));
    }

    private BadFileException bad(String fact) {
        return new BadFileException(file, fact);
    }
}
