package io.tokenwise.speech;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.SpeechRecognizer;
import io.tokenwise.TimedText;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.audio.Sound;
import io.tokenwise.audio.WavBytes;
import io.tokenwise.audio.WavReader;
import io.tokenwise.model.moonshine.MoonshineArchitecture;
import io.tokenwise.testdata.FetchedData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** The real moonshine-tiny on what no microphone should give: noise of full scale, and speech that is clipped hard. */
class LoudSpeechTest {
    private static final String CLIP = "librivox/sense_and_sensibility_01_austen_64kb-0870.wav";

    private static Path fetched(String name) {
        return FetchedData.find(name)
                .orElseGet(() -> Assumptions.abort(
                        name + " is not in " + FetchedData.cache() + "; ./tokenwise fetch " + name + " brings it"));
    }

    /** The only segment's text, which ends by itself: before the model's own limit. */
    private static TimedText transcribe(Sound sound) throws IOException {
        try (SpeechRecognizer recognizer = SpeechRecognizer.open(
                fetched("moonshine-tiny").toString(), new EngineOptions(2, 1024, 1, BackendChoice.FLOAT32, false))) {
            List<TimedText> texts = recognizer.transcribe(sound, Budget.FULL);
            assertThat(texts).hasSize(1);
            TimedText text = texts.getFirst();
            int samples = (int) Math.round((text.endSeconds() - text.startSeconds()) * Sound.SPEECH_HZ);
            assertThat(text.tokens()).isLessThan(MoonshineArchitecture.mostTokens(samples));
            return text;
        }
    }

    @Test
    void whiteNoiseOfFullScaleEndsItsText() throws IOException {
        var noise = new float[5 * Sound.SPEECH_HZ];
        var random = new SplittableRandom(1);
        for (int i = 0; i < noise.length; i++) {
            noise[i] = (float) random.nextDouble(-1, 1);
        }
        assertThat(transcribe(Sound.of(Sound.SPEECH_HZ, noise)).endSeconds()).isEqualTo(5);
    }

    /** The name before these words, "Mr. John Dashwood", suffers. */
    @Test
    void clippedSpeechIsStillRead() throws IOException {
        try (WavReader reader = WavReader.open(fetched("pocketsphinx").resolve(CLIP))) {
            assertThat(transcribe(clipped(reader)).text())
                    .endsWith(" leisure to consider how much there might be prudently in his power to do for them.");
        }
    }

    private static Sound clipped(Sound sound) {
        float[] samples = WavBytes.readAll(sound);
        for (int i = 0; i < samples.length; i++) {
            samples[i] = Math.clamp(50 * samples[i], -1, 1);
        }
        return Sound.of(sound.rateHz(), samples);
    }
}
