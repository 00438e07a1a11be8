package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpectrogramTest {
    /** Bands lie evenly between 0 and 2840 mel, which is 8 kHz. */
    @ParameterizedTest
    @CsvSource({"440, 15", "1000, 28", "4000, 60"})
    void aToneIsLoudestInItsOwnBandAtAllTimes(double hertz, int band) {
        var samples = new float[16_000];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = (float) (.5 * Math.sin(2 * Math.PI * hertz * i / 16_000));
        }
        float[][] decibels = Spectrogram.of(samples).decibels();
        assertThat(decibels).hasDimensions((16_000 - 400) / 128 + 1, 80);
        for (float[] time : decibels) {
            int loudest = 0;
            for (int b = 0; b < time.length; b++) {
                loudest = time[b] > time[loudest] ? b : loudest;
            }
            assertThat(loudest).isBetween(band - 1, band);
            assertThat(time[loudest] - time[(band + 40) % 80]).isGreaterThan(40);
        }
    }
}
