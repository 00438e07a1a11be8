package io.tokenwise.fuzz.seeds;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/** Sets of images with labels: tar files of classes' folders, and MNIST's two files. */
final class SetSeeds {
    private static final int BLOCK = 512;

    private SetSeeds() {}

    static void write(SeedFolder tar, SeedFolder gzipped, SeedFolder idx) throws IOException {
        byte[] png = ImageSeeds.written("png", ImageSeeds.picture(BufferedImage.TYPE_INT_RGB, 8, 8), false);
        byte[] jpeg = ImageSeeds.written("jpeg", ImageSeeds.picture(BufferedImage.TYPE_INT_RGB, 9, 8), false);
        var all = new ByteArrayOutputStream();
        all.writeBytes(header("train/", 0, '5'));
        put(all, "train/cat/1.png", png, '0');
        put(all, "train/dog/2.jpg", jpeg, '0');
        put(
                all,
                "pax",
                "30 path=train/dog/3.png\n16 size=%d\n".formatted(png.length).getBytes(StandardCharsets.US_ASCII),
                'x');
        put(all, "short", png, '0');
        put(all, "long", "train/cat/4.png\0".getBytes(StandardCharsets.US_ASCII), 'L');
        put(all, "short", png, '0');
        all.writeBytes(new byte[2 * BLOCK]);
        byte[] whole = all.toByteArray();
        tar.file("small", whole);
        gzipped.file("small", TextSeeds.gzipped(whole));
        byte[] labels = ByteBuffer.allocate(8 + 3)
                .putInt(0x801)
                .putInt(3)
                .put(new byte[] {7, 0, 9})
                .array();
        byte[] images = ByteBuffer.allocate(16 + 3 * 12)
                .putInt(0x803)
                .putInt(3)
                .putInt(4)
                .putInt(3)
                .array();
        idx.folder("plain", Map.of("train-labels-idx1-ubyte", labels, "train-images-idx3-ubyte", images));
        idx.folder(
                "gzipped",
                Map.of(
                        "train-labels-idx1-ubyte.gz",
                        TextSeeds.gzipped(labels),
                        "train-images-idx3-ubyte.gz",
                        TextSeeds.gzipped(images)));
    }

    private static void put(ByteArrayOutputStream tar, String name, byte[] content, char type) {
        tar.writeBytes(header(name, content.length, type));
        tar.writeBytes(Arrays.copyOf(content, (content.length + BLOCK - 1) / BLOCK * BLOCK));
    }

    private static byte[] header(String name, int size, char type) {
        var header = new byte[BLOCK];
        put(header, 0, name);
        put(header, 100, "0000644\0" + "0000000\0" + "0000000\0" + "%011o\0".formatted(size) + "00000000000\0");
        put(header, 148, "        " + type);
        put(header, 257, "ustar\00000");
        int sum = 0;
        for (byte each : header) {
            sum += each;
        }
        put(header, 148, "%06o\0 ".formatted(sum));
        return header;
    }

    private static void put(byte[] header, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }
}
