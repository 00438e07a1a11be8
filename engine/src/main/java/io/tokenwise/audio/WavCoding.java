package io.tokenwise.audio;

import java.nio.ByteBuffer;

/** How a WAV file writes a sample, little-endian; a sample is read as -1 to 1. */
enum WavCoding {
    UNSIGNED_8(1),
    SIGNED_16(2),
    SIGNED_24(3),
    SIGNED_32(4),
    /** May hold anything, also what is no number. */
    FLOAT_32(4);

    private final int bytes;

    WavCoding(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes a sample. */
    int bytes() {
        return bytes;
    }

    /** @param bytes in little-endian order */
    float sample(ByteBuffer bytes, int at) {
        return switch (this) {
            case UNSIGNED_8 -> ((bytes.get(at) & 0xff) - 128) / 128f;
            case SIGNED_16 -> bytes.getShort(at) / 32_768f;
            case SIGNED_24 ->
                ((bytes.get(at) & 0xff) | (bytes.get(at + 1) & 0xff) << 8 | bytes.get(at + 2) << 16) / 8_388_608f;
            case SIGNED_32 -> bytes.getInt(at) / 2_147_483_648f;
            case FLOAT_32 -> bytes.getFloat(at);
        };
    }
}
