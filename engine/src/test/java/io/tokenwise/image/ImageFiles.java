package io.tokenwise.image;

import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Makes image files for tests, sound ones and others. */
final class ImageFiles {
    private ImageFiles() {}

    static Image filled(int width, int height, int rgb) {
        int[] pixels = new int[width * height];
        Arrays.fill(pixels, rgb);
        return new Image(width, height, pixels);
    }

    /** A smooth picture that JPEG changes little. */
    static Image gradient(int width, int height) {
        int[] pixels = new int[width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                pixels[y * width + x] = (255 * x / width) << 16 | (255 * y / height) << 8 | 64;
            }
        }
        return new Image(width, height, pixels);
    }

    static byte[] jpeg(Image image) {
        return written("jpeg", image, false);
    }

    static byte[] progressiveJpeg(Image image) {
        return written("jpeg", image, true);
    }

    static byte[] png(Image image) {
        return written("png", image, false);
    }

    static byte[] gif(Image image) {
        return written("gif", image, false);
    }

    static BufferedImage buffered(Image image, int type) {
        var buffered = new BufferedImage(image.width(), image.height(), type);
        buffered.setRGB(0, 0, image.width(), image.height(), image.rgb(), 0, image.width());
        return buffered;
    }

    static byte[] written(String format, BufferedImage image) {
        return written(format, new IIOImage(image, null, null), false);
    }

    private static byte[] written(String format, Image image, boolean progressive) {
        return written(format, new IIOImage(buffered(image, BufferedImage.TYPE_INT_RGB), null, null), progressive);
    }

    /** A JPEG of samples as they are, without any marker that says what they mean. */
    static byte[] rawJpeg(Raster raster) {
        return written("jpeg", new IIOImage(raster, null, null), false);
    }

    private static byte[] written(String format, IIOImage image, boolean progressive) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName(format).next();
        var bytes = new ByteArrayOutputStream();
        try (var out = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(out);
            ImageWriteParam how = writer.getDefaultWriteParam();
            if (format.equals("jpeg")) {
                how.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
                how.setCompressionQuality(1);
                how.setProgressiveMode(progressive ? ImageWriteParam.MODE_DEFAULT : ImageWriteParam.MODE_DISABLED);
            }
            writer.write(null, image, how);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    /** The JPEG with one more segment, right at its beginning. */
    static byte[] withSegment(byte[] jpeg, int marker, byte[] data) {
        ByteBuffer all = ByteBuffer.allocate(jpeg.length + 4 + data.length);
        all.put(jpeg, 0, 2).put((byte) 0xFF).put((byte) marker).putShort((short) (2 + data.length));
        return all.put(data).put(jpeg, 2, jpeg.length - 2).array();
    }

    /** Adobe's marker: 0 is RGB or CMYK, 2 YCCK. */
    static byte[] withAdobe(byte[] jpeg, int transform) {
        byte[] data = "Adobe\0\0\0\0\0\0\0".getBytes(StandardCharsets.ISO_8859_1);
        data[11] = (byte) transform;
        return withSegment(jpeg, 0xEE, data);
    }

    static byte[] withOrientation(byte[] jpeg, int orientation, ByteOrder order) {
        byte[] exif = exif(orientation, order);
        byte[] data = ByteBuffer.allocate(6 + exif.length)
                .put("Exif\0\0".getBytes(StandardCharsets.ISO_8859_1))
                .put(exif)
                .array();
        return withSegment(jpeg, 0xE1, data);
    }

    /** A TIFF structure with two entries, of which the second is the orientation. */
    static byte[] exif(int orientation, ByteOrder order) {
        ByteBuffer tiff = ByteBuffer.allocate(8 + 2 + 2 * 12 + 4).order(order);
        tiff.put((order == ByteOrder.LITTLE_ENDIAN ? "II" : "MM").getBytes(StandardCharsets.ISO_8859_1));
        tiff.putShort((short) 42).putInt(8).putShort((short) 2);
        tiff.putShort((short) 0x100).putShort((short) 4).putInt(1).putInt(77);
        tiff.putShort((short) 0x112).putShort((short) 3).putInt(1).putShort((short) orientation);
        return tiff.array();
    }

    static byte[] chunk(String name, byte[] data) {
        ByteBuffer chunk = ByteBuffer.allocate(12 + data.length).putInt(data.length);
        chunk.put(name.getBytes(StandardCharsets.ISO_8859_1)).put(data);
        var sum = new CRC32();
        sum.update(chunk.array(), 4, 4 + data.length);
        return chunk.putInt((int) sum.getValue()).array();
    }

    static byte[] ihdr(int width, int height, int bits, int colorType) {
        byte[] data = ByteBuffer.allocate(13)
                .putInt(width)
                .putInt(height)
                .put((byte) bits)
                .put((byte) colorType)
                .array();
        return chunk("IHDR", data);
    }

    /** A PNG of chunks, with its signature. */
    static byte[] pngOf(byte[]... chunks) {
        var bytes = new ByteArrayOutputStream();
        bytes.writeBytes(PngHeader.SIGNATURE.getBytes(StandardCharsets.ISO_8859_1));
        for (byte[] chunk : chunks) {
            bytes.writeBytes(chunk);
        }
        return bytes.toByteArray();
    }

    /** The data of rows, each with a filter byte before it. */
    static byte[] idat(int... rows) {
        var bytes = new ByteArrayOutputStream();
        try (var deflating = new DeflaterOutputStream(bytes)) {
            for (int value : rows) {
                deflating.write(value);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return chunk("IDAT", bytes.toByteArray());
    }

    static byte[] iend() {
        return chunk("IEND", new byte[0]);
    }

    static ByteArrayInputStream stream(byte[] bytes) {
        return new ByteArrayInputStream(bytes);
    }
}
