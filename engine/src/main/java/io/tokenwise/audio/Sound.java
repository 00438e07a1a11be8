package io.tokenwise.audio;

import java.io.IOException;
import java.util.Objects;

/**
 * Mono sound that is read block by block, once: so many samples a second, each from -1 to 1 (resampled ones may pass that by a little). Who reads it
 * here refuses samples that are not finite numbers. For one thread.
 */
public interface Sound {
    /** Samples a second that speech models are trained on. */
    int SPEECH_HZ = 16_000;

    /** {@return the samples a second} */
    int rateHz();

    /**
     * Reads on. Fewer samples than asked for are not yet the end.
     *
     * @param into where samples are written
     * @param offset of the first of them
     * @param count how many at most, at least 1
     * @return how many were read, at least 1; -1 at the end
     * @throws IndexOutOfBoundsException if the array has no such range
     * @throws IOException if the sound cannot be read on
     */
    int read(float[] into, int offset, int count) throws IOException;

    /**
     * {@return sound that is in memory already}
     *
     * @param rateHz samples a second
     * @param samples each from -1 to 1; not copied
     */
    static Sound of(int rateHz, float... samples) {
        return new Sound() {
            private int position;

            @Override
            public int rateHz() {
                return rateHz;
            }

            @Override
            public int read(float[] into, int offset, int count) {
                Objects.checkFromIndexSize(offset, count, into.length);
                int read = Math.min(count, samples.length - position);
                System.arraycopy(samples, position, into, offset, read);
                position += read;
                return read == 0 ? -1 : read;
            }
        };
    }
}
