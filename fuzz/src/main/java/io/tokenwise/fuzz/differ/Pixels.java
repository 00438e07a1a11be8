package io.tokenwise.fuzz.differ;

import io.tokenwise.image.Image;
import io.tokenwise.image.ImageReader;
import java.nio.charset.StandardCharsets;

/** What our reader makes of an image, as a PPM file. */
final class Pixels {
    private static final ImageReader READER = new ImageReader();

    private Pixels() {}

    static Answer read(byte[] file) {
        Image image = READER.read(file, "image");
        byte[] head = ("P6\n" + image.width() + " " + image.height() + "\n255\n").getBytes(StandardCharsets.ISO_8859_1);
        byte[] ppm = new byte[head.length + 3 * image.rgb().length];
        System.arraycopy(head, 0, ppm, 0, head.length);
        int at = head.length;
        for (int rgb : image.rgb()) {
            ppm[at++] = (byte) (rgb >> 16);
            ppm[at++] = (byte) (rgb >> 8);
            ppm[at++] = (byte) rgb;
        }
        return Answer.read(ppm);
    }
}
