package io.tokenwise.io;

import static io.tokenwise.io.TorchFiles.files;
import static io.tokenwise.io.TorchFiles.floats;
import static io.tokenwise.io.TorchFiles.one;
import static io.tokenwise.io.TorchFiles.zip;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.TorchFiles.PickleBytes;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of PyTorch's: those that it has written (resources, by pytorch/write.py), and others that are made here, whole and damaged. */
class PyTorchFileTest {
    private static final String WAY_OUT = "; in Python model.safetensors, which is read, is written by"
            + " safetensors.torch.save_file({n: t.contiguous().clone() for n, t in torch.load(file).items()},"
            + " \"model.safetensors\")";

    private static final String STATE_DICT = "; must be tensors, as torch.save(model.state_dict(), file) writes them";

    private static final long[] TWO = {2};
    private static final long[] ONE = {1};

    /** All damaged files with {@code -Dtokenwise.long=true}. */
    private static final int DAMAGED = Boolean.getBoolean("tokenwise.long") ? 20_000 : 500;

    private static byte[] written(String file) throws IOException {
        try (InputStream in = PyTorchFileTest.class.getResourceAsStream("pytorch/" + file)) {
            return in.readAllBytes();
        }
    }

    private static PyTorchFile open(byte[] bytes) throws IOException {
        return PyTorchFile.of("m.bin", ByteSource.read("m.bin", new ByteArrayInputStream(bytes), bytes.length));
    }

    private static void assertRefused(byte[] bytes, String fact) {
        assertThatThrownBy(() -> open(bytes).close())
                .isInstanceOf(BadFileException.class)
                .hasMessage("m.bin: " + fact);
    }

    private static float[] read(WeightSource source, String name) {
        float[] values = new float[(int) Arrays.stream(source.shape(name)).reduce(1, (a, b) -> a * b)];
        source.read(name, MemorySegment.ofArray(values));
        return values;
    }

    private static PickleBytes pickle() {
        return new PickleBytes().op(0x80, 2);
    }

