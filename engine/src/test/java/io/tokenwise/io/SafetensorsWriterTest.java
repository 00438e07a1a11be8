package io.tokenwise.io;

import static io.tokenwise.io.SafetensorsTest.data;
import static io.tokenwise.io.SafetensorsTest.file;
import static io.tokenwise.io.SafetensorsTest.read;
import static io.tokenwise.io.SafetensorsTest.tensor;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@link SafetensorsWriter} writes. */
class SafetensorsWriterTest {
    @TempDir
    Path temp;

    @Test
    void rowsOfAnySizeAreWrittenAsBytes() throws IOException {
        float[][] rows = {
            {0, 0},
            {Float.MAX_VALUE, -Float.MAX_VALUE},
            {Float.MIN_VALUE, 0},
            {3 * Float.MIN_NORMAL, 0},
            {-1, 0.49f / 127}
        };
        var values = new float[2 * 70];
        for (int row = 0; row < rows.length; row++) {
            System.arraycopy(rows[row], 0, values, 2 * row, 2);
        }
        Path path = temp.resolve("w.safetensors");
        SafetensorsWriter.write(path, Map.of("w", data(new long[] {70, 2}, values)), Map.of(), StoredType.S8);
        try (Safetensors file = Safetensors.open(path)) {
            float[] read = read(file, "w", values.length);
            assertThat(read[2]).isBetween(0.999f * Float.MAX_VALUE, Float.MAX_VALUE);
            assertThat(read[3]).isEqualTo(-read[2]);
            assertThat(read[8]).isBetween(-1f, -0.999f);
            assertThat(read[9]).isZero();
            assertThat(Arrays.copyOfRange(read, 4, 8)).containsOnly(0);
        }
    }

    @Test
    void writerPutsTheSameBytesAsPython() throws IOException {
        // safetensors.serialize of Python's package 0.5.2 gave these very bytes for the same tensors.
        String header = "{\"__metadata__\":{\"format\":\"pt\"}," + tensor("a", "F32", "[1]", "[0,4]") + ","
                + tensor("b", "F32", "[1,2]", "[4,12]") + "}";
        byte[] expected = file(header + " ".repeat((8 - header.length() % 8) % 8), 12);
        ByteBuffer.wrap(expected).order(ByteOrder.LITTLE_ENDIAN).putFloat(expected.length - 12, 1);
        Path path = temp.resolve("w.safetensors");
        SafetensorsWriter.write(
                path, Map.of("b", data(new long[] {1, 2}, 0, 0), "a", data(new long[] {1}, 1)), Map.of("format", "pt"));
        assertThat(path).hasBinaryContent(expected);
        try (Stream<Path> files = Files.list(temp)) {
            assertThat(files).containsExactly(path);
        }
    }

    @Test
    void whatIsWrittenIsReadAgain() throws IOException {
        Random random = new Random(1);
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        for (int size : new int[] {0, 1, 7, 65_535, 65_536, 65_537, 200_003}) {
            float[] values = new float[size];
            for (int i = 0; i < size; i++) {
                values[i] = random.nextFloat() - 0.5f;
            }
            tensors.put("tensor \u00e9\"" + size, data(new long[] {size, 1}, values));
        }
        Path path = temp.resolve("w.safetensors");
        Map<String, String> metadata = Map.of("a", "b", "\u4e2d", "\n");
        SafetensorsWriter.write(path, tensors, metadata);
        try (Safetensors file = Safetensors.open(path)) {
            assertThat(file.metadata()).isEqualTo(metadata);
            assertThat(file.names()).hasSameElementsAs(tensors.keySet());
            tensors.forEach((name, tensor) -> {
                assertThat(file.shape(name)).isEqualTo(tensor.shape());
                assertThat(read(file, name, (int) tensor.shape()[0]))
                        .isEqualTo(tensor.floats().toArray(ValueLayout.JAVA_FLOAT));
            });
        }
    }
}
