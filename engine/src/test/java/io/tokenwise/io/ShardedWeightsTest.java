package io.tokenwise.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BadFileException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShardedWeightsTest {
    private static final String FIRST = "model-00001-of-00002.safetensors";
    private static final String SECOND = "model-00002-of-00002.safetensors";

    /** All damaged files with {@code -Dtokenwise.long=true}. */
    private static final int DAMAGED = Boolean.getBoolean("tokenwise.long") ? 10_000 : 200;

    @TempDir
    Path temp;

    private void shard(String name, String header, byte... data) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        Files.write(
                temp.resolve(name),
                ByteBuffer.allocate(8 + json.length + data.length)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(json.length)
                        .put(json)
                        .put(data)
                        .array());
    }

    private static byte[] floats(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            bytes.putFloat(value);
        }
        return bytes.array();
    }

    private void index(String map) throws IOException {
        Files.writeString(
                temp.resolve(ShardedWeights.SAFETENSORS),
                "{\"metadata\":{\"total_size\":24},\"weight_map\":" + map + "}");
    }

    private void good() throws IOException {
        byte[] first = Arrays.copyOf(floats(1, 2), 12);
        System.arraycopy(new byte[] {0, 0x3C, (byte) 0x80, 0x40}, 0, first, 8, 4);
        shard(
                FIRST,
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"h\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[8,10]},"
                        + "\"b\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[10,12]}}",
                first);
        shard(
                SECOND,
                "{\"d\":{\"dtype\":\"F64\",\"shape\":[1,1],\"data_offsets\":[0,8]}}",
                ByteBuffer.allocate(8)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putDouble(-0.5)
                        .array());
        index("{\"d\":\"" + SECOND + "\",\"a\":\"" + FIRST + "\",\"h\":\"" + FIRST + "\",\"b\":\"" + FIRST + "\"}");
    }

    private static float[] read(WeightSource source, String name) {
        float[] values = new float[(int) Arrays.stream(source.shape(name)).reduce(1, (a, b) -> a * b)];
        source.read(name, MemorySegment.ofArray(values));
        return values;
    }

    @Test
    void tensorsAreReadFromTheFilesThatTheIndexSays() throws IOException {
        good();
        try (ShardedWeights source = ShardedWeights.open(temp, ShardedWeights.SAFETENSORS)) {
            assertThat(source.names()).containsExactly("d", "a", "h", "b");
            assertThat(source.shape("d")).containsExactly(1, 1);
            assertThat(source.type("b")).isEqualTo("BF16");
            assertThat(read(source, "a")).containsExactly(1, 2);
            assertThat(read(source, "h")).containsExactly(1);
            assertThat(read(source, "b")).containsExactly(4);
            assertThat(read(source, "d")).containsExactly(-0.5f);
            assertThatThrownBy(() -> source.shape("e"))
                    .isInstanceOf(BadFileException.class)
                    .hasMessage(temp.resolve(ShardedWeights.SAFETENSORS) + ": has no tensor e");
        }
    }

    @Test
    void scalesOfAMatrixOfBytesAreNoTensor() throws IOException {
        byte[] data = Arrays.copyOf(floats(2), 6);
        data[4] = 3;
        data[5] = -1;
        shard(
                FIRST,
                "{\"m.scale\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"m\":{\"dtype\":\"I8\",\"shape\":[1,2],\"data_offsets\":[4,6]}}",
                data);
        index("{\"m\":\"" + FIRST + "\",\"m.scale\":\"" + FIRST + "\"}");
        try (ShardedWeights source = ShardedWeights.open(temp, ShardedWeights.SAFETENSORS)) {
            assertThat(source.names()).containsExactly("m");
            assertThat(read(source, "m")).containsExactly(6, -2);
        }
    }

    @Test
    void aFileIsOpenedWhenItIsNeeded() throws IOException {
        good();
        Files.write(temp.resolve(SECOND), new byte[3]);
        try (ShardedWeights source = ShardedWeights.open(temp, ShardedWeights.SAFETENSORS)) {
            assertThat(read(source, "a")).containsExactly(1, 2);
            assertThatThrownBy(() -> source.shape("d"))
                    .isInstanceOf(BadFileException.class)
                    .hasMessage(temp.resolve(SECOND) + ": has 3 bytes, a safetensors file has at least 8");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[]|weight_map must be an object that names the file of each tensor",
                "{}|weight_map must be an object that names the file of each tensor",
                "{\"a\":\"../m.safetensors\"}|weight_map has tensor a in \"../m.safetensors\"; must be a .safetensors file beside it",
                "{\"a\":\"c:\\\\m.safetensors\"}|weight_map has tensor a in \"c:\\\\m.safetensors\"; must be a .safetensors file beside it",
                "{\"a\":\"..\"}|weight_map has tensor a in \"..\"; must be a .safetensors file beside it",
                "{\"a\":7}|weight_map has tensor a in 7; must be a .safetensors file beside it",
                "{\"a\":\"\\u0000.safetensors\"}|weight_map names ?.safetensors, which is not there",
                "{\"a\":\"x.safetensors\"}|weight_map names x.safetensors, which is not there"
            })
    void aBadIndexIsRefused(String map, String fact) throws IOException {
        good();
        index(map);
        assertThatThrownBy(() -> ShardedWeights.open(temp, ShardedWeights.SAFETENSORS))
                .isInstanceOf(BadFileException.class)
                .hasMessage(temp.resolve(ShardedWeights.SAFETENSORS) + ": " + fact);
    }

    @Test
    void aTensorThatItsFileHasNotIsRefused() throws IOException {
        good();
        index("{\"a\":\"" + SECOND + "\"}");
        try (ShardedWeights source = ShardedWeights.open(temp, ShardedWeights.SAFETENSORS)) {
            assertThatThrownBy(() -> source.shape("a"))
                    .isInstanceOf(BadFileException.class)
                    .hasMessage(temp.resolve(ShardedWeights.SAFETENSORS) + ": weight_map has tensor a in " + SECOND
                            + ", which has it not");
        }
    }

    @Test
    void damagedFilesWorkOrAreRefused() throws IOException {
        good();
        Random random = new Random(6);
        int refused = 0;
        for (int i = 0; i < DAMAGED; i++) {
            Path file = temp.resolve(new String[] {ShardedWeights.SAFETENSORS, FIRST, SECOND}[i % 3]);
            byte[] whole = Files.readAllBytes(file);
            byte[] damaged =
                    random.nextInt(4) == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
            for (int flips = random.nextInt(3); flips > 0 && damaged.length > 0; flips--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            Files.write(file, damaged);
            try (ShardedWeights source = ShardedWeights.open(temp, ShardedWeights.SAFETENSORS)) {
                for (String name : source.names()) {
                    read(source, name);
                }
            } catch (BadFileException | UncheckedIOException e) {
                refused++;
            }
            Files.write(file, whole);
        }
        assertThat(refused).isGreaterThan(DAMAGED / 2).isLessThan(DAMAGED);
    }
}
