package io.tokenwise.audio;

import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;

/**
 * Cuts speech of any length into segments that a model can take, in pauses where there are any. It holds one segment. For one thread.
 *
 * <ul>
 *   <li>Silence is what stays below -60 dB of full scale for a frame of 20 ms, whatever its mean. Segments hold all that is not silence; a
 *       sound of silence has no segments.
 *   <li>A silence of a second ends a segment, once it is a second long. A fifth of a second of silence stays before and after.
 *   <li>A segment that would become too long ends at the quietest place of its second half, where the next one goes on. With noise above
 *       -60 dB, or without any pause, this is the only rule.
 *   <li>Segments do not overlap.
 * </ul>
 */
public final class SpeechSegments {
    /** What speech models are trained on is at most this long. */
    public static final Duration LONGEST = Duration.ofSeconds(30);

    private static final Duration LEAST_LONGEST = Duration.ofSeconds(2);
    private static final Duration MOST_LONGEST = Duration.ofMinutes(10);

    private static final int FRAME_SAMPLES = 320;

    /**
     * Of full scale; what stays below is silence. A tenth of the frames of Asterisk's prompts, from a studio, are below, with pauses down to -96; readers
     * at home (pocketsphinx's Librivox clips) pause at -50 to -57, and even their softest sounds are not lost.
     */
    public static final int SILENCE_DB = -60;

    private static final double SILENCE_POWER = Math.pow(10, SILENCE_DB / 10.0);

    private static final int PAUSE_FRAMES = 50;
    private static final int LEAST_FRAMES = 50;
    private static final int PADDING_FRAMES = 10;

    /** A cut is as quiet as so many frames before and after it: between the two, a stop consonant is no pause. */
    private static final int QUIET_FRAMES = 2;

    private final Sound sound;
    private final int mostFrames;

    /** What has been read and is in no segment yet, frame by frame; only the sound's last frame may be short. */
    private final float[] held;

    private final double[] powers;
    private int samples;
    private int frames;

    /** Of the held frames; -1 if all are silent. */
    private int lastLoud = -1;

    /** Where in the sound the held samples begin. */
    private long firstSample;

    /**
     * Cuts into segments of at most {@link #LONGEST}.
     *
     * @param sound at {@link Sound#SPEECH_HZ}
     */
    public SpeechSegments(Sound sound) {
        this(sound, LONGEST);
    }

    /**
     * Cuts into segments of at most a given length.
     *
     * @param sound at {@link Sound#SPEECH_HZ}
     * @param longest no segment is longer; 2 seconds to 10 minutes
     * @throws IllegalArgumentException if either is otherwise
     */
    public SpeechSegments(Sound sound, Duration longest) {
        if (sound.rateHz() != Sound.SPEECH_HZ) {
            throw new IllegalArgumentException("segments: sound of " + sound.rateHz() + " samples a second; needed: "
                    + Sound.SPEECH_HZ + ", see Resampler");
        }
        if (longest.compareTo(LEAST_LONGEST) < 0 || longest.compareTo(MOST_LONGEST) > 0) {
            throw new IllegalArgumentException("segments: the longest is to have " + longest.toMillis()
                    + " ms; supported: " + LEAST_LONGEST.toMillis() + " to " + MOST_LONGEST.toMillis());
        }
        this.sound = new FiniteSound(sound);
        mostFrames = (int) (longest.toMillis() * Sound.SPEECH_HZ / 1_000 / FRAME_SAMPLES);
        held = new float[mostFrames * FRAME_SAMPLES];
        powers = new double[mostFrames];
    }

    /**
     * {@return the next segment; empty at the end}
     *
     * @throws IOException if the sound cannot be read on
     * @throws IllegalArgumentException if a sample is not a finite number; it has the sample's number
     */
    public Optional<SpeechSegment> next() throws IOException {
        while (readFrame()) {
            if (lastLoud < 0) {
                dropSilence();
            } else if (frames - 1 - lastLoud == PAUSE_FRAMES) {
                return Optional.of(cut(Math.max(lastLoud + 1 + PADDING_FRAMES, LEAST_FRAMES)));
            } else if (frames == mostFrames) {
                return Optional.of(cut(quietest()));
            }
        }
        return lastLoud < 0 ? Optional.empty() : Optional.of(cut(Math.min(frames, lastLoud + 1 + PADDING_FRAMES)));
    }

    private boolean readFrame() throws IOException {
        int begin = samples;
        int end = Math.min(held.length, (frames + 1) * FRAME_SAMPLES);
        for (int read = 0; samples < end && read >= 0; samples += Math.max(0, read)) {
            read = sound.read(held, samples, end - samples);
        }
        if (samples == begin) {
            return false;
        }
        powers[frames] = power(begin, samples);
        if (powers[frames] >= SILENCE_POWER) {
            lastLoud = frames;
        }
        frames++;
        return true;
    }

    /** Mean square, but for the mean, which some recorders add to everything. */
    private double power(int begin, int end) {
        double sum = 0;
        double squares = 0;
        for (int i = begin; i < end; i++) {
            sum += held[i];
            squares += (double) held[i] * held[i];
        }
        double mean = sum / (end - begin);
        return squares / (end - begin) - mean * mean;
    }

    /** Of the second half's boundaries of frames the one that is quietest around it; the last one of several. */
    private int quietest() {
        int best = frames;
        double least = Double.POSITIVE_INFINITY;
        for (int boundary = frames / 2; boundary <= frames - QUIET_FRAMES; boundary++) {
            double sum = 0;
            for (int frame = boundary - QUIET_FRAMES; frame < boundary + QUIET_FRAMES; frame++) {
                sum += powers[frame];
            }
            if (sum <= least) {
                least = sum;
                best = boundary;
            }
        }
        return best;
    }

    private SpeechSegment cut(int count) {
        var segment = new SpeechSegment(firstSample, Arrays.copyOf(held, Math.min(samples, count * FRAME_SAMPLES)));
        drop(count);
        dropSilence();
        return segment;
    }

    /** Drops what the held frames begin with that is silence, but for the padding of what follows. */
    private void dropSilence() {
        int silent = 0;
        while (silent < frames && powers[silent] < SILENCE_POWER) {
            silent++;
        }
        drop(Math.max(0, silent - PADDING_FRAMES));
    }

    private void drop(int count) {
        int dropped = Math.min(samples, count * FRAME_SAMPLES);
        System.arraycopy(held, dropped, held, 0, samples - dropped);
        System.arraycopy(powers, count, powers, 0, frames - count);
        samples -= dropped;
        frames -= count;
        firstSample += dropped;
        lastLoud = Math.max(-1, lastLoud - count);
    }
}
