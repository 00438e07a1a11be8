package io.tokenwise.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BadFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdxFilesTest {
    private static final List<String> THREE = List.of("shirt", "shoe", "bag");

    private final LabelledImageReader reader = new LabelledImageReader(3, 2);

    @TempDir
    Path folder;

    /** Two images of 2 rows and 3 columns, with the labels 2 and 0. */
    private void writeSound(String prefix) throws IOException {
        images(prefix, 0x803, 2, 2, 3, 12);
        labels(prefix, 0x801, 2, 2, 0);
    }

    private void images(String prefix, int magic, int count, int rows, int columns, int bytes) throws IOException {
        ByteBuffer file = ByteBuffer.allocate(16 + bytes);
        file.putInt(magic).putInt(count).putInt(rows).putInt(columns);
        for (int i = 0; i < bytes; i++) {
            file.put((byte) (i + 250));
        }
        Files.write(folder.resolve(prefix + "-images-idx3-ubyte"), file.array());
    }

    private void labels(String prefix, int magic, int count, int... labels) throws IOException {
        ByteBuffer file = ByteBuffer.allocate(8 + labels.length).putInt(magic).putInt(count);
        for (int label : labels) {
            file.put((byte) label);
        }
        Files.write(folder.resolve(prefix + "-labels-idx1-ubyte"), file.array());
    }

    @Test
    void greyBecomesColour() throws Exception {
        writeSound("train");
        LabelledImages images = reader.readIdx(folder, "train", THREE);
        assertThat(images.classes()).isEqualTo(THREE);
        assertThat(images.labels()).containsExactly(2, 0);
        assertThat(images.pixels().getFirst())
                .containsExactly(0xFAFAFA, 0xFBFBFB, 0xFCFCFC, 0xFDFDFD, 0xFEFEFE, 0xFFFFFF);
        assertThat(images.image(1))
                .isEqualTo(new Image(3, 2, new int[] {0, 0x010101, 0x020202, 0x030303, 0x040404, 0x050505}));
    }

    @Test
    void isFoundByItsFiles() throws Exception {
        writeSound("t10k");
        for (String name : List.of("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")) {
            Path plain = folder.resolve(name);
            Files.write(folder.resolve(name + ".gz"), TarFiles.gzipped(Files.readAllBytes(plain)));
            Files.delete(plain);
        }
        LabelledImages images = new LabelledImageReader(8, 8).read(folder, Split.of("test"));
        assertThat(images.classes()).isEqualTo(LabelledImageReader.DIGITS);
        assertThat(images.image(0)).hasToString("8 x 8");
        assertThat(LabelledImageReader.has(folder, "test")).isTrue();
        assertThat(LabelledImageReader.has(folder, "train")).isFalse();
        assertThat(LabelledImageReader.has(folder, "validation")).isFalse();
        assertThatThrownBy(() -> reader.read(folder, Split.of("train")))
                .hasMessage(folder + ": has neither train-labels-idx1-ubyte nor train-labels-idx1-ubyte.gz");
        assertThatThrownBy(() -> reader.read(folder, Split.ALL))
                .hasMessage(folder + ": has no split \"\"; MNIST's files have train and test");
    }

    @Test
    void countsThatLie() throws IOException {
        writeSound("train");
        images("train", 0x803, 2, 2, 3, 11);
        refused("images").hasMessageEndingWith("claims 2 images; image 1 is cut short, but the file ends before");
        images("train", 0x803, 2, 2, 3, 13);
        refused("images").hasMessageEndingWith("goes on after what its header claims");
        images("train", 0x803, 3, 2, 3, 18);
        refused("images").hasMessageContaining("claims 3 images, but ").hasMessageEndingWith("has 2 labels");
        images("train", 0x803, -2, 2, 3, 12);
        refused("images").hasMessageEndingWith("claims a size of 4294967294 in its header");
        images("train", 0x803, 2, 0, 3, 12);
        refused("images").hasMessageEndingWith("claims a size of 0 in its header");
        images("train", 0x803, 2, 65_535, 65_535, 12);
        refused("images").hasMessageEndingWith("claims images of 65535 x 65535 pixels");
        images("train", 0x803, 2, Integer.MAX_VALUE, 1, 12);
        refused("images").hasMessageEndingWith("claims images of 1 x 2147483647 pixels");
        images("train", 0x803, 2, 50_000, 2_000, 12);
        refused("images").hasMessageEndingWith("claims 2 images; image 0 is cut short, but the file ends before");
        images("train", 0x801, 2, 2, 3, 12);
        refused("images")
                .hasMessageEndingWith("is no IDX file of the wanted kind: it begins with 00000801, not 00000803");
        labels("train", 0x801, Integer.MAX_VALUE, 1, 2);
        refused("labels").hasMessageEndingWith("claims 2147483647 labels; at most 10000000 are read");
        labels("train", 0x801, 3, 1, 2);
        refused("labels").hasMessageEndingWith("claims 3 labels, but the file ends before");
        labels("train", 0x801, 1, 1, 2);
        refused("labels").hasMessageEndingWith("goes on after what its header claims");
    }

    @Test
    void labelsOutsideTheClasses() throws IOException {
        writeSound("train");
        labels("train", 0x801, 2, 0, 3);
        refused("labels").hasMessageEndingWith("gives image 1 the label 3; there are 3 classes");
        labels("train", 0x801, 2, 255, 0);
        refused("labels").hasMessageEndingWith("gives image 0 the label 255; there are 3 classes");
    }

    @Test
    void truncatedHeadersAndArchives() throws IOException {
        writeSound("train");
        Path images = folder.resolve("train-images-idx3-ubyte");
        byte[] zipped = TarFiles.gzipped(Files.readAllBytes(images));
        Files.write(images, new byte[7]);
        refused("images").hasMessageContaining("is no IDX file: it is too short");
        Files.delete(images);
        Files.write(folder.resolve("train-images-idx3-ubyte.gz"), Arrays.copyOf(zipped, zipped.length - 9));
        refused("images").hasMessageContaining("is a truncated or corrupt gzip file");
        Files.write(folder.resolve("train-images-idx3-ubyte.gz"), new byte[100]);
        refused("images").hasMessageContaining("is a truncated or corrupt gzip file");
    }

    private AbstractThrowableAssert<?, ?> refused(String kind) {
        return assertThatThrownBy(() -> reader.readIdx(folder, "train", THREE))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith(folder.resolve("train-" + kind + "-idx").toString());
    }
}
