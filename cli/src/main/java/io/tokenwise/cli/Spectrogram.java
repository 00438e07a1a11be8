package io.tokenwise.cli;

import io.tokenwise.audio.Sound;
import java.util.Arrays;

/**
 * How loud sound is at each time and pitch: logarithms of the energies of short-time Fourier spectra (Hann windows of 25 ms) in bands that are evenly spaced
 * on the mel scale.
 *
 * @param decibels {@code [times][bands]}, low bands first
 */
record Spectrogram(float[][] decibels) {
    static final int BANDS = 80;

    /** Samples from one time to the next: three times a frame of Moonshine's. */
    static final int STEP = 128;

    private static final int WINDOW = 400;

    /** A power of two from the window on, of which half are frequencies. */
    private static final int SIZE = 512;

    private static final double SILENCE = 1e-10;

    /** Of samples at {@link Sound#SPEECH_HZ}; the first time is in the middle of the first window. */
    static Spectrogram of(float[] samples) {
        double[][] bands = bands();
        var decibels = new float[Math.max(1, (samples.length - WINDOW) / STEP + 1)][BANDS];
        for (int time = 0; time < decibels.length; time++) {
            double[] energies = energies(samples, time * STEP);
            for (int band = 0; band < BANDS; band++) {
                double sum = SILENCE;
                for (int k = 0; k < energies.length; k++) {
                    sum += bands[band][k] * energies[k];
                }
                decibels[time][band] = (float) (10 * Math.log10(sum));
            }
        }
        return new Spectrogram(decibels);
    }

    private static double[] energies(float[] samples, int from) {
        var real = new double[SIZE];
        var imaginary = new double[SIZE];
        for (int i = 0; i < WINDOW && from + i < samples.length; i++) {
            real[i] = samples[from + i] * (0.5 - 0.5 * Math.cos(2 * Math.PI * i / WINDOW));
        }
        transform(real, imaginary);
        var energies = new double[SIZE / 2 + 1];
        Arrays.setAll(energies, k -> real[k] * real[k] + imaginary[k] * imaginary[k]);
        return energies;
    }

    /** The fast Fourier transform (Cooley and Tukey 1965) in place. */
    private static void transform(double[] real, double[] imaginary) {
        for (int i = 0; i < SIZE; i++) {
            int j = Integer.reverse(i) >>> Integer.numberOfLeadingZeros(SIZE - 1);
            if (j > i) {
                double value = real[i];
                real[i] = real[j];
                real[j] = value;
            }
        }
        for (int half = 1; half < SIZE; half *= 2) {
            for (int k = 0; k < half; k++) {
                double cosine = Math.cos(Math.PI * k / half);
                double sine = -Math.sin(Math.PI * k / half);
                for (int i = k; i < SIZE; i += 2 * half) {
                    int j = i + half;
                    double r = real[j] * cosine - imaginary[j] * sine;
                    double m = real[j] * sine + imaginary[j] * cosine;
                    real[j] = real[i] - r;
                    imaginary[j] = imaginary[i] - m;
                    real[i] += r;
                    imaginary[i] += m;
                }
            }
        }
    }

    /** Triangles, each from the middle of the band below to that of the band above. */
    private static double[][] bands() {
        double highest = mel(Sound.SPEECH_HZ / 2.0);
        var bands = new double[BANDS][SIZE / 2 + 1];
        for (int band = 0; band < BANDS; band++) {
            for (int k = 0; k < bands[band].length; k++) {
                double place = mel((double) k * Sound.SPEECH_HZ / SIZE) / highest * (BANDS + 1);
                bands[band][k] = Math.max(0, 1 - Math.abs(place - (band + 1)));
            }
        }
        return bands;
    }

    private static double mel(double hertz) {
        return 2_595 * Math.log10(1 + hertz / 700);
    }
}
