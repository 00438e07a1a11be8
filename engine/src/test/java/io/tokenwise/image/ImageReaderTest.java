package io.tokenwise.image;

import static io.tokenwise.image.ImageFiles.chunk;
import static io.tokenwise.image.ImageFiles.filled;
import static io.tokenwise.image.ImageFiles.gradient;
import static io.tokenwise.image.ImageFiles.idat;
import static io.tokenwise.image.ImageFiles.iend;
import static io.tokenwise.image.ImageFiles.ihdr;
import static io.tokenwise.image.ImageFiles.jpeg;
import static io.tokenwise.image.ImageFiles.png;
import static io.tokenwise.image.ImageFiles.pngOf;
import static io.tokenwise.image.ImageFiles.progressiveJpeg;
import static io.tokenwise.image.ImageFiles.rawJpeg;
import static io.tokenwise.image.ImageFiles.withAdobe;
import static io.tokenwise.image.ImageFiles.withOrientation;
import static io.tokenwise.image.ImageFiles.withSegment;
import static io.tokenwise.image.ImageFiles.written;
import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageReaderTest {
    /** What the best JPEG changes a gradient by, whose colours are stored for every second pixel. */
    private static final int SLOPES = 12;

    private final ImageReader reader = new ImageReader();

    @Test
    void jpegs() {
        Image image = gradient(40, 24);
        assertClose(read(jpeg(image)), image, SLOPES);
        assertClose(read(progressiveJpeg(image)), image, SLOPES);
    }

    @Test
    void pathsAndStreams(@TempDir Path folder) throws IOException {
        Image image = gradient(5, 4);
        Path file = Files.write(folder.resolve("image.png"), png(image));
        assertThat(reader.read(file)).isEqualTo(image);
        assertThat(reader.read(ImageFiles.stream(png(image)), "a stream")).isEqualTo(image);
    }

    @Test
    void greyJpeg() {
        // Rasters, because colour conversion of the JDK's grey images is not the identity.
        byte[] bytes = rawJpeg(raster(8, 8, 77));
        assertClose(read(bytes), filled(8, 8, 0x4D4D4D), 1);
    }

    /** Red is 65 + 1.402 * -3 = 61, green 65 - .344 * -30 - .714 * -3 = 77, and blue 65 + 1.772 * -30 = 12. */
    @Test
    void threeSamplesAreYcbcrUnlessAdobeSaysRgb() {
        byte[] bytes = rawJpeg(raster(8, 8, 65, 98, 125));
        assertClose(read(bytes), filled(8, 8, 0x3D4D0C), 2);
        assertClose(read(withAdobe(bytes, 1)), filled(8, 8, 0x3D4D0C), 2);
        assertClose(read(withAdobe(bytes, 0)), filled(8, 8, 0x41627D), 1);
    }

    /** Ink, of which 255 is none, with Adobe's marker or without. A colour is its own share of light times black's: 200 times 155 / 255 is 122. */
    @Test
    void cmykJpeg() {
        byte[] plain = rawJpeg(raster(8, 8, 200, 100, 0, 155));
        assertClose(read(plain), filled(8, 8, rgb(122, 61, 0)), 2);
        assertClose(read(withAdobe(plain, 0)), filled(8, 8, rgb(122, 61, 0)), 2);
    }

    /** The inks of (200, 100, 0) are 55, 155 and 255, whose YCbCr is (137, 195, 70). */
    @Test
    void ycckJpeg() {
        byte[] bytes = withAdobe(rawJpeg(raster(8, 8, 137, 195, 70, 155)), 2);
        assertClose(read(bytes), filled(8, 8, rgb(122, 61, 0)), 3);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1 2 3 4 5 6", "2, 3 2 1 6 5 4", "3, 6 5 4 3 2 1", "4, 4 5 6 1 2 3",
        "5, 1 4 2 5 3 6", "6, 4 1 5 2 6 3", "7, 6 3 5 2 4 1", "8, 3 6 2 5 1 4"
    })
    void exifOrientations(int orientation, String upright) {
        Image stored = new Image(3, 2, new int[] {1, 2, 3, 4, 5, 6});
        Image image = new Orientation(orientation).upright(stored);
        assertThat(image.width()).isEqualTo(orientation < 5 ? 3 : 2);
        assertThat(image.rgb())
                .containsExactly(Arrays.stream(upright.split(" "))
                        .mapToInt(Integer::parseInt)
                        .toArray());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void orientationOfFiles(int orientation) {
        Image stored = gradient(24, 16);
        Image upright = new Orientation(orientation).upright(stored);
        assertClose(read(withOrientation(jpeg(stored), orientation, ByteOrder.LITTLE_ENDIAN)), upright, SLOPES);
        assertClose(read(withOrientation(jpeg(stored), orientation, ByteOrder.BIG_ENDIAN)), upright, SLOPES);
        byte[] exif = chunk("eXIf", ImageFiles.exif(orientation, ByteOrder.BIG_ENDIAN));
        byte[] bytes = pngOf(ihdr(2, 1, 8, 0), exif, idat(0, 10, 20), iend());
        assertThat(read(bytes)).isEqualTo(new Orientation(orientation).upright(new Image(2, 1, new int[] {
                    0x0A0A0A, 0x141414
                })));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 9, -1})
    void senselessOrientationsAreUpright(int orientation) {
        Image image = gradient(24, 16);
        assertClose(read(withOrientation(jpeg(image), orientation, ByteOrder.BIG_ENDIAN)), image, SLOPES);
    }

    @Test
    void exifThatCannotBeReadIsUpright() {
        byte[] bytes = jpeg(filled(8, 8, 0x808080));
        byte[] exif = ImageFiles.exif(6, ByteOrder.BIG_ENDIAN);
        for (int length = 0; length < exif.length; length++) {
            byte[] cut = new byte[6 + length];
            System.arraycopy("Exif".getBytes(StandardCharsets.US_ASCII), 0, cut, 0, 4);
            System.arraycopy(exif, 0, cut, 6, length);
            assertThat(read(withSegment(bytes, 0xE1, cut))).hasToString("8 x 8");
        }
        byte[] lying = withOrientation(bytes, 6, ByteOrder.BIG_ENDIAN);
        lying[2 + 4 + 6 + 4] = 0x7F;
        assertThat(read(lying)).hasToString("8 x 8");
    }

    /** As writers do whose Exif does not fit one segment. */
    @Test
    void aSecondExifSegmentDoesNotTurnTheImageBack() {
        Image stored = gradient(24, 16);
        byte[] rest = "Exif\0\0 goes on".getBytes(StandardCharsets.US_ASCII);
        byte[] bytes = withOrientation(withSegment(jpeg(stored), 0xE1, rest), 6, ByteOrder.BIG_ENDIAN);
        assertClose(read(bytes), new Orientation(6).upright(stored), SLOPES);
    }

    @Test
    void profilesDoNotReachTheDecoder() {
        byte[] profile = "ICC_PROFILE\0\1\1 nonsense".getBytes(StandardCharsets.ISO_8859_1);
        Image image = filled(8, 8, 0x336699);
        assertClose(read(withSegment(jpeg(image), 0xE2, profile)), image, 2);
    }

    @Test
    void bytesBetweenSegmentsAreHarmless() {
        byte[] sound = jpeg(filled(8, 8, 0x336699));
        int second = 4 + sound[5];
        byte[] bytes = new byte[sound.length + 3];
        System.arraycopy(sound, 0, bytes, 0, second);
        System.arraycopy(sound, second, bytes, second + 3, sound.length - second);
        assertThat(read(bytes)).isEqualTo(read(sound));
    }

    @Test
    void pngsAreExact() {
        Image image = gradient(33, 21);
        assertThat(read(png(image))).isEqualTo(image);
    }

    @Test
    void alphaIsDropped() {
        var half = new BufferedImage(1, 1, BufferedImage.TYPE_INT_ARGB);
        half.setRGB(0, 0, 0x01FF8000);
        assertThat(read(written("png", half)).rgb()).containsExactly(0xFF8000);
        assertThat(read(pngOf(ihdr(1, 1, 8, 4), idat(0, 99, 0), iend())).rgb()).containsExactly(0x636363);
    }

    @Test
    void sixteenBitsKeepTheUpperEight() {
        byte[] grey = pngOf(ihdr(2, 1, 16, 0), idat(0, 0x12, 0xFF, 0xAB, 0x00), iend());
        assertThat(read(grey).rgb()).containsExactly(0x121212, 0xABABAB);
        byte[] rgb = pngOf(ihdr(1, 1, 16, 2), idat(0, 0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC), iend());
        assertThat(read(rgb).rgb()).containsExactly(0x12569A);
        byte[] rgba = pngOf(ihdr(1, 1, 16, 6), idat(0, 0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0, 0), iend());
        assertThat(read(rgba).rgb()).containsExactly(0x12569A);
    }

    @Test
    void greyAndPalettes() {
        assertThat(read(pngOf(ihdr(2, 1, 8, 0), idat(0, 100, 200), iend())).rgb())
                .containsExactly(0x646464, 0xC8C8C8);
        assertThat(read(pngOf(ihdr(4, 1, 2, 0), idat(0, 0b00_01_10_11), iend())).rgb())
                .containsExactly(0, 0x555555, 0xAAAAAA, 0xFFFFFF);
        assertThat(read(pngOf(ihdr(8, 1, 1, 0), idat(0, 0b10000000), iend())).rgb())
                .startsWith(0xFFFFFF, 0);
        byte[] palette = chunk("PLTE", new byte[] {1, 2, 3, 4, 5, 6});
        byte[] transparent = chunk("tRNS", new byte[] {0, 0});
        assertThat(read(pngOf(ihdr(2, 1, 8, 3), palette, transparent, idat(0, 1, 0), iend()))
                        .rgb())
                .containsExactly(0x040506, 0x010203);
    }

    @Test
    void textsDoNotReachTheDecoder() {
        byte[] text = chunk("zTXt", new byte[] {'a', 0, 0, 'n', 'o', 'n', 's', 'e', 'n', 's', 'e'});
        assertThat(read(pngOf(ihdr(1, 1, 8, 0), text, idat(0, 5), iend())).rgb())
                .containsExactly(0x050505);
    }

    private Image read(byte[] bytes) {
        return reader.read(bytes, "test");
    }

    private static int rgb(int red, int green, int blue) {
        return red << 16 | green << 8 | blue;
    }

    private static Raster raster(int width, int height, int... samples) {
        WritableRaster raster =
                Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, width, height, samples.length, null);
        for (int i = 0; i < width * height; i++) {
            raster.setPixel(i % width, i / width, samples);
        }
        return raster;
    }

    private static void assertClose(Image actual, Image expected, int most) {
        assertThat(actual).hasToString(expected.toString());
        for (int i = 0; i < expected.rgb().length; i++) {
            for (int shift = 0; shift <= 16; shift += 8) {
                int difference = (actual.rgb()[i] >> shift & 0xFF) - (expected.rgb()[i] >> shift & 0xFF);
                assertThat(Math.abs(difference)).as("pixel %d of %s", i, actual).isLessThanOrEqualTo(most);
            }
        }
    }
}
