package io.tokenwise.audio;

import static io.tokenwise.audio.WavBytes.readAll;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResamplerTest {

    /** Where begin and end, which are silent on the other side, are not heard any more. */
    private static final int MARGIN = 400;

    private static float[] sine(double hertz, int rateHz, int samples) {
        float[] sine = new float[samples];
        for (int i = 0; i < samples; i++) {
            sine[i] = (float) (.5 * Math.sin(2 * Math.PI * hertz * i / rateHz));
        }
        return sine;
    }

    private static float[] noise(int samples, long seed) {
        var random = new Random(seed);
        float[] noise = new float[samples];
        for (int i = 0; i < samples; i++) {
            noise[i] = random.nextFloat(-1, 1);
        }
        return noise;
    }

    private static float[] resample(int rateHz, float[] samples) {
        return readAll(Resampler.to16kHz(Sound.of(rateHz, samples)));
    }

    private static double decibels(double ratio) {
        return 20 * Math.log10(ratio);
    }

    private static double largest(float[] a, float[] b) {
        double largest = 0;
        for (int i = MARGIN; i < a.length - MARGIN; i++) {
            largest = Math.max(largest, Math.abs(a[i] - b[i]));
        }
        return largest;
    }

    /**
     * The output is the same sine at the same time: amplitude, phase and delay at once. -80 dB of .5 is .01 % of the amplitude. 8,001, 44,056 and
     * 383,999 Hz have more phases than are computed exactly. */
    @ParameterizedTest
    @ValueSource(
            ints = {
                8_000, 8_001, 11_025, 12_000, 22_050, 24_000, 32_000, 44_056, 44_100, 48_000, 96_000, 192_000, 383_999
            })
    void sinesUpToNineTenthsComeOutAsTheyWentIn(int rateHz) {
        double half = Math.min(rateHz, Sound.SPEECH_HZ) / 2.0;
        for (double part : new double[] {0.01, .1, .37, .5, .75, .9}) {
            double hertz = part * half;
            float[] out = resample(rateHz, sine(hertz, rateHz, rateHz / 5));
            assertThat(decibels(largest(out, sine(hertz, Sound.SPEECH_HZ, out.length)) / .5))
                    .describedAs("error of %s Hz", hertz)
                    .isLessThan(-80);
        }
    }

    /** What lies above half of 16 kHz would come back below it. */
    @ParameterizedTest
    @ValueSource(ints = {22_050, 24_000, 32_000, 44_056, 44_100, 48_000, 96_000})
    void sinesAboveTheHalfAreGone(int rateHz) {
        for (double hertz = 8_000; hertz < rateHz / 2.0; hertz += 217) {
            float[] out = resample(rateHz, sine(hertz, rateHz, rateHz / 10));
            assertThat(decibels(largest(out, new float[out.length]) / .5))
                    .describedAs("%s Hz", hertz)
                    .isLessThan(-80);
        }
    }

    /** Upwards nothing may appear above the old half: what is left of it after a low pass is all that there was. */
    @ParameterizedTest
    @ValueSource(ints = {8_000, 8_001, 11_025, 12_000})
    void noImagesAppearAboveTheOldHalf(int rateHz) {
        double hertz = .85 * rateHz / 2;
        float[] out = resample(rateHz, sine(hertz, rateHz, rateHz / 2));
        assertThat(decibels(amplitude(out, rateHz - hertz) / .5)).isLessThan(-80);
        assertThat(decibels(amplitude(out, hertz) / .5)).isCloseTo(0, within(.1));
    }

    /** Of one frequency, under a window (Blackman and Harris) that keeps others out. */
    private static double amplitude(float[] sound, double hertz) {
        double cosine = 0;
        double sine = 0;
        double sum = 0;
        for (int i = MARGIN; i < sound.length - MARGIN; i++) {
            double place = 2 * Math.PI * (i - MARGIN) / (sound.length - 2 * MARGIN);
            double window =
                    .35875 - .48829 * Math.cos(place) + .14128 * Math.cos(2 * place) - .01168 * Math.cos(3 * place);
            cosine += window * sound[i] * Math.cos(2 * Math.PI * hertz * i / Sound.SPEECH_HZ);
            sine += window * sound[i] * Math.sin(2 * Math.PI * hertz * i / Sound.SPEECH_HZ);
            sum += window;
        }
        return 2 * Math.hypot(cosine, sine) / sum;
    }

    @Test
    void aConstantStaysWhatItIs() {
        float[] constant = new float[5_000];
        Arrays.fill(constant, .5f);
        float[] out = resample(11_025, constant);
        float[] expected = new float[out.length];
        Arrays.fill(expected, .5f);
        assertThat(largest(out, expected)).isLessThan(1e-6);
    }

    @Test
    void aSumComesOutAsTheSum() {
        float[] a = noise(20_000, 1);
        float[] b = noise(20_000, 2);
        float[] sum = new float[a.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = a[i] / 4 + b[i] / 2;
        }
        float[] outA = resample(44_100, a);
        float[] outB = resample(44_100, b);
        float[] outSum = resample(44_100, sum);
        for (int i = 0; i < outSum.length; i++) {
            assertThat(outSum[i]).isCloseTo(outA[i] / 4 + outB[i] / 2, within(2e-6f));
        }
    }

    @Property(tries = 200)
    void thereIsAnOutputForEachMomentThatTheSoundLasts(
            @ForAll @IntRange(max = 3_000) int samples, @ForAll @IntRange(min = 4_000, max = 100_000) int rateHz) {
        assertThat(resample(rateHz, new float[samples]))
                .hasSize((int) Math.ceilDiv((long) samples * Sound.SPEECH_HZ, rateHz));
    }

    /** Gives and is asked for blocks of random sizes. */
    @Property(tries = 50)
    void theBitsDoNotDependOnTheBlocks(@ForAll long seed, @ForAll @IntRange(min = 8_000, max = 50_000) int rateHz) {
        float[] samples = noise(10_000, seed);
        float[] whole = resample(rateHz, samples);
        var random = new Random(seed);
        Sound inner = Sound.of(rateHz, samples);
        Sound resampled = Resampler.to16kHz(inBlocks(inner, random));
        assertThat(readAll(inBlocks(resampled, random))).isEqualTo(whole);
    }

    private static Sound inBlocks(Sound sound, Random random) {
        return new Sound() {
            @Override
            public int rateHz() {
                return sound.rateHz();
            }

            @Override
            public int read(float[] into, int offset, int count) throws IOException {
                return sound.read(into, offset, random.nextInt(1, Math.min(count, 700) + 1));
            }
        };
    }

    @Test
    void soundOfTheRightRateIsLeftAsItIs() {
        Sound sound = Sound.of(16_000, 1, 2);
        assertThat(Resampler.to16kHz(sound)).isSameAs(sound);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 999, 384_001})
    void otherRatesAreRefused(int rateHz) {
        assertThatThrownBy(() -> Resampler.to16kHz(Sound.of(rateHz)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("resample: sound of " + rateHz + " samples a second; supported: 1000 to 384000");
    }
}