    /** A tensor of two floats in the memory of two. */
    private static PickleBytes two() {
        return new PickleBytes().tensor("Float", "0", 2, 0, TWO, ONE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain.bin", "protocol4.bin", "before-1.6.bin"})
    void whatPyTorchWritesIsRead(String file) throws IOException {
        try (PyTorchFile weights = open(written(file))) {
            assertThat(weights.description()).isEqualTo("m.bin");
            assertThat(weights.names())
                    .containsExactly(
                            "f16",
                            "bf16",
                            "f64",
                            "view",
                            "tied",
                            "transposed",
                            "row",
                            "column",
                            "scalar",
                            "empty",
                            "i64",
                            "bool",
                            "parameter");
            assertThat(read(weights, "f16")).containsExactly(1, -2, .5f);
            assertThat(read(weights, "bf16")).containsExactly(1, -2);
            assertThat(read(weights, "f64")).containsExactly(1.25f);
            assertThat(read(weights, "view")).containsExactly(4, 5, 6, 7);
            assertThat(read(weights, "tied")).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
            assertThat(read(weights, "transposed")).containsExactly(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11);
            assertThat(read(weights, "row")).containsExactly(4, 5, 6, 7);
            assertThat(read(weights, "scalar")).containsExactly(7);
            assertThat(read(weights, "empty")).isEmpty();
            assertThat(read(weights, "parameter")).containsExactly(9);
            assertThat(weights.shape("bf16")).containsExactly(1, 2);
            assertThat(weights.shape("transposed")).containsExactly(4, 3);
            assertThat(weights.shape("scalar")).isEmpty();
            assertThat(weights.shape("empty")).containsExactly(0, 3);
            assertThat(Stream.of("f16", "bf16", "f64", "view", "i64", "bool").map(weights::type))
                    .containsExactly("F16", "BF16", "F64", "F32", "I64", "BOOL");
            assertThatThrownBy(() -> read(weights, "i64"))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageEndingWith(": tensor i64 has dtype I64; weights are F32, F16, BF16 or F64");
            assertThatThrownBy(() -> read(weights, "column"))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageEndingWith(
                            ": tensor column: its values lie neither row by row nor column by column" + WAY_OUT);
            assertThatThrownBy(() -> weights.shape("rows"))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageEndingWith(": has no tensor rows");
            assertThatThrownBy(() -> weights.read("scalar", MemorySegment.ofArray(new float[2])))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    /** With an attribute beside the tensors, and a counter. */
    @Test
    void aStateDictIsRead() throws IOException {
        try (PyTorchFile weights = open(written("state_dict.bin"))) {
            assertThat(weights.names())
                    .containsExactly("weight", "bias", "running_mean", "running_var", "num_batches_tracked");
            assertThat(read(weights, "weight")).containsExactly(1, 1);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "module.bin | module/data.pkl: names torch.nn.modules.batchnorm.BatchNorm1d, which is neither a"
                        + " dictionary nor a tensor of values that are read: nothing of Python is run | out",
                "sparse.bin | sparse/data.pkl: names torch._utils._rebuild_sparse_tensor, which is neither a"
                        + " dictionary nor a tensor of values that are read: nothing of Python is run | out",
                "f8.bin | f8/data.pkl: names torch._utils._rebuild_tensor_v3, which is neither a"
                        + " dictionary nor a tensor of values that are read: nothing of Python is run | out",
                "q8.bin | q8/data.pkl: names torch._utils._rebuild_qtensor, which is neither a"
                        + " dictionary nor a tensor of values that are read: nothing of Python is run | out",
                "negated.bin | negated/data.pkl: calls torch._utils._rebuild_tensor_v2 with 7 arguments that torch.save"
                        + " does not give it for a tensor of plain values | out",
                "checkpoint.bin | holds a dictionary by the name of model | dict",
                "tensor.bin | holds a tensor | dict",
            })
    void whatElsePyTorchWritesIsRefusedWithTheWayOut(String file, String fact, String way) throws IOException {
        assertRefused(written(file), fact + (way.equals("out") ? WAY_OUT : STATE_DICT));
    }

    @Test
    void sizesMayHave64Bits() throws IOException {
        var pickle = pickle().op('}').text("a").raw(two()).op('s').op('.');
        try (PyTorchFile weights = open(zip(files(pickle, floats(3, 4)), true))) {
            assertThat(read(weights, "a")).containsExactly(3, 4);
        }
    }

    static Stream<Arguments> badTensors() {
        long[] large = {1L << 32, 1L << 32};
        return Stream.of(
                arguments("Float", 3, 0, TWO, ONE, "its memory has 8 bytes, not 3 F32"),
                arguments("Half", 2, 0, TWO, ONE, "its memory has 8 bytes, not 2 F16"),
                arguments("Double", 1L << 61, 0, TWO, ONE, "its memory has 8 bytes, not 2305843009213693952 F64"),
                arguments("Float", 2, 1, TWO, ONE, "has 2 elements from 1 on in a memory of 2"),
                arguments(
                        "Float",
                        2,
                        Long.MAX_VALUE,
                        TWO,
                        ONE,
                        "has 2 elements from 9223372036854775807 on in a memory" + " of 2"),
                arguments("Float", 2, 0, new long[] {3}, ONE, "has 3 elements from 0 on in a memory of 2"),
                arguments(
                        "Float",
                        2,
                        0,
                        new long[] {2, 3},
                        new long[] {1, 2},
                        "has 6 elements from 0 on in a memory of 2"),
                arguments("Float", 2, 0, large, new long[] {1L << 32, 1}, "its shape overflows"));
    }

    @ParameterizedTest(name = "{5}")
    @MethodSource("badTensors")
    void aTensorBeyondItsMemoryIsRefused(
            String type, long elements, long offset, long[] shape, long[] strides, String fact) {
        PickleBytes tensor = new PickleBytes().tensor(type, "0", elements, offset, shape, strides);
        assertRefused(one(tensor, new byte[8]), "tensor a: " + fact);
    }

    @Test
    void aShapeThatIsNoneIsRefused() {
        PickleBytes tensor = new PickleBytes().tensor("Float", "0", 2, 0, TWO, new long[] {1, 1});
        assertRefused(
                one(tensor, new byte[8]),
                "archive/data.pkl: calls torch._utils._rebuild_tensor_v2 with 6 arguments that torch.save does not give"
                        + " it for a tensor of plain values" + WAY_OUT);
    }

    /** What is told to lie many times over one element is not read; an element that lies nowhere is nobody's. */
    @Test
    void repeatedElementsAreRefusedAndNoneMayLieAnywhere() throws IOException {
        try (PyTorchFile weights = open(one(
                new PickleBytes().tensor("Float", "0", 2, 0, new long[] {1 << 20, 1 << 20}, new long[] {0, 0}),
                new byte[8]))) {
            assertThatThrownBy(() -> weights.read("a", MemorySegment.NULL))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageContaining("neither row by row");
        }
        try (PyTorchFile weights = open(one(
                new PickleBytes().tensor("Float", "0", 2, Long.MAX_VALUE, new long[] {0, 7}, new long[] {9, 9}),
                new byte[8]))) {
            assertThat(read(weights, "a")).isEmpty();
        }
    }

    @Test
    void nanIsRefused() throws IOException {
        try (PyTorchFile weights = open(one(two(), floats(1, Float.NaN)))) {
            assertThatThrownBy(() -> read(weights, "a"))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageContaining("tensor a: element 1 is NaN as float32; weights must be finite");
        }
    }

    @Test
    void whatIsNoArchiveOfPyTorchIsRefused() {
        assertRefused(
                new byte[0],
                "begins neither as a zip archive nor as PyTorch's older files do: torch.save has not written it");
        assertRefused(
                TorchFiles.bytes("version https://git-lfs"),
                "is a pointer of Git LFS and not the file itself; \"git lfs pull\" in its folder brings that");
        assertRefused(
                zip(Map.of(), false),
                "is a zip archive without a data.pkl in its folder: torch.save has not written it");
        assertRefused(TorchFiles.bytes("PK"), "does not end as a zip archive does: it is cut short, or none");
        for (String name : new String[] {"data.pkl", "weights/a.npy"}) {
            assertRefused(
                    zip(Map.of(name, new byte[1]), false),
                    "is a zip archive without a data.pkl in its folder: torch.save has not written it");
        }
        Map<String, byte[]> files = new LinkedHashMap<>(files(pickle().op('}').op('.')));
        files.put("archive/byteorder", TorchFiles.bytes("big"));
        assertRefused(
                zip(files, false), "archive/byteorder says that bytes have the order big; read is little" + WAY_OUT);
        assertRefused(
                zip(files(pickle().op('}').text("a").raw(two()).op('s').op('.')), false), "has no file archive/data/0");
        files.remove("archive/byteorder");
        files.put("archive/constants.pkl", new byte[0]);
        assertRefused(zip(files, false), "is TorchScript, a program" + STATE_DICT);
        files.remove("archive/constants.pkl");
        files.put("archive/data.pkl", new byte[(4 << 20) + 1]);
        assertRefused(zip(files, false), "archive/data.pkl has 4194305 bytes; up to 4194304 are read");
    }

    /** An older file of one tensor. */
    private static byte[] older(PickleBytes version, PickleBytes little, PickleBytes keys, byte[] memory) {
        var file = new PickleBytes()
                .op(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.');
        file.raw(version)
                .op('.')
                .op('}')
                .text("little_endian")
                .raw(little)
                .op('s')
                .op('.');
        file.op('}').text("a").raw(two()).op('s').op('.').raw(keys).op('.');
        return TorchFiles.concatenated(file.toBytes(), memory);
    }

    @Test
    void olderFilesMustBeWhatTheySay() throws IOException {
        PickleBytes version = new PickleBytes().number(1001);
        PickleBytes little = new PickleBytes().op(0x88);
        PickleBytes keys = new PickleBytes().op(']').text("0").op('a');
        byte[] memory = TorchFiles.concatenated(new byte[] {2, 0, 0, 0, 0, 0, 0, 0}, floats(3, 4));
        try (PyTorchFile weights = open(older(version, little, keys, memory))) {
            assertThat(read(weights, "a")).containsExactly(3, 4);
        }
        String other = "its pickles: say that version or order of bytes are others than 1001 and little" + WAY_OUT;
        assertRefused(older(new PickleBytes().op('N'), little, keys, memory), other);
        assertRefused(older(version, new PickleBytes().op(0x89), keys, memory), other);
        PickleBytes inItself = new PickleBytes().op(']').op('q', 0).op('h', 0).op('a');
        PickleBytes unknown = new PickleBytes().op(']').text("1").op('a');
        PickleBytes twice = new PickleBytes().raw(keys).text("0").op('a');
        for (PickleBytes wrong : List.of(inItself, unknown, twice)) {
            assertRefused(
                    older(version, little, wrong, memory),
                    "its pickles: list a memory that is no tensor's, or one twice");
        }
        int end = older(version, little, keys, new byte[0]).length;
        int none = older(version, little, new PickleBytes().op('N'), new byte[0]).length;
        assertRefused(
                older(version, little, new PickleBytes().op('N'), new byte[0]),
                "its pickles: list 0 memories up to byte %d; tensors have 1, the file has %d bytes"
                        .formatted(none, none));
        assertRefused(
                older(version, little, keys, Arrays.copyOf(memory, 17)),
                "its pickles: list 1 memories up to byte %d; tensors have 1, the file has %d bytes"
                        .formatted(end + 16, end + 17));
        String cut = "has no memory of 2 F32 at byte " + end + ": it is cut short or corrupt";
        for (int length = 0; length < memory.length; length++) {
            assertRefused(older(version, little, keys, Arrays.copyOf(memory, length)), cut);
        }
        memory[0] = 1;
        assertRefused(older(version, little, keys, memory), cut);
    }

    @Test
    void damagedFilesAreReadOrRefusedAndNothingElse() throws IOException {
        for (String file : new String[] {"plain.bin", "protocol4.bin", "state_dict.bin", "before-1.6.bin"}) {
            byte[] whole = written(file);
            for (int length = 0; length < whole.length; length++) {
                assertThat(isReadable(Arrays.copyOf(whole, length)))
                        .as("cut to %d", length)
                        .isFalse();
            }
            Random random = new Random(2);
            int refused = 0;
            for (int i = 0; i < DAMAGED; i++) {
                byte[] damaged = whole.clone();
                for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                    damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
                }
                refused += isReadable(damaged) ? 0 : 1;
            }
            assertThat(refused).isBetween(DAMAGED / 4, DAMAGED - 1);
        }
    }

    /** False if the file is refused as it should be; any other exception fails the test. */
    private static boolean isReadable(byte[] bytes) throws IOException {
        try (PyTorchFile file = open(bytes)) {
            for (String name : file.names()) {
                if (!name.matches("column|i64|bool|num_batches_tracked")) {
                    long elements = Arrays.stream(file.shape(name)).reduce(1, Math::multiplyExact);
                    // Larger than its memory is only what lies in no order, and is refused.
                    file.read(name, MemorySegment.ofArray(new float[(int) Math.min(elements, bytes.length)]));
                }
            }
            return true;
        } catch (BadFileException e) {
            assertThat(e.getMessage()).hasLineCount(1);
            return false;
        }
    }
}
