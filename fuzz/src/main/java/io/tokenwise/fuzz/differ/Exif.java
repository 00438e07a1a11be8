package io.tokenwise.fuzz.differ;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

/** What cameras say of a picture. */
final class Exif {
    private static final int ORIENTATION = 0x112;
    private static final int SHORT = 3;
    private static final int LONG = 4;

    private Exif() {}

    /** A TIFF structure of either order of bytes, whose directory has other tags around the orientation, which must be sorted. */
    static byte[] tiff(SplittableRandom random, int orientation) {
        boolean little = random.nextBoolean();
        int gap = 2 * random.nextInt(4);
        int before = random.nextInt(3);
        int after = random.nextInt(3);
        int entries = before + 1 + after;
        ByteBuffer tiff = ByteBuffer.allocate(8 + gap + 2 + 12 * entries + 4)
                .order(little ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        tiff.put((little ? "II" : "MM").getBytes(StandardCharsets.ISO_8859_1))
                .putShort((short) 42)
                .putInt(8 + gap);
        tiff.position(8 + gap).putShort((short) entries);
        for (int i = 0; i < before; i++) {
            tiff.putShort((short) (0x100 + i)).putShort((short) LONG).putInt(1).putInt(77);
        }
        tiff.putShort((short) ORIENTATION)
                .putShort((short) SHORT)
                .putInt(1)
                .putShort((short) orientation)
                .putShort((short) 0);
        for (int i = 0; i < after; i++) {
            tiff.putShort((short) (0x128 + i))
                    .putShort((short) SHORT)
                    .putInt(1)
                    .putShort((short) 2)
                    .putShort((short) 0);
        }
        return tiff.array();
    }
}
