package io.tokenwise.audio;

import java.io.IOException;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Objects;

/**
 * Sound at {@link Sound#SPEECH_HZ}, from sound at another rate, band-limited: what lies above half of the lower rate is at least 80 dB
 * down, and up to .9 of it amplitudes stay within .1 dB. For one thread.
 *
 * <p>Nothing is delayed: output n is the sound at n / 16,000 s, with silence before the sound's begin and after its end. Of N inputs there
 * are {@code ceil(N * 16_000 / rate)} outputs. Their bits do not depend on how they are read. An input that is not a finite number is an {@link
 * IllegalArgumentException} with its number.
 */
public final class Resampler implements Sound {
    private static final int LEAST_HZ = 1_000;
    private static final int MOST_HZ = 384_000;
    private static final int BLOCK_SAMPLES = 4_096;

    private final Sound sound;
    private final ResamplingFilter filter;
    private final int phases;

    /** From one output to the next: so many inputs, and so many phases. */
    private final int stepInputs;

    private final int stepPhases;

    private final float[] window;

    /** How much of the window is filled, and where the next output's inputs begin there. */
    private int filled;

    private int first;
    private int phase;

    /** Where the sound ends in the window, which goes on with zeros; -1 as long as that is not known. */
    private int end = -1;

    private Resampler(Sound sound) {
        this.sound = new FiniteSound(sound);
        int rateHz = sound.rateHz();
        int common =
                BigInteger.valueOf(rateHz).gcd(BigInteger.valueOf(SPEECH_HZ)).intValue();
        phases = SPEECH_HZ / common;
        stepInputs = rateHz / common / phases;
        stepPhases = rateHz / common % phases;
        filter = new ResamplingFilter(rateHz, SPEECH_HZ, phases);
        window = new float[filter.taps() + Math.max(BLOCK_SAMPLES, filter.taps())];
        filled = filter.taps() / 2 - 1;
    }

    /**
     * The same sound at 16 kHz; itself if that is its rate.
     *
     * @param sound of any rate that is supported; from here on read by what is returned
     * @return what is read from it at {@link Sound#SPEECH_HZ}
     * @throws IllegalArgumentException if its rate is not from 1 to 384 kHz
     */
    public static Sound to16kHz(Sound sound) {
        int rateHz = sound.rateHz();
        if (rateHz < LEAST_HZ || rateHz > MOST_HZ) {
            throw new IllegalArgumentException(
                    "resample: sound of " + rateHz + " samples a second; supported: " + LEAST_HZ + " to " + MOST_HZ);
        }
        return rateHz == SPEECH_HZ ? sound : new Resampler(sound);
    }

    @Override
    public int rateHz() {
        return SPEECH_HZ;
    }

    @Override
    public int read(float[] into, int offset, int count) throws IOException {
        Objects.checkFromIndexSize(offset, count, into.length);
        int read = 0;
        while (read < count && reach()) {
            into[offset + read++] = filter.output(window, first, phase);
            phase += stepPhases;
            first += stepInputs + phase / phases;
            phase %= phases;
        }
        return read == 0 ? -1 : read;
    }

    /** Makes the window hold what the next output is made of. False if there is none. */
    private boolean reach() throws IOException {
        while (end < 0 && first + filter.taps() > filled) {
            System.arraycopy(window, first, window, 0, filled - first);
            filled -= first;
            first = 0;
            int read = sound.read(window, filled, window.length - filled);
            if (read < 0) {
                end = filled;
                Arrays.fill(window, filled, window.length, 0);
            } else {
                filled += read;
            }
        }
        return end < 0 || first + filter.taps() / 2 - 1 < end;
    }
}
