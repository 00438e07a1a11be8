package io.tokenwise.io;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** LevelDB's checksums: CRC-32C, rotated and shifted so that a checksum of bytes that hold a checksum is as good as any. */
final class MaskedChecksum {
    private static final int DELTA = 0xa282ead8;

    private MaskedChecksum() {}

    static int of(ByteBuffer bytes) {
        var sum = new CRC32C();
        sum.update(bytes.duplicate());
        return of(sum);
    }

    static int of(CRC32C sum) {
        return Integer.rotateRight((int) sum.getValue(), 15) + DELTA;
    }
}
