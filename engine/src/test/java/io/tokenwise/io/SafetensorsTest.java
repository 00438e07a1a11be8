package io.tokenwise.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.tokenwise.api.BadFileException;
import io.tokenwise.model.open.ModelFilesTest;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {
    @TempDir
    Path temp;

    static byte[] file(String header, int dataBytes) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + json.length + dataBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json)
                .array();
    }

    private static byte[] header(long length, int fileBytes) {
        return ByteBuffer.allocate(fileBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .array();
    }

    static String tensor(String name, String dtype, String shape, String offsets) {
        return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets
                + "}";
    }

    private Safetensors open(byte[] bytes) throws IOException {
        return Safetensors.open(Files.write(temp.resolve("m.safetensors"), bytes));
    }

    static Stream<Arguments> badFiles() {
        return Stream.of(
                arguments("empty", new byte[0], "has 0 bytes"),
                arguments("seven bytes", new byte[7], "has 7 bytes"),
                arguments("no header", header(0, 8), "does not begin with {"),
                arguments(
                        "header as long as a long can be",
                        header(Long.MAX_VALUE, 64),
                        "header length 9223372036854775807"),
                arguments("negative header length", header(-1, 64), "header length 18446744073709551615"),
                arguments("header longer than the file", header(57, 64), "exceeds the file's 64 bytes"),
                arguments("header longer than is read", header((16 << 20) + 1, (16 << 20) + 64), "exceeds the limit"),
                arguments("no JSON", file("{\"a\"", 0), "is not valid JSON"),
                arguments("an array", file("[]", 0), "does not begin with {"),
                arguments("two values", file("{} {}", 0), "is not valid JSON"),
                arguments("deep JSON", file("{\"a\":" + "[".repeat(100_000), 0), "is not valid JSON"),
                arguments(
                        "a name twice",
                        file(
                                "{" + tensor("a", "F32", "[0]", "[0,0]") + "," + tensor("a", "F32", "[0]", "[0,0]")
                                        + "}",
                                0),
                        "Duplicate"),
                arguments("a field twice", file("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", 0), "Duplicate"),
                arguments("not UTF-8", notUtf8(), "is not UTF-8"),
                arguments(
                        "unknown dtype",
                        file("{" + tensor("a", "F31", "[1]", "[0,4]") + "}", 4),
                        "tensor a: unknown dtype F31"),
                arguments(
                        "no dtype",
                        file("{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4),
                        "tensor a: unknown dtype missing"),
                arguments("a number as tensor", file("{\"a\":5}", 0), "tensor a: unknown dtype missing"),
                arguments(
                        "negative dimension",
                        file("{" + tensor("a", "F32", "[-1,-1]", "[0,4]") + "}", 4),
                        "tensor a: shape must be"),
                arguments(
                        "fractional dimension",
                        file("{" + tensor("a", "F32", "[1.0]", "[0,4]") + "}", 4),
                        "tensor a: shape must be"),
                arguments(
                        "dimension beyond a long",
                        file("{" + tensor("a", "F32", "[18446744073709551617]", "[0,4]") + "}", 4),
                        "tensor a: shape must be"),
                arguments(
                        "shape that overflows to 4 bytes",
                        file("{" + tensor("a", "F32", "[4611686018427387905,1]", "[0,4]") + "}", 4),
                        "tensor a: its shape overflows"),
                arguments(
                        "shape as text",
                        file("{" + tensor("a", "F32", "\"1\"", "[0,4]") + "}", 4),
                        "tensor a: shape must be"),
                arguments(
                        "shape and bytes disagree",
                        file("{" + tensor("a", "F32", "[2]", "[0,4]") + "}", 4),
                        "takes 8 bytes, its data_offsets span 4"),
                arguments(
                        "dtype and bytes disagree",
                        file("{" + tensor("a", "F16", "[2]", "[0,8]") + "}", 8),
                        "takes 4 bytes, its data_offsets span 8"),
                arguments(
                        "three offsets",
                        file("{" + tensor("a", "F32", "[1]", "[0,4,8]") + "}", 4),
                        "data_offsets must be [begin, end]"),
                arguments(
                        "offsets reversed",
                        file("{" + tensor("a", "F32", "[1]", "[4,0]") + "}", 4),
                        "data_offsets must be [begin, end]"),
                arguments(
                        "negative offset",
                        file("{" + tensor("a", "F32", "[1]", "[-4,0]") + "}", 4),
                        "data_offsets must be an array"),
                arguments(
                        "offsets beyond the file",
                        file("{" + tensor("a", "F32", "[2]", "[0,8]") + "}", 4),
                        "which has only 4: the file is cut short"),
                arguments(
                        "offsets far beyond the file",
                        file("{" + tensor("a", "U8", "[1]", "[9223372036854775806,9223372036854775807]") + "}", 4),
                        "after a hole"),
                arguments(
                        "overlap",
                        file(
                                "{" + tensor("a", "F32", "[2]", "[0,8]") + "," + tensor("b", "F32", "[1]", "[4,8]")
                                        + "}",
                                8),
                        "tensor b begins at byte 4 of the data, inside"),
                arguments(
                        "the same bytes twice",
                        file(
                                "{" + tensor("a", "F32", "[1]", "[0,4]") + "," + tensor("b", "F32", "[1]", "[0,4]")
                                        + "}",
                                4),
                        "inside the tensor before it"),
                arguments(
                        "hole",
                        file(
                                "{" + tensor("a", "F32", "[1]", "[0,4]") + "," + tensor("b", "F32", "[1]", "[8,12]")
                                        + "}",
                                12),
                        "tensor b begins at byte 8 of the data, after a hole from 4"),
                arguments(
                        "bytes at the end",
                        file("{" + tensor("a", "F32", "[1]", "[0,4]") + "}", 5),
                        "has 1 bytes after its last tensor"),
                arguments(
                        "a name of control characters",
                        file("{" + tensor("\\n\\u001b[2J\\u2028", "F0", "[0]", "[0,0]") + "}", 0),
                        "tensor ??[2J?: unknown dtype F0"),
                arguments("an endless name", file("{\"" + "n".repeat(10_000) + "\":{}}", 0), "nnn..."),
                arguments(
                        "metadata of numbers",
                        file("{\"__metadata__\":{\"a\":1}}", 0),
                        "__metadata__ must be an object of strings"));
    }

    private static byte[] notUtf8() {
        byte[] bytes = file("{\"a\":{}}", 0);
        bytes[10] = (byte) 0xC0;
        return bytes;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badFiles")
    void badFileIsRefusedInOneLineThatNamesIt(String name, byte[] bytes, String fact) {
        assertThatThrownBy(() -> open(bytes))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("m.safetensors: ")
                .hasMessageContaining(fact)
                .message()
                .hasLineCount(1);
    }

    @Test
    void absentFileAndDirectoryAreRefused() {
        assertThatThrownBy(() -> Safetensors.open(temp.resolve("none")))
                .isInstanceOf(BadFileException.class)
                .hasMessageEndingWith("none: no such file");
        assertThatThrownBy(() -> Safetensors.open(temp))
                .isInstanceOf(BadFileException.class)
                .hasMessageEndingWith("is not a file");
    }

    @Test
    void everyFloatFormatIsReadAsFloat32() throws IOException {
        String header = "{" + tensor("d", "F64", "[2]", "[0,16]") + "," + tensor("f", "F32", "[2]", "[16,24]") + ","
                + tensor("h", "F16", "[2]", "[24,28]") + "," + tensor("b", "BF16", "[2]", "[28,32]") + ","
                + tensor("i", "I64", "[1]", "[32,40]") + "," + tensor("none", "F32", "[3,0]", "[40,40]") + ","
                + tensor("scalar", "F32", "[]", "[40,44]") + "}";
        byte[] bytes = file(header, 44);
        ByteBuffer.wrap(bytes, bytes.length - 44, 44)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putDouble(0.1)
                .putDouble(-3)
                .putFloat(0.25f)
                .putFloat(-3)
                .putShort((short) 0x3555)
                .putShort((short) 0xC200)
                .putShort((short) 0x3EAB)
                .putShort((short) 0xC040)
                .putLong(7)
                .putFloat(42);
        try (Safetensors file = open(bytes)) {
            assertThat(read(file, "d", 2)).containsExactly(0.1f, -3);
            assertThat(read(file, "f", 2)).containsExactly(0.25f, -3);
            assertThat(read(file, "h", 2)).containsExactly(0.33325195f, -3);
            assertThat(read(file, "b", 2)).containsExactly(0.33398438f, -3);
            assertThat(read(file, "none", 0)).isEmpty();
            assertThat(read(file, "scalar", 1)).containsExactly(42);
            assertThat(file.shape("none")).containsExactly(3, 0);
            assertThat(file.shape("scalar")).isEmpty();
            assertThatThrownBy(() -> read(file, "i", 1))
                    .hasMessageEndingWith("tensor i has dtype I64; weights are F32, F16, BF16, F64 or scaled I8");
            assertThatThrownBy(() -> read(file, "f", 3))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("tensor f: destination has 12 bytes, its 2 float32 elements take 8");
            assertThatThrownBy(() -> read(file, "x", 1)).hasMessageEndingWith("has no tensor x");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"NaN", "Infinity", "-Infinity", "1e300"})
    void valuesThatAreNotFiniteAsFloat32AreRefused(String value) throws IOException {
        byte[] bytes = file("{" + tensor("w", "F64", "[3]", "[0,24]") + "}", 24);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putDouble(bytes.length - 16, Double.parseDouble(value));
        try (Safetensors file = open(bytes)) {
            assertThatThrownBy(() -> read(file, "w", 3))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageContaining("m.safetensors: tensor w: element 1 is " + (float) Double.parseDouble(value));
        }
    }

    /** {@code w [2, 2]} of bytes, and scales as given. */
    private static byte[] scaled(String scaleTensor, byte[] matrix, float... scales) {
        String header = "{" + tensor("w", "I8", "[2,2]", "[" + 4 * scales.length + "," + (4 * scales.length + 4) + "]")
                + scaleTensor + "}";
        byte[] bytes = file(header, 4 * scales.length + 4);
        ByteBuffer data = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        data.position(bytes.length - 4 * scales.length - 4);
        for (float scale : scales) {
            data.putFloat(scale);
        }
        data.put(matrix);
        return bytes;
    }

    @Test
    void bytesAreScaledRowByRow() throws IOException {
        String scale = "," + tensor("w.scale", "F32", "[2]", "[0,8]");
        try (Safetensors file = open(scaled(scale, new byte[] {-128, 127, 3, -1}, 0.5f, 2))) {
            assertThat(file.names()).containsExactly("w");
            assertThat(file.shape("w")).containsExactly(2, 2);
            assertThat(read(file, "w", 4)).containsExactly(-64, 63.5f, 6, -2);
        }
    }

    static Stream<Arguments> badScales() {
        String good = "," + tensor("w.scale", "F32", "[2]", "[0,8]");
        return Stream.of(
                arguments("", new float[0], "tensor w has dtype I8, but there is no tensor w.scale"),
                arguments("," + tensor("w.scale", "F32", "[1]", "[0,4]"), new float[1], "w.scale is F32 [1]; must be"),
                arguments(
                        "," + tensor("w.scale", "F32", "[2,1]", "[0,8]"),
                        new float[2],
                        "w.scale is F32 [2, 1]; must be"),
                arguments("," + tensor("w.scale", "F64", "[1]", "[0,8]"), new float[2], "w.scale is F64 [1]; must be"),
                arguments("," + tensor("w.scale", "I8", "[8]", "[0,8]"), new float[2], "w.scale is I8 [8]; must be"),
                arguments(good, new float[] {1, Float.NaN}, "tensor w.scale: element 1 is NaN"),
                arguments(good, new float[] {Float.POSITIVE_INFINITY, 1}, "tensor w.scale: element 0 is Infinity"),
                arguments(good, new float[] {1, -1}, "tensor w.scale: element 1 is -1.0; scales are not negative"),
                arguments(good, new float[] {1, Float.MAX_VALUE}, "tensor w: element 2 is Infinity as float32"));
    }

    @ParameterizedTest
    @MethodSource("badScales")
    void badScalesAreRefused(String scaleTensor, float[] scales, String reason) throws IOException {
        try (Safetensors file = open(scaled(scaleTensor, new byte[] {0, 0, 2, 0}, scales))) {
            assertThatThrownBy(() -> read(file, "w", 4))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageStartingWith(temp.resolve("m.safetensors").toString())
                    .hasMessageContaining(reason)
                    .message()
                    .hasLineCount(1);
        }
    }

    @Test
    void fileCutShortWhileOpenIsReported() throws IOException {
        try (Safetensors file = open(file("{" + tensor("w", "F32", "[4]", "[0,16]") + "}", 16));
                RandomAccessFile other =
                        new RandomAccessFile(temp.resolve("m.safetensors").toFile(), "rw")) {
            other.setLength(other.length() - 1);
            assertThatThrownBy(() -> read(file, "w", 4))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageContaining("tensor w: the file was cut short while it was open");
        }
    }

    @Test
    void damagedFileIsReadOrRefusedAndNothingElse() throws IOException {
        Path path = temp.resolve("w.safetensors");
        SafetensorsWriter.write(
                path,
                Map.of("a", data(new long[] {2, 3}, 1, 2, 3, 4, 5, 6), "b.c", data(new long[] {1}, 7)),
                Map.of("format", "pt"));
        byte[] whole = Files.readAllBytes(path);
        for (int length = 0; length < whole.length; length++) {
            assertThat(isReadable(Arrays.copyOf(whole, length)))
                    .as("cut to %d", length)
                    .isFalse();
        }
        Random random = new Random(2);
        int refused = 0;
        for (int i = 0; i < 5_000; i++) {
            byte[] damaged = whole.clone();
            for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            refused += isReadable(damaged) ? 0 : 1;
        }
        assertThat(refused).isGreaterThan(2_500);
    }

    /** False if the file is refused as it should be; any other exception fails the test. */
    private boolean isReadable(byte[] bytes) throws IOException {
        try (Safetensors file = open(bytes);
                Arena arena = Arena.ofConfined()) {
            ModelFilesTest.readAll(file, arena);
            return true;
        } catch (BadFileException e) {
            assertThat(e.getMessage()).hasLineCount(1);
            return false;
        }
    }

    static TensorData data(long[] shape, float... values) {
        return new TensorData(shape, MemorySegment.ofArray(values));
    }

    static float[] read(WeightSource source, String name, int elements) {
        float[] values = new float[elements];
        source.read(name, MemorySegment.ofArray(values));
        return values;
    }
}
