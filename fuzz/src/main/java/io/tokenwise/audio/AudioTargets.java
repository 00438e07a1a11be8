package io.tokenwise.audio;

import io.tokenwise.fuzz.Forms;
import io.tokenwise.fuzz.Input;
import io.tokenwise.fuzz.Target;
import io.tokenwise.fuzz.Workplace;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;

/** Recordings. */
public final class AudioTargets {
    public static final List<Target> ALL = List.of(Target.file("wav", "sound.wav", AudioTargets::wav, Forms.WAV));

    private AudioTargets() {}

    /** All samples, cut at pauses, as transcription reads them. */
    private static void wav(Input input, Workplace place) throws IOException {
        try (WavReader reader = WavReader.open("sound.wav", new ByteArrayInputStream(input.bytes()))) {
            var segments = new SpeechSegments(Resampler.to16kHz(reader));
            while (segments.next().isPresent()) {
                // Nobody listens.
            }
            reader.cutShort();
        }
    }
}
