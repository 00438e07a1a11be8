package io.tokenwise.audio;

import io.tokenwise.api.BadFileException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/**
 * Reads a WAV file as it comes: PCM of 8, 16, 24 or 32 bits or float of 32, 8 to 192 kHz, one channel or the mean of two. For one thread.
 *
 * <p>A file from outside is hostile. What can be read safely is read: where samples end before the header says so, or within a frame,
 * {@link #cutShort} tells it afterwards; where the length is one that streaming encoders write (0, 0xFFFFFFFF), all that follows are
 * samples. The rest is a {@link BadFileException}.
 */
public final class WavReader implements Sound, AutoCloseable {
    private static final int BLOCK_FRAMES = 4_096;

    private final String file;
    private final InputStream in;
    private final WavFormat format;
    private final boolean lengthKnown;
    private final ByteBuffer block;

    /** Bytes of samples that the header leaves to read. */
    private long remaining;

    private long frames;

    /** Of those that the header says; one of them may have begun. */
    private long missingFrames;

    private boolean endsWithinSample;

    private WavReader(String file, InputStream in) throws IOException {
        this.file = file;
        this.in = in;
        WavChunks.Data data = new WavChunks(file, in).data();
        format = data.format();
        remaining = data.bytes();
        lengthKnown = data.known();
        block = ByteBuffer.allocate(BLOCK_FRAMES * format.frameBytes()).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Opens a file, which may be a pipe.
     *
     * @param file its name is used in messages
     * @return a reader of its samples, to be closed
     * @throws BadFileException if it is not there or is no WAV that is read here
     * @throws IOException if it cannot be read
     */
    public static WavReader open(Path file) throws IOException {
        if (!Files.exists(file) || Files.isDirectory(file)) {
            throw new BadFileException(
                    file.toString(), Files.exists(file) ? "is a directory, a WAV file is needed" : "no such file");
        }
        return open(file.toString(), Files.newInputStream(file));
    }

    /**
     * Reads a stream, which it closes, also if this fails.
     *
     * @param name what to call it in messages
     * @param in a WAV file from its first byte on
     * @return a reader of its samples, to be closed
     * @throws BadFileException if it is no WAV that is read here
     * @throws IOException if it cannot be read
     */
    public static WavReader open(String name, InputStream in) throws IOException {
        try {
            return new WavReader(name, new BufferedInputStream(in));
        } catch (Throwable e) {
            in.close();
            throw e;
        }
    }

    @Override
    public int rateHz() {
        return format.rateHz();
    }

    /** {@return 1 or 2; what is read is their mean} */
    public int channels() {
        return format.channels();
    }

    /**
     * {@return after all has been read, a line for users that names the file and how much is missing, if it has fewer samples than its header says, or ends
     * within one}
     */
    public Optional<String> cutShort() {
        if (missingFrames > 0) {
            return Optional.of(String.format(
                    Locale.ROOT,
                    "%s: lacks %d of the samples that its header says (%.2f s); what is there is used",
                    file,
                    missingFrames,
                    (double) missingFrames / rateHz()));
        }
        return endsWithinSample
                ? Optional.of(file + ": ends within a sample; what is there is used")
                : Optional.empty();
    }

    /** @throws BadFileException if a sample is not a number, which floats can be */
    @Override
    public int read(float[] into, int offset, int count) throws IOException {
        Objects.checkFromIndexSize(offset, count, into.length);
        int ready = readFrames(Math.min(count, BLOCK_FRAMES));
        for (int i = 0; i < ready; i++) {
            into[offset + i] = frame(i);
        }
        frames += ready;
        return ready == 0 ? -1 : ready;
    }

    /** Reads whole frames into the block; fewer than asked for only at the end. */
    private int readFrames(int count) throws IOException {
        int frameBytes = format.frameBytes();
        int wanted = (int) Math.min(remaining, (long) count * frameBytes);
        int read = in.readNBytes(block.array(), 0, wanted);
        remaining -= read;
        endsWithinSample |= read % frameBytes != 0;
        if (read < wanted) {
            missingFrames = lengthKnown ? Math.ceilDiv(read % frameBytes + remaining, (long) frameBytes) : 0;
            remaining = 0;
        }
        return read / frameBytes;
    }

    private float frame(int number) {
        int at = number * format.frameBytes();
        float sample = format.coding().sample(block, at);
        if (format.channels() == 2) {
            sample = sample / 2
                    + format.coding().sample(block, at + format.coding().bytes()) / 2;
        }
        if (!Float.isFinite(sample)) {
            throw new BadFileException(file, "its sample " + (frames + number) + " is not a finite number");
        }
        return Math.clamp(sample, -1, 1);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
