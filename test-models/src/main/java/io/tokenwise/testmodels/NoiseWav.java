package io.tokenwise.testmodels;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;

/** WAV files of noise at 8 kHz: 16 bits, one channel. */
public final class NoiseWav {
    private static final int HZ = 8_000;

    /** Of samples, whose range is 32,768. */
    private static final int DEVIATION = 5_000;

    private static final int BURST_SAMPLES = 20_000;

    private NoiseWav() {}

    /** Another noise for each seed. */
    public static byte[] of(double seconds, long seed) {
        return of(seconds, seed, DEVIATION);
    }

    /** @param deviation of the samples; 0 for silence */
    public static byte[] of(double seconds, long seed, int deviation) {
        var random = new SplittableRandom(seed);
        return wav((int) (HZ * seconds), _ -> deviation * random.nextGaussian());
    }

    /** One of so many seconds without its last half second. */
    public static byte[] cut(double seconds) {
        byte[] whole = of(seconds, 3);
        return Arrays.copyOf(whole, whole.length - HZ);
    }

    /** So many bursts of a second of noise, with 1.5 seconds of silence after each. */
    public static byte[] bursts(int count) {
        var random = new SplittableRandom(3);
        return wav(count * BURST_SAMPLES, i -> i % BURST_SAMPLES < HZ ? DEVIATION * random.nextGaussian() : 0);
    }

    private static byte[] wav(int samples, IntToDoubleFunction sample) {
        ByteBuffer wav = ByteBuffer.allocate(44 + 2 * samples).order(ByteOrder.LITTLE_ENDIAN);
        wav.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(36 + 2 * samples);
        wav.put("WAVEfmt ".getBytes(StandardCharsets.US_ASCII)).putInt(16);
        wav.putShort((short) 1).putShort((short) 1).putInt(HZ).putInt(2 * HZ);
        wav.putShort((short) 2).putShort((short) 16);
        wav.put("data".getBytes(StandardCharsets.US_ASCII)).putInt(2 * samples);
        for (int i = 0; i < samples; i++) {
            wav.putShort((short) sample.applyAsDouble(i));
        }
        return wav.array();
    }
}
