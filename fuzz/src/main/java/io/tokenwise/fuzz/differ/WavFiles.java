package io.tokenwise.fuzz.differ;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.SplittableRandom;

/**
 * Random WAV files: all codings that are read, one channel or two, any rate, plain and extensible formats, and other chunks of any length before and
 * behind the samples.
 */
final class WavFiles {
    private static final int PCM = 1;
    private static final int FLOAT = 3;
    private static final int EXTENSIBLE = 0xFFFE;
    private static final byte[] REST_OF_GUID = HexFormat.of().parseHex("000000001000800000aa00389b71");

    /** As many frames as need several of our reader's blocks. */
    private static final int MANY_FRAMES = 10_000;

    private static final Integer[] RATES = {
        8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000
    };

    private final SplittableRandom random;
    private final int tag;
    private final int bits;
    private final int channels;
    private final int rate;
    private final boolean extensible;
    private final ByteArrayOutputStream chunks = new ByteArrayOutputStream();

    private WavFiles(SplittableRandom random, int rate, Integer... depths) {
        this.random = random;
        this.rate = rate;
        tag = random.nextInt(4) == 0 ? FLOAT : PCM;
        bits = tag == FLOAT ? 32 : Words.any(random, depths);
        channels = 1 + random.nextInt(2);
        extensible = random.nextInt(3) == 0;
    }

    /** Of any bits as samples. */
    static Kind.Made any(SplittableRandom random) {
        int rate = random.nextInt(3) == 0 ? random.nextInt(8_000, 192_001) : Words.any(random, RATES);
        int frames = random.nextInt(random.nextInt(16) == 0 ? MANY_FRAMES : 300);
        var file = new WavFiles(random, rate, 8, 16, 24, 32);
        return file.make(file.noise(frames));
    }

    /**
     * Of a sound that comes and goes softly, with nothing near the end of what both rates can hold, where filters differ by their makers' choice;
     * so not of 8 bits, whose rounding is noise up to the end.
     */
    static Kind.Made smooth(SplittableRandom random) {
        int rate = Words.any(random, RATES);
        return new WavFiles(random, rate, 16, 24, 32).smooth();
    }

    private Kind.Made smooth() {
        int frames = rate / 50 + random.nextInt(rate / 50);
        double[] sound = new double[frames * channels];
        for (int channel = 0; channel < channels; channel++) {
            for (int tone = 1 + random.nextInt(4); tone > 0; tone--) {
                double radians = 2 * Math.PI * random.nextDouble(.01, .8) * Math.min(16_000, rate) / 2 / rate;
                double start = random.nextDouble(6);
                double height = random.nextDouble(.22);
                for (int i = 0; i < frames; i++) {
                    double fade = Math.sin(Math.PI * (i + .5) / frames);
                    sound[i * channels + channel] += height * fade * fade * Math.sin(radians * i + start);
                }
            }
        }
        return make(coded(sound));
    }

    private Kind.Made make(byte[] samples) {
        other();
        byte[] format = format();
        chunk("fmt ", format);
        other();
        if (tag == FLOAT && random.nextBoolean()) {
            chunk(
                    "fact",
                    ByteBuffer.allocate(4)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putInt(samples.length / frameBytes())
                            .array());
        }
        chunk("data", samples);
        other();
        ByteBuffer file = ByteBuffer.allocate(12 + chunks.size()).order(ByteOrder.LITTLE_ENDIAN);
        file.put(ascii("RIFF")).putInt(4 + chunks.size()).put(ascii("WAVE")).put(chunks.toByteArray());
        return new Kind.Made(
                (tag == FLOAT ? "float " : "PCM ") + bits + " x " + channels + ", fmt of " + format.length,
                file.array());
    }

    private byte[] format() {
        int size = extensible ? 40 : random.nextBoolean() ? 16 : 18;
        ByteBuffer format = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        format.putShort((short) (extensible ? EXTENSIBLE : tag))
                .putShort((short) channels)
                .putInt(rate);
        format.putInt(rate * frameBytes()).putShort((short) frameBytes()).putShort((short) bits);
        if (extensible) {
            format.putShort((short) 22).putShort((short) bits).putInt(channels == 1 ? 4 : 3);
            format.putShort((short) tag).put(REST_OF_GUID);
        }
        return format.array();
    }

    private int frameBytes() {
        return channels * bits / 8;
    }

    private void other() {
        if (random.nextInt(4) == 0) {
            byte[] content = new byte[random.nextInt(50)];
            random.nextBytes(content);
            chunk(Words.any(random, "bext", "junk", "JUNK", "PAD ", "iXML", "PEAK", "levl"), content);
        }
        if (random.nextInt(6) == 0) {
            chunk(
                    "LIST",
                    ascii(Words.any(
                            random, "INFOISFT\3\0\0\0me\0\0", "INFOINAM\5\0\0\0name\0\0ICRD\5\0\0\0" + "2026\0\0")));
        }
    }

    /** All bits are samples; of floats those from -1 to 1, and of one channel alone a few beyond. */
    private byte[] noise(int frames) {
        byte[] samples = new byte[frames * frameBytes()];
        random.nextBytes(samples);
        if (tag == FLOAT) {
            ByteBuffer floats = ByteBuffer.wrap(samples).order(ByteOrder.LITTLE_ENDIAN);
            for (int at = 0; at < samples.length; at += 4) {
                float beyond = channels == 1 && random.nextInt(8) == 0 ? 3 : 1;
                floats.putFloat(
                        at,
                        switch (random.nextInt(8)) {
                            case 0 -> Words.any(random, 0f, -0f, 1f, -1f, Float.MIN_VALUE, .5f, 1e-9f, -1e-10f);
                            case 1 -> (float) Math.scalb(random.nextDouble(-1, 1), -random.nextInt(40));
                            default -> (float) random.nextDouble(-beyond, beyond);
                        });
            }
        }
        return samples;
    }

    private byte[] coded(double... sound) {
        ByteBuffer out = ByteBuffer.allocate(sound.length * bits / 8).order(ByteOrder.LITTLE_ENDIAN);
        for (double sample : sound) {
            if (tag == FLOAT) {
                out.putFloat((float) sample);
            } else {
                long value = Math.round(sample * (1L << bits - 1)) + (bits == 8 ? 128 : 0);
                for (int shift = 0; shift < bits; shift += 8) {
                    out.put((byte) (value >> shift));
                }
            }
        }
        return out.array();
    }

    private void chunk(String name, byte[] content) {
        chunks.writeBytes(ascii(name));
        chunks.writeBytes(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(content.length)
                .array());
        chunks.writeBytes(content);
        if (content.length % 2 == 1) {
            chunks.write(0);
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
