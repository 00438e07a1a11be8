package io.tokenwise.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Any file: bytes, of which some are numbers, in binary or in digits. */
final class BytesForm implements Form {
    static final BytesForm ANY = new BytesForm();

    /** What readers compute sizes and places with. */
    private static final long[] NUMBERS = {
        0,
        1,
        -1,
        2,
        16,
        64,
        100,
        127,
        128,
        -128,
        255,
        256,
        1024,
        4096,
        32_767,
        -32_768,
        65_535,
        65_536,
        1 << 20,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
        1L << 31,
        0xFFFF_FFFFL,
        1L << 32,
        Long.MAX_VALUE,
        Long.MIN_VALUE
    };

    private static final String[] DIGITS = {
        "0",
        "-1",
        "1",
        "1.5",
        "-0",
        "1e308",
        "1e-308",
        "1e999999999",
        "2147483647",
        "2147483648",
        "4294967296",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "1000000",
        "00",
        "NaN",
        "0x10"
    };

    private BytesForm() {}

    @Override
    public boolean fits(String file) {
        return true;
    }

    @Override
    public byte[] changed(byte[] bytes, byte[] other, SplittableRandom random) {
        if (bytes.length == 0) {
            return other.clone();
        }
        int at = random.nextInt(bytes.length);
        return switch (random.nextInt(14)) {
            case 0, 1 -> flipped(bytes, at, random);
            case 2, 3 -> overwritten(bytes, at, new byte[] {(byte) random.nextInt()});
            case 4 -> Arrays.copyOf(bytes, at);
            case 5 -> replaced(bytes, at, length(bytes, at, random), new byte[0]);
            case 6 -> {
                int count = length(bytes, at, random);
                yield replaced(bytes, at, 0, Arrays.copyOfRange(bytes, at, at + count));
            }
            case 7 -> replaced(bytes, at, 0, noise(1 + random.nextInt(16), random));
            case 8 -> moved(bytes, at, random);
            case 9, 10 -> overwritten(bytes, at, number(random));
            case 11 -> withDigits(bytes, at, random);
            case 12 -> spliced(bytes, at, other, random);
            default -> overwritten(bytes, at, filled(length(bytes, at, random), random));
        };
    }

    /** Short mostly, all that there is now and then. */
    private static int length(byte[] bytes, int at, SplittableRandom random) {
        int most = bytes.length - at;
        return 1 + random.nextInt(random.nextInt(4) == 0 ? most : Math.min(most, 32));
    }

    private static byte[] noise(int count, SplittableRandom random) {
        var noise = new byte[count];
        random.nextBytes(noise);
        return noise;
    }

    private static byte[] filled(int count, SplittableRandom random) {
        var filled = new byte[count];
        Arrays.fill(filled, (byte) (random.nextBoolean() ? 0 : random.nextInt()));
        return filled;
    }

    private static byte[] number(SplittableRandom random) {
        long number = NUMBERS[random.nextInt(NUMBERS.length)] + random.nextInt(-1, 2);
        int width = 1 << random.nextInt(4);
        ByteBuffer both = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, number);
        byte[] little = Arrays.copyOf(both.array(), width);
        if (random.nextBoolean()) {
            for (int i = 0; i < width / 2; i++) {
                byte low = little[i];
                little[i] = little[width - 1 - i];
                little[width - 1 - i] = low;
            }
        }
        return little;
    }

    private static byte[] flipped(byte[] bytes, int at, SplittableRandom random) {
        byte[] changed = bytes.clone();
        changed[at] ^= (byte) (1 << random.nextInt(8));
        return changed;
    }

    private static byte[] overwritten(byte[] bytes, int at, byte[] by) {
        byte[] changed = bytes.clone();
        System.arraycopy(by, 0, changed, at, Math.min(by.length, bytes.length - at));
        return changed;
    }

    /** Bytes in place of some others. */
    static byte[] replaced(byte[] bytes, int at, int count, byte[] by) {
        var changed = new byte[bytes.length - count + by.length];
        System.arraycopy(bytes, 0, changed, 0, at);
        System.arraycopy(by, 0, changed, at, by.length);
        System.arraycopy(bytes, at + count, changed, at + by.length, bytes.length - at - count);
        return changed;
    }

    private static byte[] moved(byte[] bytes, int at, SplittableRandom random) {
        int count = length(bytes, at, random);
        byte[] block = Arrays.copyOfRange(bytes, at, at + count);
        byte[] without = replaced(bytes, at, count, new byte[0]);
        return replaced(without, random.nextInt(without.length + 1), 0, block);
    }

    private static byte[] spliced(byte[] bytes, int at, byte[] other, SplittableRandom random) {
        if (other.length == 0) {
            return bytes.clone();
        }
        int from = random.nextInt(other.length);
        byte[] part = Arrays.copyOfRange(other, from, from + length(other, from, random));
        return replaced(bytes, at, random.nextBoolean() ? 0 : Math.min(part.length, bytes.length - at), part);
    }

    /** Another number in place of the next one that is written in digits. */
    private static byte[] withDigits(byte[] bytes, int at, SplittableRandom random) {
        int from = at;
        while (from < bytes.length && !isDigit(bytes[from])) {
            from++;
        }
        int to = from;
        while (to < bytes.length && isDigit(bytes[to])) {
            to++;
        }
        byte[] digits = DIGITS[random.nextInt(DIGITS.length)].getBytes(StandardCharsets.US_ASCII);
        return replaced(bytes, from, to - from, digits);
    }

    private static boolean isDigit(byte value) {
        return value >= '0' && value <= '9';
    }
}
