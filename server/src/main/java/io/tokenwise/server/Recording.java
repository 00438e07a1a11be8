package io.tokenwise.server;

import io.tokenwise.audio.Sound;
import java.io.Closeable;
import java.io.IOException;

/** Sound of a file that one thread reads, and that any thread may close: never in the middle of a read, in which the file's buffers are in use. Knows how much was read. */
final class Recording implements Sound, Closeable {
    private final Sound sound;
    private final Closeable file;
    private long samples;
    private boolean closed;

    Recording(Sound sound, Closeable file) {
        this.sound = sound;
        this.file = file;
    }

    @Override
    public int rateHz() {
        return sound.rateHz();
    }

    @Override
    public synchronized int read(float[] into, int offset, int count) throws IOException {
        if (closed) {
            throw new IOException("the recording is closed");
        }
        int read = sound.read(into, offset, count);
        samples += Math.max(0, read);
        return read;
    }

    synchronized double seconds() {
        return (double) samples / rateHz();
    }

    @Override
    public synchronized void close() throws IOException {
        closed = true;
        file.close();
    }
}
