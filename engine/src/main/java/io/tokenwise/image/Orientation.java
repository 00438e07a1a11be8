package io.tokenwise.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * How a camera was held, as Exif says it: what must be done to the stored pixels to see them upright.
 *
 * @param value Exif's, 1 (upright) to 8
 */
record Orientation(int value) {
    static final Orientation UPRIGHT = new Orientation(1);

    private static final int TAG = 0x112;
    private static final int SHORT = 3;
    private static final int HEADER_BYTES = 8;
    private static final int ENTRY_BYTES = 12;

    /**
     * Reads it from a TIFF structure's first directory. Cameras and editors write Exif of all kinds, and the picture is there without it; so what
     * cannot be read, or makes no sense, is upright.
     */
    static Orientation in(ByteBuffer tiff) {
        if (tiff.remaining() < HEADER_BYTES) {
            return UPRIGHT;
        }
        ByteBuffer data =
                tiff.slice().order(tiff.get(tiff.position()) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        int directory = data.getInt(4);
        if (directory < HEADER_BYTES || directory > data.limit() - 2) {
            return UPRIGHT;
        }
        int entries = Short.toUnsignedInt(data.getShort(directory));
        for (int i = 0; i < entries && directory + 2 + (i + 1) * ENTRY_BYTES <= data.limit(); i++) {
            int entry = directory + 2 + i * ENTRY_BYTES;
            if (Short.toUnsignedInt(data.getShort(entry)) == TAG && data.getShort(entry + 2) == SHORT) {
                int value = data.getShort(entry + 8);
                return value >= 1 && value <= 8 ? new Orientation(value) : UPRIGHT;
            }
        }
        return UPRIGHT;
    }

    /** The stored pixels as they are to be seen. */
    Image upright(Image stored) {
        if (value == 1) {
            return stored;
        }
        // 5 to 8 stand on their side.
        boolean turned = value >= 5;
        int width = turned ? stored.height() : stored.width();
        int height = turned ? stored.width() : stored.height();
        int[] rgb = new int[width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                rgb[y * width + x] = stored.rgb()[place(x, y, stored.width(), stored.height())];
            }
        }
        return new Image(width, height, rgb);
    }

    /** Where the pixel that is seen at (x, y) is stored. */
    private int place(int x, int y, int width, int height) {
        int right = width - 1;
        int bottom = height - 1;
        return switch (value) {
            case 2 -> y * width + right - x;
            case 3 -> (bottom - y) * width + right - x;
            case 4 -> (bottom - y) * width + x;
            case 5 -> x * width + y;
            case 6 -> (bottom - x) * width + y;
            case 7 -> (bottom - x) * width + right - y;
            case 8 -> x * width + right - y;
            default -> y * width + x;
        };
    }
}
