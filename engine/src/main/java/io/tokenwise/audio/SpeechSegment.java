package io.tokenwise.audio;

/**
 * A piece of a longer sound at {@link Sound#SPEECH_HZ}.
 *
 * @param firstSample where it begins in that sound, in samples
 * @param samples its own, not shared
 */
public record SpeechSegment(long firstSample, float[] samples) {
    /** {@return where it ends, in samples: that of the first one after it} */
    public long endSample() {
        return firstSample + samples.length;
    }
}
