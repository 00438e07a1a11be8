package io.tokenwise.fuzz.seeds;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** PNG and JPEG files as the JDK writes them. */
final class ImageSeeds {
    private ImageSeeds() {}

    static void write(SeedFolder png, SeedFolder jpeg) throws IOException {
        png.file("rgb", written("png", picture(BufferedImage.TYPE_INT_RGB, 13, 9), false));
        png.file("rgba", written("png", picture(BufferedImage.TYPE_INT_ARGB, 7, 5), false));
        png.file("grey", written("png", picture(BufferedImage.TYPE_BYTE_GRAY, 9, 9), false));
        png.file("grey-16", written("png", picture(BufferedImage.TYPE_USHORT_GRAY, 5, 6), false));
        png.file("bits", written("png", picture(BufferedImage.TYPE_BYTE_BINARY, 17, 4), false));
        png.file("palette", written("png", picture(BufferedImage.TYPE_BYTE_INDEXED, 8, 8), false));
        png.file("interlaced", written("png", picture(BufferedImage.TYPE_INT_RGB, 11, 12), true));
        byte[] rgb = written("jpeg", picture(BufferedImage.TYPE_INT_RGB, 24, 17), false);
        jpeg.file("rgb", rgb);
        jpeg.file("grey", written("jpeg", picture(BufferedImage.TYPE_BYTE_GRAY, 17, 9), false));
        jpeg.file("progressive", written("jpeg", picture(BufferedImage.TYPE_INT_RGB, 18, 20), true));
        jpeg.file("turned", withSegment(rgb, 0xE1, exif(6)));
        jpeg.file("adobe", withSegment(rgb, 0xEE, "Adobe\0d\0\0\0\0\1".getBytes(StandardCharsets.ISO_8859_1)));
    }

    static BufferedImage picture(int type, int width, int height) {
        var picture = new BufferedImage(width, height, type);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                picture.setRGB(x, y, 255 - 7 * y << 24 | 255 * x / width << 16 | 255 * y / height << 8 | (x * y & 63));
            }
        }
        return picture;
    }

    static byte[] written(String format, BufferedImage picture, boolean progressive) throws IOException {
        ImageWriter writer =
                ImageIO.getImageWriters(new ImageTypeSpecifier(picture), format).next();
        var bytes = new ByteArrayOutputStream();
        try (var out = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(out);
            ImageWriteParam how = writer.getDefaultWriteParam();
            how.setProgressiveMode(progressive ? ImageWriteParam.MODE_DEFAULT : ImageWriteParam.MODE_DISABLED);
            writer.write(null, new IIOImage(picture, null, null), how);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    /** The JPEG with one more segment, right at its beginning. */
    private static byte[] withSegment(byte[] jpeg, int marker, byte[] data) {
        return ByteBuffer.allocate(jpeg.length + 4 + data.length)
                .put(jpeg, 0, 2)
                .put((byte) 0xFF)
                .put((byte) marker)
                .putShort((short) (2 + data.length))
                .put(data)
                .put(jpeg, 2, jpeg.length - 2)
                .array();
    }

    /** What cameras say of how they were held. */
    private static byte[] exif(int orientation) {
        ByteBuffer tiff = ByteBuffer.allocate(6 + 8 + 2 + 12 + 4);
        tiff.put("Exif\0\0MM".getBytes(StandardCharsets.ISO_8859_1));
        tiff.putShort((short) 42).putInt(8).putShort((short) 1);
        return tiff.putShort((short) 0x112)
                .putShort((short) 3)
                .putInt(1)
                .putShort((short) orientation)
                .array();
    }
}
