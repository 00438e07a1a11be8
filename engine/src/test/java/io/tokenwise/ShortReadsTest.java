package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.audio.WavReader;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.image.LabelledImageReader;
import io.tokenwise.image.LabelledImages;
import io.tokenwise.image.Split;
import io.tokenwise.io.LineFile;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of which a read gives a single byte, as a network may: what is read is the same. */
class ShortReadsTest {
    @TempDir
    private Path folder;

    private final FaultyFileSystem slow = new FaultyFileSystem();

    @BeforeEach
    void giveOneByte() {
        slow.giveOneByte();
    }

    private static long checksum(Path model) throws IOException {
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open(model);
                Encoder encoder = Encoder.load(files, backend)) {
            return encoder.parameters().checksum()
                    + files.description().architecture().hashCode();
        }
    }

    @Test
    void models() throws IOException {
        TestVits.writeSmall(folder.resolve("image"));
        TestMoonshines.writeSmall(folder.resolve("speech"));
        for (String model : List.of("image", "speech")) {
            assertThat(checksum(slow.in(folder.resolve(model)))).isEqualTo(checksum(folder.resolve(model)));
        }
    }

    @Test
    void lines() throws IOException {
        Path file = folder.resolve("texts.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write("one\nzwölf\r\nlast".getBytes(StandardCharsets.UTF_8));
        }
        try (var lines = new LineFile(slow.in(file))) {
            var all = new ArrayList<String>();
            for (String line = lines.next(); line != null; line = lines.next()) {
                all.add(line);
            }
            assertThat(all).containsExactly("one", "zwölf", "last");
        }
    }

    @Test
    void images() throws Exception {
        var random = new Random(1);
        for (String kind : List.of("png", "jpg")) {
            for (String label : List.of("a", "b")) {
                Path file = folder.resolve("set").resolve(label).resolve(kind + "." + kind);
                Files.createDirectories(file.getParent());
                var image = new BufferedImage(9, 7, BufferedImage.TYPE_INT_RGB);
                image.setRGB(0, 0, 9, 7, random.ints(63, 0, 1 << 24).toArray(), 0, 9);
                ImageIO.write(image, kind, file.toFile());
            }
        }
        assertSameImages(folder.resolve("set"), new Split("train", false));
    }

    @Test
    void imagesOfMnistsForm() throws Exception {
        byte[] images = new byte[16 + 3 * 4];
        ByteBuffer.wrap(images).putInt(0x803).putInt(3).putInt(2).putInt(2).put(new byte[] {1, 2, 3, 4, 5, 6, 7});
        byte[] labels = new byte[8 + 3];
        ByteBuffer.wrap(labels).putInt(0x801).putInt(3).put(new byte[] {7, 8, 9});
        Files.write(folder.resolve("train-images-idx3-ubyte"), images);
        Files.write(folder.resolve("train-labels-idx1-ubyte"), labels);
        assertSameImages(folder, new Split("train", true));
    }

    private void assertSameImages(Path source, Split split) throws IOException, InterruptedException {
        var reader = new LabelledImageReader(8, 8);
        LabelledImages expected = reader.read(source, split);
        LabelledImages found = reader.read(slow.in(source), split);
        assertThat(found.pixels().toArray(int[][]::new))
                .isDeepEqualTo(expected.pixels().toArray(int[][]::new));
        assertThat(found.labels()).isEqualTo(expected.labels());
    }

    @Test
    void sound() throws IOException {
        var wav = ByteBuffer.allocate(44 + 2_000).order(ByteOrder.LITTLE_ENDIAN);
        wav.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(36 + 2_000);
        wav.put("WAVEfmt ".getBytes(StandardCharsets.US_ASCII)).putInt(16);
        wav.putShort((short) 1).putShort((short) 1).putInt(16_000).putInt(32_000);
        wav.putShort((short) 2).putShort((short) 16);
        wav.put("data".getBytes(StandardCharsets.US_ASCII)).putInt(2_000);
        for (int i = 0; i < 1_000; i++) {
            wav.putShort((short) (i * 31));
        }
        Path file = folder.resolve("sound.wav");
        Files.write(file, wav.array());
        assertThat(samples(slow.in(file))).isEqualTo(samples(file)).hasSize(1_000);
    }

    private static float[] samples(Path file) throws IOException {
        try (WavReader wav = WavReader.open(file)) {
            var samples = new float[2_000];
            int count = 0;
            for (int read = 0; read >= 0; read = wav.read(samples, count, samples.length - count)) {
                count += read;
            }
            return Arrays.copyOf(samples, count);
        }
    }
}
