package io.tokenwise.fuzz.seeds;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** WAV files of all codings. */
final class SoundSeeds {
    private static final int PCM = 1;
    private static final int FLOAT = 3;

    private SoundSeeds() {}

    static void write(SeedFolder wav) throws IOException {
        wav.file("pcm-16", file(PCM, 16, 1, 16_000, 700));
        wav.file("pcm-8", file(PCM, 8, 1, 8_000, 900));
        wav.file("pcm-24", file(PCM, 24, 2, 44_100, 200));
        wav.file("pcm-32", file(PCM, 32, 1, 48_000, 200));
        wav.file("float-32", file(FLOAT, 32, 2, 16_000, 150));
        wav.file("with-list", withList(file(PCM, 16, 1, 22_050, 300)));
    }

    private static byte[] file(int tag, int bits, int channels, int rate, int frames) {
        int frameBytes = channels * bits / 8;
        ByteBuffer out = ByteBuffer.allocate(44 + frames * frameBytes).order(ByteOrder.LITTLE_ENDIAN);
        out.put(name("RIFF")).putInt(out.capacity() - 8).put(name("WAVE"));
        out.put(name("fmt ")).putInt(16).putShort((short) tag).putShort((short) channels);
        out.putInt(rate).putInt(rate * frameBytes).putShort((short) frameBytes).putShort((short) bits);
        out.put(name("data")).putInt(frames * frameBytes);
        for (int i = 0; i < frames * channels; i++) {
            double sample = 0.4 * Math.sin(0.07 * i);
            if (tag == FLOAT) {
                out.putFloat((float) sample);
            } else {
                long value = Math.round(sample * (1L << bits - 1)) + (bits == 8 ? 128 : 0);
                for (int byteOf = 0; byteOf < bits; byteOf += 8) {
                    out.put((byte) (value >> byteOf));
                }
            }
        }
        return out.array();
    }

    /** With a chunk of texts of odd length before the samples. */
    private static byte[] withList(byte[] wav) {
        byte[] texts = "INFOISFT\3\0\0\0me\0".getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer out = ByteBuffer.allocate(wav.length + 8 + texts.length + 1).order(ByteOrder.LITTLE_ENDIAN);
        out.put(wav, 0, 36).put(name("LIST")).putInt(texts.length).put(texts).put((byte) 0);
        out.put(wav, 36, wav.length - 36);
        return out.putInt(4, out.capacity() - 8).array();
    }

    private static byte[] name(String name) {
        return name.getBytes(StandardCharsets.US_ASCII);
    }
}
