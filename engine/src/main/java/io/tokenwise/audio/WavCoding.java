package io.tokenwise.audio;

import java.nio.ByteBuffer;

/** How a WAV file writes a sample, little-endian; a sample is read as -1 to 1. */
enum WavCoding {
    UNSIGNED_8(1, (bytes, at) -> ((bytes.get(at) & 0xff) - 128) / 128f),
    SIGNED_16(2, (bytes, at) -> bytes.getShort(at) / 32_768f),
    SIGNED_24(
            3,
            (bytes, at) ->
                    ((bytes.get(at) & 0xff) | (bytes.get(at + 1) & 0xff) << 8 | bytes.get(at + 2) << 16) / 8_388_608f),
    SIGNED_32(4, (bytes, at) -> bytes.getInt(at) / 2_147_483_648f),
    /** May hold anything, also what is no number. */
    FLOAT_32(4, ByteBuffer::getFloat);

    private final int bytes;
    private final Samples samples;

    private interface Samples {
        float get(ByteBuffer bytes, int at);
    }

    WavCoding(int bytes, Samples samples) {
        this.bytes = bytes;
        this.samples = samples;
    }

    /** Bytes a sample. */
    int bytes() {
        return bytes;
    }

    /** @param bytes in little-endian order */
    float sample(ByteBuffer bytes, int at) {
        return samples.get(bytes, at);
    }
}
