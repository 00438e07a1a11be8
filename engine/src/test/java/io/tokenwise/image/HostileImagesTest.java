package io.tokenwise.image;

import static io.tokenwise.image.ImageFiles.chunk;
import static io.tokenwise.image.ImageFiles.gif;
import static io.tokenwise.image.ImageFiles.gradient;
import static io.tokenwise.image.ImageFiles.idat;
import static io.tokenwise.image.ImageFiles.iend;
import static io.tokenwise.image.ImageFiles.ihdr;
import static io.tokenwise.image.ImageFiles.jpeg;
import static io.tokenwise.image.ImageFiles.png;
import static io.tokenwise.image.ImageFiles.pngOf;
import static io.tokenwise.image.ImageFiles.progressiveJpeg;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.ChildJvm;
import io.tokenwise.api.BadFileException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostileImagesTest {
    private static final byte[] JPEG = jpeg(gradient(48, 40));
    private static final byte[] PROGRESSIVE = progressiveJpeg(gradient(48, 40));
    private static final byte[] PNG = png(gradient(48, 40));

    private final ImageReader reader = new ImageReader();

    @Test
    void noImageAtAll() {
        refused(new byte[0]).hasMessage("test: is empty; images must be JPEG or PNG");
        refused("hello".getBytes(StandardCharsets.UTF_8))
                .hasMessage("test: is not an image; images must be JPEG or PNG");
        refused(gif(gradient(4, 4))).hasMessage("test: is a GIF; images must be JPEG or PNG");
        refused("RIFF....WEBPVP8 ".getBytes(StandardCharsets.ISO_8859_1))
                .hasMessage("test: is a WebP; images must be JPEG or PNG");
        refused("....ftypavif".getBytes(StandardCharsets.ISO_8859_1)).hasMessageContaining("AVIF");
        refused("BM....".getBytes(StandardCharsets.ISO_8859_1)).hasMessageContaining("BMP");
        refused("II*\0....".getBytes(StandardCharsets.ISO_8859_1)).hasMessageContaining("TIFF");
        assertThatThrownBy(() -> reader.read(Path.of("absent.png"))).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void everyTruncationIsRefused() {
        for (byte[] sound : new byte[][] {JPEG, PROGRESSIVE, PNG}) {
            assertThat(reader.read(sound, "test")).hasToString("48 x 40");
            for (int length = 0; length < sound.length; length++) {
                refused(Arrays.copyOf(sound, length));
            }
        }
    }

    @Test
    void truncationIsNamed() {
        refused(Arrays.copyOf(JPEG, JPEG.length - 20)).hasMessageContaining("truncated");
        refused(Arrays.copyOf(JPEG, 100)).hasMessage("test: is truncated: the JPEG ends before its image");
        refused(Arrays.copyOf(PNG, PNG.length - 20))
                .hasMessage("test: is truncated: the PNG ends within a chunk, or without IEND");
    }

    @ParameterizedTest
    @CsvSource({"2147483647, 2147483647", "-1, -1", "65536, 1", "1, 65536", "10001, 10000"})
    void sizesAreRefusedBeforeMemoryIsTaken(int width, int height) {
        refused(pngOf(ihdr(width, height, 8, 2), idat(0), iend()))
                .hasMessageEndingWith("pixels; at most 100000000 are read, and 65535 a side")
                .hasMessageContaining(Integer.toUnsignedString(width));
    }

    @Test
    void aCallerMayWantLess() {
        var small = new ImageReader(48 * 40 - 1);
        assertThatThrownBy(() -> small.read(JPEG, "test"))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith("test: has 48 x 40 pixels; at most 1919 are read");
        assertThat(new ImageReader(48 * 40).read(JPEG, "test")).hasToString("48 x 40");
        assertThatThrownBy(() -> new ImageReader(0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void endlessStreamsEnd() {
        // Zeros, but for a PNG's beginning; what is read ends at 512 MB, which here only its type shows.
        InputStream zeros = new InputStream() {
            @Override
            public int read() {
                return 0;
            }

            @Override
            public byte[] readNBytes(int count) {
                assertThat(count).isEqualTo((512 << 20) + 1);
                return new byte[10];
            }
        };
        assertThatThrownBy(() -> reader.read(zeros, "test")).hasMessageContaining("is not an image");
    }

    @Test
    void emptySides() {
        refused(pngOf(ihdr(0, 5, 8, 2), idat(0), iend()))
                .hasMessage("test: claims to be 0 x 5 pixels; sides must be at least 1");
        byte[] flat = JPEG.clone();
        int frame = indexOf(flat, 0xC0);
        flat[frame + 5] = 0;
        flat[frame + 6] = 0;
        refused(flat).hasMessage("test: claims to be 48 x 0 pixels; sides must be at least 1");
    }

    @Test
    void jpegKinds() {
        byte[] lossless = JPEG.clone();
        lossless[indexOf(JPEG, 0xC0) + 1] = (byte) 0xC3;
        refused(lossless).hasMessageContaining("SOF3 with 8 bits");
        byte[] twelve = JPEG.clone();
        twelve[indexOf(JPEG, 0xC0) + 4] = 12;
        refused(twelve).hasMessageContaining("SOF0 with 12 bits");
        byte[] manyFrames = ImageFiles.withSegment(JPEG, 0xC0, new byte[] {8, 0, 9, 0, 9, 0});
        refused(manyFrames).hasMessageContaining("two frames");
        refused(ImageFiles.withSegment(JPEG, 0xC0, new byte[3])).hasMessageContaining("too short");
        refused(new byte[] {-1, (byte) 0xD8, -1, (byte) 0xD9}).hasMessage("test: is a JPEG without an image");
        refused(new byte[] {-1, (byte) 0xD8, -1, (byte) 0xDA, 0, 2}).hasMessageContaining("before the frame");
        refused(new byte[] {-1, (byte) 0xD8, -1, (byte) 0xE0, 0, 1, 0, 0}).hasMessageContaining("a length of 1");
    }

    @Test
    void thousandsOfScans() {
        var scans = new ByteArrayOutputStream();
        for (int i = 0; i < 200; i++) {
            scans.writeBytes(new byte[] {-1, (byte) 0xDA, 0, 8, 1, 1, 0, 1, 1, 0});
        }
        int end = PROGRESSIVE.length - 2;
        var bytes = new ByteArrayOutputStream();
        bytes.write(PROGRESSIVE, 0, end);
        bytes.writeBytes(scans.toByteArray());
        bytes.write(PROGRESSIVE, end, 2);
        refused(bytes.toByteArray()).hasMessage("test: is a JPEG of more than 200 scans");

        // A marker without a segment, after which a decoder reads on though a length would say otherwise.
        var hidden = new ByteArrayOutputStream();
        hidden.write(PROGRESSIVE, 0, end);
        hidden.writeBytes(new byte[] {-1, 2, -1, -1});
        hidden.writeBytes(scans.toByteArray());
        hidden.write(PROGRESSIVE, end, 2);
        refused(hidden.toByteArray()).hasMessage("test: is a JPEG of more than 200 scans");
    }

    /** As the video of a moving photograph, in which any bytes may stand. */
    @Test
    void whatFollowsAnImageIsNoPartOfIt() {
        var bytes = new ByteArrayOutputStream();
        bytes.writeBytes(PROGRESSIVE);
        for (int i = 0; i < 300; i++) {
            bytes.writeBytes(new byte[] {-1, (byte) 0xDA, 0, 8, 1, 1, 0, 1, 1, 0});
        }
        assertThat(reader.read(bytes.toByteArray(), "test").rgb())
                .isEqualTo(reader.read(PROGRESSIVE, "test").rgb());
    }

    @Test
    void corruptScan() {
        byte[] corrupt = JPEG.clone();
        Arrays.fill(corrupt, corrupt.length - 200, corrupt.length - 2, (byte) 0x7E);
        refused(corrupt).hasMessageContaining("corrupt");
    }

    @Test
    void pngChunks() {
        byte[] wrongSum = PNG.clone();
        wrongSum[PNG.length - 20] ^= 1;
        refused(wrongSum).hasMessage("test: is a corrupt PNG: the checksum of its chunk IDAT is wrong");
        refused(pngOf(idat(0), iend())).hasMessageContaining("first chunk must be IHDR");
        refused(pngOf(ihdr(1, 1, 8, 0), ihdr(9, 9, 8, 0), idat(0, 1), iend())).hasMessageContaining("IHDR");
        refused(pngOf(chunk("IHDR", new byte[3]))).hasMessageContaining("of 13 bytes");
        refused(pngOf(chunk("CgBI", new byte[4]))).hasMessageContaining("first chunk must be IHDR");
        refused(pngOf(ihdr(1, 1, 8, 0), chunk("ABCD", new byte[0]))).hasMessageContaining("a chunk ABCD");
        refused(pngOf(ihdr(1, 1, 8, 0), iend())).hasMessageStartingWith("test: is truncated or corrupt");
        refused(pngOf(ihdr(1, 1, 8, 3), idat(0, 0), iend())).hasMessageStartingWith("test: is truncated or corrupt");
        refused(pngOf(ihdr(1, 1, 7, 5), idat(0, 0), iend())).hasMessageStartingWith("test: is truncated or corrupt");
        refused(pngOf(ihdr(1, 9, 8, 0), idat(0, 1, 0, 1), iend())).hasMessageStartingWith("test: is truncated");
    }

    /** Whatever bytes there are, there is an image or one line. */
    @Property(tries = 400)
    void changedBytes(
            @ForAll @IntRange(max = 2) int file,
            @ForAll @IntRange(max = 1 << 20) int place,
            @ForAll byte value,
            @ForAll @IntRange(min = 1, max = 8) int count) {
        byte[] bytes = new byte[][] {JPEG, PROGRESSIVE, PNG}[file].clone();
        for (int i = 0; i < count; i++) {
            bytes[(place + i * 37) % bytes.length] = (byte) (value + i);
        }
        try {
            new ImageReader(1 << 20).read(bytes, "test");
        } catch (BadFileException e) {
            assertThat(e.getMessage()).startsWith("test: ").doesNotContain("\n").doesNotContain("null");
        }
    }

    @Test
    void ofWhatIsNoImageOnlyTheBeginningIsRead() throws IOException {
        byte[] video = new byte[1 << 16];
        System.arraycopy("....ftypisom".getBytes(StandardCharsets.ISO_8859_1), 0, video, 0, 12);
        var stream = new ByteArrayInputStream(video);
        assertThatThrownBy(() -> reader.read(stream, "test"))
                .isInstanceOf(BadFileException.class)
                .hasMessage("test: is an AVIF, HEIC or video; images must be JPEG or PNG");
        assertThat(stream.available()).isEqualTo(video.length - 12);
        assertThatThrownBy(() -> reader.read(InputStream.nullInputStream(), "test"))
                .hasMessage("test: is empty; images must be JPEG or PNG");
        assertThat(reader.read(new ByteArrayInputStream(PNG), "test")).isEqualTo(reader.read(PNG, "test"));
    }

    private AbstractThrowableAssert<?, ?> refused(byte[] bytes) {
        return assertThatThrownBy(() -> reader.read(bytes, "test"))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith("test: ");
    }

    /** Where a marker's FF is. */
    private static int indexOf(byte[] bytes, int marker) {
        for (int i = 0; i < bytes.length - 1; i++) {
            if (bytes[i] == (byte) 0xFF && bytes[i + 1] == (byte) marker) {
                return i;
            }
        }
        throw new IllegalArgumentException();
    }

    /** In a JVM of its own, whose heap is as large as the image's pixels. */
    @Test
    void whatDoesNotFitTheHeapIsSaidToBeSo(@TempDir Path folder) throws Exception {
        byte[] bytes = pngOf(ihdr(2_000, 2_000, 8, 0), idat(new int[2_000 * 2_001]), iend());
        assertDoesNotFit(Files.write(folder.resolve("large.png"), bytes));
        // The file itself is larger than the heap; its end takes no place on the disk.
        Path longer = Files.write(folder.resolve("longer.png"), bytes);
        try (var end = new RandomAccessFile(longer.toFile(), "rw")) {
            end.setLength(100 << 20);
        }
        assertDoesNotFit(longer);
    }

    private static void assertDoesNotFit(Path file) throws Exception {
        Process child = ChildJvm.of(List.of("-Xmx16m"), SmallHeap.class, file.toString())
                .redirectErrorStream(true)
                .start();
        String printed = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(child.waitFor()).as(printed).isZero();
        assertThat(printed)
                .contains(
                        file + ": does not fit Java's heap of ",
                        "MB (-Xmx sets it, of ./tokenwise in TOKENWISE_JAVA_OPTS), beside what else is there");
    }

    /** Reads an image and prints why it cannot. */
    static final class SmallHeap {
        private SmallHeap() {}

        public static void main(String[] args) throws IOException {
            try {
                new ImageReader().read(Path.of(args[0]));
            } catch (BadFileException e) {
                System.out.println(e.getMessage());
            }
        }
    }
}
