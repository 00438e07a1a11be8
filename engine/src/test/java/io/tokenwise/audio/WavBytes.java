package io.tokenwise.audio;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** WAV files for tests, put together chunk by chunk. */
public final class WavBytes {
    static final int PCM = 1;
    static final int FLOAT = 3;

    private WavBytes() {}

    static byte[] file(byte[]... chunks) {
        byte[] content = join(chunks);
        return join(ascii("RIFF"), little(4, 4 + content.length), ascii("WAVE"), content);
    }

    /** A chunk with its pad byte. */
    static byte[] chunk(String id, byte[] content) {
        return join(ascii(id), little(4, content.length), content, new byte[content.length % 2]);
    }

    static byte[] chunk(String id, long claimedBytes, byte[] content) {
        return join(ascii(id), little(4, claimedBytes), content);
    }

    static byte[] format(int tag, int channels, long rateHz, int bits) {
        return chunk("fmt ", fields(tag, channels, rateHz, channels * bits / 8, bits));
    }

    static byte[] fields(int tag, int channels, long rateHz, int frameBytes, int bits) {
        return join(
                little(2, tag),
                little(2, channels),
                little(4, rateHz),
                little(4, rateHz * frameBytes),
                little(2, frameBytes),
                little(2, bits));
    }

    static byte[] mono16(int rateHz, int... samples) {
        return file(format(PCM, 1, rateHz, 16), chunk("data", shorts(samples)));
    }

    static byte[] shorts(int... samples) {
        return join(Arrays.stream(samples).mapToObj(sample -> little(2, sample)).toArray(byte[][]::new));
    }

    static byte[] little(int bytes, long value) {
        byte[] all = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
        return Arrays.copyOf(all, bytes);
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    static byte[] join(byte[]... parts) {
        ByteBuffer joined = ByteBuffer.allocate(
                Arrays.stream(parts).mapToInt(part -> part.length).sum());
        Arrays.stream(parts).forEach(joined::put);
        return joined.array();
    }

    static WavReader open(byte[] file) {
        try {
            return WavReader.open("a.wav", new ByteArrayInputStream(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All that a sound has left. */
    public static float[] readAll(Sound sound) {
        try {
            float[] all = new float[1_000];
            int count = 0;
            for (int read = 0; read >= 0; read = sound.read(all, count, all.length - count)) {
                count += read;
                all = count == all.length ? Arrays.copyOf(all, 2 * count) : all;
            }
            return Arrays.copyOf(all, count);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
