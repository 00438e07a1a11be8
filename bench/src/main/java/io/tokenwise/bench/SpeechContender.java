package io.tokenwise.bench;

/** A speech recogniser in the race: one segment of sound at 16 kHz a call, on one thread. Not thread-safe. */
interface SpeechContender {
    String name();

    /** Makes the segment's frames, and no more. */
    void encode(float[] samples);

    /** Writes the segment's text and returns how many tokens it has. */
    int write(float[] samples);
}
