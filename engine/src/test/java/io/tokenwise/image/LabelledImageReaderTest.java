package io.tokenwise.image;

import static io.tokenwise.image.ImageFiles.filled;
import static io.tokenwise.image.ImageFiles.gradient;
import static io.tokenwise.image.ImageFiles.jpeg;
import static io.tokenwise.image.ImageFiles.png;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tokenwise.api.BadFileException;
import io.tokenwise.testdata.SharedData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class LabelledImageReaderTest {
    private static final Logger LOG = LoggerFactory.getLogger(LabelledImageReaderTest.class);

    private static final Split TRAIN = Split.of("train");

    private final LabelledImageReader reader = new LabelledImageReader(4, 4);

    @TempDir
    Path folder;

    private static Map<String, byte[]> files() {
        return new TreeMap<>(Map.of(
                "train/red/1.png", png(filled(4, 4, 0xFF0000)),
                "train/red/2.png", png(filled(9, 7, 0xFE0000)),
                "train/blue/1.jpg", jpeg(gradient(30, 20)),
                "train/README", new byte[] {1},
                "test/red/1.png", png(filled(4, 4, 0xFD0000)),
                "test/blue/1.png", png(filled(4, 4, 0xFC0000))));
    }

    private Path folderOf(Map<String, byte[]> files) throws IOException {
        for (var file : files.entrySet()) {
            Path path = folder.resolve("set").resolve(file.getKey());
            Files.createDirectories(path.getParent());
            Files.write(path, file.getValue());
        }
        return folder.resolve("set");
    }

    private Path tarOf(Map<String, byte[]> files) throws IOException {
        var tar = new TarFiles().folder("set/");
        // Not in order, as archives may be.
        new TreeMap<>(files).descendingMap().forEach((name, bytes) -> tar.file("set/" + name, bytes));
        return Files.write(folder.resolve("set.tar"), tar.ended());
    }

    @Test
    void foldersAndTarFilesAreTheSame() throws Exception {
        LabelledImages inFolder = reader.read(folderOf(files()), TRAIN);
        assertThat(inFolder.classes()).containsExactly("blue", "red");
        assertThat(inFolder.labels()).containsExactly(0, 1, 1);
        assertThat(inFolder.size()).isEqualTo(3);
        assertThat(inFolder.image(0))
                .isEqualTo(new ImageReader()
                        .read(jpeg(gradient(30, 20)), "")
                        .resizedShorterSide(4, Resampling.BILINEAR)
                        .centerCrop(4, 4));
        assertThat(inFolder.image(2)).isEqualTo(filled(4, 4, 0xFE0000));

        Path tar = tarOf(files());
        assertSame(reader.read(tar, TRAIN), inFolder);
        Files.write(tar, TarFiles.gzipped(Files.readAllBytes(tar)));
        assertSame(reader.read(tar, TRAIN), inFolder);
    }

    @Test
    void saysWhichPartsThereAre() throws IOException {
        for (Path source : List.of(folderOf(files()), tarOf(files()))) {
            assertThat(LabelledImageReader.has(source, "test")).isTrue();
            assertThat(LabelledImageReader.has(source, "validation")).isFalse();
            // A file is no part.
            assertThat(LabelledImageReader.has(source, "README")).isFalse();
        }
    }

    @Test
    void badImagesAreNamed() throws IOException {
        Map<String, byte[]> files = files();
        files.put("train/red/3.png", Arrays.copyOf(png(filled(4, 4, 1)), 50));
        Path tar = tarOf(files);
        Path all = folderOf(files);
        assertThatThrownBy(() -> reader.read(tar, TRAIN))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith(tar + "!set/train/red/3.png: is truncated");
        assertThatThrownBy(() -> reader.read(all, TRAIN))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith(all.resolve("train/red/3.png") + ": is truncated");
        Files.write(all.resolve("train/red/3.png"), png(filled(60_000, 1, 1)));
        assertThatThrownBy(() -> new LabelledImageReader(2000, 2000).read(all, TRAIN))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith(all.resolve("train/red/3.png") + ": fit: 60000 x 1 to 120000000 x 2000");
    }

    @Test
    void sourcesThatAreNone() throws IOException {
        Path absent = folder.resolve("absent");
        assertThatThrownBy(() -> reader.read(absent, TRAIN)).hasMessage(absent + ": no such folder");
        assertThatThrownBy(() -> reader.read(folder, Split.ALL))
                .hasMessageStartingWith(folder + ": has no folder of images");
        Path text = Files.writeString(folder.resolve("text"), "hello".repeat(1000));
        assertThatThrownBy(() -> reader.read(text, TRAIN))
                .hasMessageStartingWith(text + ": is not a tar file, or corrupt");
        assertThatThrownBy(() -> new LabelledImageReader(0, 4)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void setsThatDoNotFitTheHeapAreRefusedAtOnce() throws IOException {
        Path tar = tarOf(files());
        assertThatThrownBy(() -> new LabelledImageReader(65_535, 65_535).read(tar, TRAIN))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith(tar + ": has 3 images, which take 49150 MB at 65535 x 65535; Java's heap is ");
    }

    @Test
    void stopsWhenInterrupted() throws IOException {
        Path tar = tarOf(files());
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> reader.read(tar, TRAIN)).isInstanceOf(InterruptedException.class);
        assertThat(Thread.interrupted()).isFalse();
    }

    @Test
    void theSetChecksItself() {
        assertThatThrownBy(() -> new LabelledImages(1, 1, List.of(new int[1]), new int[2], List.of("a", "b")))
                .hasMessage("1 images with 2 labels");
        assertThatThrownBy(() -> new LabelledImages(1, 1, List.of(new int[1]), new int[1], List.of("a")))
                .hasMessage("classes: [a]; there must be two at least");
        assertThatThrownBy(() -> new LabelledImages(1, 1, List.of(new int[1]), new int[] {2}, List.of("a", "b")))
                .hasMessage("label 2 of 2 classes");
        assertThatThrownBy(() -> new LabelledImages(1, 2, List.of(new int[1]), new int[1], List.of("a", "b")))
                .hasMessage("1 pixels in an image of 1 x 2");
    }

    @Test
    void cifar10() throws Exception {
        Optional<Path> tar = SharedData.find().cifar10();
        assumeTrue(
                tar.isPresent(),
                "CIFAR-10 is not here: put cifar10.tar into the folder that -D" + SharedData.PROPERTY + " names");
        long start = System.nanoTime();
        LabelledImages images = new LabelledImageReader(32, 32).read(tar.get(), Split.of("test"));
        LOG.info("CIFAR-10, {} images: {} ms", images.size(), (System.nanoTime() - start) / 1_000_000);
        assertThat(images.size()).isEqualTo(5000);
        assertThat(images.classes())
                .containsExactly(
                        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");
        int[] counts = new int[10];
        for (int label : images.labels()) {
            counts[label]++;
        }
        assertThat(counts).containsOnly(500);
        // Pillow 11.1: zlib.crc32 over Image.open(...).convert("RGB").tobytes() of all files, sorted by path.
        var sum = new CRC32();
        images.pixels().forEach(pixels -> sum.update(bytes(pixels)));
        assertThat(sum.getValue()).isEqualTo(0xE0E27129L);
    }

    private static byte[] bytes(int[] pixels) {
        ByteBuffer bytes = ByteBuffer.allocate(3 * pixels.length);
        for (int pixel : pixels) {
            bytes.put((byte) (pixel >> 16)).putShort((short) pixel);
        }
        return bytes.array();
    }

    private static void assertSame(LabelledImages actual, LabelledImages expected) {
        assertThat(actual.classes()).isEqualTo(expected.classes());
        assertThat(actual.labels()).isEqualTo(expected.labels());
        for (int i = 0; i < expected.size(); i++) {
            assertThat(actual.image(i)).isEqualTo(expected.image(i));
        }
    }
}
