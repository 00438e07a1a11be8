package io.tokenwise.audio;

import java.io.IOException;

/**
 * Sound whose samples are all finite numbers: of one that is not, a filter would make many, and a model an empty text. It stands where sound comes in, so
 * that an error has the sample's number as the caller counts, before any resampling. For one thread.
 */
final class FiniteSound implements Sound {
    private final Sound sound;

    /** Samples before the next ones. */
    private long before;

    FiniteSound(Sound sound) {
        this.sound = sound;
    }

    @Override
    public int rateHz() {
        return sound.rateHz();
    }

    /** @throws IllegalArgumentException if a sample is not a finite number */
    @Override
    public int read(float[] into, int offset, int count) throws IOException {
        int read = sound.read(into, offset, count);
        for (int i = 0; i < read; i++) {
            if (!Float.isFinite(into[offset + i])) {
                throw new IllegalArgumentException("sound: sample " + (before + i) + " is " + into[offset + i]
                        + "; must be a finite number, full scale being -1 to 1");
            }
        }
        before += Math.max(0, read);
        return read;
    }
}
