package io.tokenwise.audio;

import io.tokenwise.api.BadFileException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/** What a WAV file's fmt chunk says, checked: only what is read here gets through. */
record WavFormat(WavCoding coding, int channels, int rateHz) {
    /** The fields that every fmt chunk has. */
    static final int LEAST_BYTES = 16;

    /** With the fields of WAVE_FORMAT_EXTENSIBLE. What follows is of no use here. */
    static final int MOST_BYTES = 40;

    static final int LEAST_HZ = 8_000;
    static final int MOST_HZ = 192_000;

    private static final String SUPPORTED = "PCM of 8, 16, 24 or 32 bits, or float of 32 bits";

    private static final int PCM = 1;
    private static final int FLOAT = 3;
    private static final int EXTENSIBLE = 0xFFFE;

    /** Where an extensible format has its true one: the first two bytes of a GUID whose others are always these. */
    private static final int TRUE_FORMAT_AT = 24;

    private static final byte[] REST_OF_GUID = HexFormat.of().parseHex("000000001000800000aa00389b71");

    /** Bytes of a frame, which is a sample of each channel. */
    int frameBytes() {
        return channels * coding.bytes();
    }

    /**
     * Reads a fmt chunk.
     *
     * @param file its name, for messages
     * @param chunk at least {@link #LEAST_BYTES}
     * @throws BadFileException if it is no format that is read here
     */
    static WavFormat parse(String file, byte[] chunk) {
        ByteBuffer fields = ByteBuffer.wrap(chunk).order(ByteOrder.LITTLE_ENDIAN);
        int channels = Short.toUnsignedInt(fields.getShort(2));
        long rateHz = Integer.toUnsignedLong(fields.getInt(4));
        int frameBytes = Short.toUnsignedInt(fields.getShort(12));
        int bits = Short.toUnsignedInt(fields.getShort(14));
        WavCoding coding = coding(file, tag(file, fields), bits);
        if (channels < 1 || channels > 2) {
            throw new BadFileException(file, "has " + channels + " channels; supported: 1 or 2");
        }
        if (rateHz < LEAST_HZ || rateHz > MOST_HZ) {
            throw new BadFileException(
                    file, "has " + rateHz + " samples a second; supported: " + LEAST_HZ + " to " + MOST_HZ);
        }
        var format = new WavFormat(coding, channels, (int) rateHz);
        if (frameBytes != format.frameBytes()) {
            throw new BadFileException(
                    file,
                    "its block align is " + frameBytes + " bytes; " + channels + " x " + bits + " bits are "
                            + format.frameBytes());
        }
        return format;
    }

    private static int tag(String file, ByteBuffer fields) {
        int tag = Short.toUnsignedInt(fields.getShort(0));
        if (tag != EXTENSIBLE) {
            return tag;
        }
        if (fields.limit() < MOST_BYTES) {
            throw new BadFileException(
                    file, "its extensible fmt chunk has " + fields.limit() + " bytes; " + MOST_BYTES + " are needed");
        }
        ByteBuffer rest = fields.slice(TRUE_FORMAT_AT + 2, REST_OF_GUID.length);
        if (!rest.equals(ByteBuffer.wrap(REST_OF_GUID))) {
            throw new BadFileException(file, "its samples are in a format of its own; supported: " + SUPPORTED);
        }
        return Short.toUnsignedInt(fields.getShort(TRUE_FORMAT_AT));
    }

    private static WavCoding coding(String file, int tag, int bits) {
        WavCoding coding = switch (tag) {
            case PCM ->
                switch (bits) {
                    case 8 -> WavCoding.UNSIGNED_8;
                    case 16 -> WavCoding.SIGNED_16;
                    case 24 -> WavCoding.SIGNED_24;
                    case 32 -> WavCoding.SIGNED_32;
                    default -> null;
                };
            case FLOAT -> bits == 32 ? WavCoding.FLOAT_32 : null;
            default -> null;
        };
        if (coding == null) {
            throw new BadFileException(file, "its samples are " + name(tag, bits) + "; supported: " + SUPPORTED);
        }
        return coding;
    }

    private static String name(int tag, int bits) {
        return switch (tag) {
            case PCM -> "PCM of " + bits + " bits";
            case FLOAT -> "float of " + bits + " bits";
            case 0x02 -> "Microsoft ADPCM";
            case 0x06 -> "A-law";
            case 0x07 -> "mu-law";
            case 0x11 -> "IMA ADPCM";
            case 0x31 -> "GSM 6.10";
            case 0x50 -> "MPEG";
            case 0x55 -> "MP3";
            case 0x161 -> "Windows Media Audio";
            default -> "in the format 0x%04x".formatted(tag);
        };
    }
}
