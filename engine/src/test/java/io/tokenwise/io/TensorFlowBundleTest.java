package io.tokenwise.io;

import static io.tokenwise.io.TensorFlowBundleFiles.entry;
import static io.tokenwise.io.TensorFlowBundleFiles.header;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.tokenwise.TestModels;
import io.tokenwise.api.BadFileException;
import io.tokenwise.io.TensorFlowBundleFiles.Message;
import io.tokenwise.io.TensorFlowBundleFiles.Table;
import io.tokenwise.model.bert.BertFamily;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints of TensorFlow, whole and damaged in every way that we could think of. */
class TensorFlowBundleTest {
    private static final String LAYER = "module/bert/encoder/layer_0/output/";

    @TempDir
    private Path folder;

    static TensorFlowBundleFiles bundle() {
        return new TensorFlowBundleFiles()
                .tensor("module/bert/embeddings/word_embeddings", new float[] {1, 2, 3, 4, 5, 6}, 3, 2)
                .tensor(LAYER + "dense/kernel", new float[] {11, 12, 13, 21, 22, 23}, 2, 3)
                .tensor(LAYER + "dense/bias", new float[] {-1, -2, -3}, 3)
                .tensor(LAYER + "LayerNorm/gamma", new float[] {7, 8}, 2)
                .tensor("module/cls/predictions/output_bias", new float[] {9}, 1);
    }

    private TensorFlowBundle open() throws IOException {
        return TensorFlowBundle.open(folder);
    }

    private AbstractThrowableAssert<?, ?> assertRefused(byte[] index, byte[] data) throws IOException {
        TensorFlowBundleFiles.write(folder, index, data);
        return assertThatThrownBy(() -> open().close())
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining(TensorFlowBundle.INDEX + ": ")
                .hasMessageNotContaining("\n");
    }

    private static float[] read(WeightSource weights, String name) {
        int elements = (int) Arrays.stream(weights.shape(name)).reduce(1, (a, b) -> a * b);
        var values = new float[elements];
        weights.read(name, MemorySegment.ofArray(values));
        return values;
    }

    /** Whatever the blocks, whose keys are cut differently. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 100})
    void tensorsHaveTheNamesAndLayoutOfPyTorch(int entriesOfBlock) throws IOException {
        TensorFlowBundleFiles.write(folder, bundle().index(entriesOfBlock), bundle().data());
        try (TensorFlowBundle weights = open()) {
            assertThat(weights.names())
                    .containsExactly(
                            "module.bert.embeddings.word_embeddings.weight",
                            "module.bert.encoder.layer.0.output.LayerNorm.gamma",
                            "module.bert.encoder.layer.0.output.dense.bias",
                            "module.bert.encoder.layer.0.output.dense.weight",
                            "module.cls.predictions.bias");
            String dense = "module.bert.encoder.layer.0.output.dense.weight";
            assertThat(weights.shape(dense)).containsExactly(3, 2);
            assertThat(weights.type(dense)).isEqualTo("F32");
            assertThat(read(weights, dense)).containsExactly(11, 21, 12, 22, 13, 23);
            assertThat(weights.shape("module.bert.embeddings.word_embeddings.weight"))
                    .containsExactly(3, 2);
            assertThat(read(weights, "module.bert.embeddings.word_embeddings.weight"))
                    .containsExactly(1, 2, 3, 4, 5, 6);
            assertThat(read(weights, "module.bert.encoder.layer.0.output.dense.bias"))
                    .containsExactly(-1, -2, -3);
            assertThatThrownBy(() -> weights.shape("nothing"))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageEndingWith(": has no tensor nothing");
        }
    }

    @Test
    void bertsNamesAreFoundInIt() throws IOException {
        bundle().write(folder);
        try (TensorFlowBundle weights = open()) {
            assertThat(BertFamily.BERT.names(TestModels.DESCRIPTION).origins(weights))
                    .containsOnlyKeys(
                            "embeddings.word_embeddings.weight",
                            "encoder.layer.0.output.LayerNorm.weight",
                            "encoder.layer.0.output.dense.bias",
                            "encoder.layer.0.output.dense.weight",
                            "cls.predictions.bias");
        }
    }

    /** Longer than what is read at once. */
    @Test
    void aLargeTensorIsReadWhole() throws IOException {
        var values = new float[300_001];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        new TensorFlowBundleFiles().tensor("large", values, values.length).write(folder);
        try (TensorFlowBundle weights = open()) {
            assertThat(read(weights, "large")).isEqualTo(values);
        }
    }

    /** Whoever writes a wrong entry on purpose gives it a right checksum. It is refused in one line, or read as what it then says; nothing else happens. */
    @Test
    void blocksWithRightChecksumsAndWrongBytesAreRefusedInOneLine() throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("", header(1, 0));
        entries.put("a/kernel", entry(1, new long[] {2, 3}, 0, 0, 24, 0).toBytes());
        byte[] content = TensorFlowBundleFiles.content(entries);
        int refused = 0;
        for (int bit = 0; bit < 8 * content.length; bit++) {
            byte[] damaged = content.clone();
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            TensorFlowBundleFiles.write(folder, table(damaged, 0), new byte[24]);
            try (TensorFlowBundle weights = open()) {
                assertThat(weights.names()).isNotNull();
            } catch (BadFileException e) {
                assertThat(e).message().startsWith(folder.toString()).doesNotContain("\n");
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(8 * content.length / 2);
    }

    /** A table of one block. */
    private static byte[] table(byte[] content, int compression) {
        var file = new Table();
        byte[] block = file.block(content, compression);
        byte[] meta = file.block(TensorFlowBundleFiles.content(Map.of()), 0);
        return file.footer(meta, file.block(TensorFlowBundleFiles.content(Map.of("z", block)), 0));
    }

    static Stream<Arguments> wrongEntries() {
        long[] shape = {2, 3};
        return Stream.of(
                arguments(entry(9, shape, 0, 0, 24, 0), "tensor t: has the data type 9; supported: 1, float32"),
                arguments(entry(1, shape, 1, 0, 24, 0), "tensor t: lies in shard 1; supported: one shard, number 0"),
                arguments(entry(1, shape, 0, -8, 24, 0), "tensor t: begins at byte -8"),
                arguments(entry(1, shape, 0, 0, 28, 0), "tensor t: has 28 bytes, float32 of the shape [2, 3] takes 24"),
                arguments(
                        entry(1, shape, 0, 0, -24, 0), "tensor t: has -24 bytes, float32 of the shape [2, 3] takes 24"),
                arguments(entry(1, shape, 0, 4, 24, 0), "tensor t: begins at byte 4 of the data, after a hole from 0"),
                arguments(
                        entry(1, shape, 0, Long.MAX_VALUE, 24, 0),
                        "tensor t: begins at byte 9223372036854775807 of the data, after a hole from 0"),
                arguments(
                        entry(1, new long[] {2, 4}, 0, 0, 32, 0),
                        "tensor t: has 32 bytes from byte 0 on, variables.data-00000-of-00001 has only 24: it is cut short or"
                                + " another one"),
                arguments(
                        entry(1, new long[] {2, 2}, 0, 0, 16, 0),
                        "its tensors end at byte 16 of the data, variables.data-00000-of-00001 has 24"),
                arguments(
                        entry(1, new long[] {0, 3}, 0, 0, 0, 0),
                        "tensor t: has a dimension of 0; it must be 1 to 16777216"),
                arguments(
                        entry(1, new long[] {-1}, 0, 0, 0, 0),
                        "tensor t: has a dimension of -1; it must be 1 to 16777216"),
                arguments(
                        entry(1, new long[] {1 << 24, 1 << 24, 1 << 24}, 0, 0, 24, 0),
                        "tensor t: its shape [16777216, 16777216, 16777216] overflows"),
                arguments(
                        entry(1, new long[] {1, 1, 1, 1, 1, 1, 1, 1, 6}, 0, 0, 24, 0),
                        "tensor t: has more than 8 dimensions"),
                arguments(
                        entry(1, shape, 0, 0, 24, 0).bytes(7, new Message()),
                        "tensor t: is stored in slices; supported: whole tensors"),
                arguments(new Message().bytes(1, new Message()), "tensor t: field 1 is not a number"),
                arguments(new Message().number(2, 3), "tensor t: field 2 is a number, not a message"),
                arguments(
                        new Message().number(1, 1).bytes(2, new Message().number(3, 1)),
                        "tensor t: has a shape that is not known"),
                arguments(
                        new Message().varint(2 << 3 | 2).varint(Long.MAX_VALUE),
                        "tensor t: a length is 9223372036854775807, beyond the file's end"),
                arguments(
                        new Message().varint(2 << 3 | 2).varint(1000),
                        "tensor t: is cut short: 1000 bytes wanted, 0 left"),
                arguments(new Message().varint(1 << 3 | 3), "tensor t: field 1 has the unknown wire type 3"),
                arguments(new Message().varint(0), "tensor t: a field has the number 0"),
                arguments(
                        new Message().varint(8).raw(new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, -1, 2}),
                        "tensor t: a number has more than 64 bits"),
                arguments(
                        new Message().varint(8).raw(new byte[] {(byte) 0x81, 0}),
                        "tensor t: a number is not written in its shortest form"));
    }

    @ParameterizedTest
    @MethodSource("wrongEntries")
    void aWrongEntryIsRefused(Message message, String fact) throws IOException {
        byte[] index = new TensorFlowBundleFiles().entry("t", message.toBytes()).index(10);
        assertRefused(index, new byte[24]).hasMessage(folder.resolve(TensorFlowBundle.INDEX) + ": " + fact);
    }

    @Test
    void tensorsThatOverlapAreRefused() throws IOException {
        byte[] index = new TensorFlowBundleFiles()
                .entry("a", entry(1, new long[] {4}, 0, 0, 16, 0).toBytes())
                .entry("b", entry(1, new long[] {4}, 0, 8, 16, 0).toBytes())
                .index(10);
        assertRefused(index, new byte[24])
                .hasMessageEndingWith(
                        "tensor b: begins at byte 8 of the data, inside the tensor before it, which ends at 16");
    }

    @Test
    void twoTensorsOfOneNameAreRefused() throws IOException {
        byte[] index = new TensorFlowBundleFiles()
                .tensor("a/kernel", new float[] {1}, 1)
                .tensor("a/weight", new float[] {1}, 1)
                .index(10);
        assertRefused(index, new byte[8]).hasMessageEndingWith("has two tensors for a.weight");
    }

    @Test
    void aHeaderOfAnotherKindIsRefused() throws IOException {
        byte[] data = bundle().data();
        assertRefused(bundle().entry("", header(2, 0)).index(10), data)
                .hasMessageEndingWith("its header: says that there are 2 data files; supported: 1");
        assertRefused(bundle().entry("", header(1, 1)).index(10), data)
                .hasMessageEndingWith("its header: says that bytes have the order 1; supported: 0, little-endian");
        byte[] entry = entry(1, new long[] {6}, 0, 0, 24, 0).toBytes();
        assertRefused(table(TensorFlowBundleFiles.content(Map.of("a", entry)), 0), data)
                .hasMessageEndingWith("has no header, an entry without a name");
        assertRefused(table(TensorFlowBundleFiles.content(Map.of()), 0), data)
                .hasMessageEndingWith("has no header, an entry without a name");
    }

    @Test
    void aCompressedBlockIsRefused() throws IOException {
        assertRefused(table(TensorFlowBundleFiles.content(Map.of("", header(1, 0))), 1), new byte[0])
                .hasMessageEndingWith(
                        "the block at byte 0: is compressed (type 1); supported: blocks that are not (type 0)");
    }

    @Test
    void aWrongChecksumOfABlockIsRefused() throws IOException {
        byte[] index = bundle().index(10);
        index[10]++;
        assertRefused(index, bundle().data()).hasMessageContaining("the block at byte 0: has the checksum ");
    }

    /** Blocks that are read again and again, and keys that grow with each entry, would take more than a file is worth. */
    @Test
    void blocksThatAreNotInOrderAreRefused() throws IOException {
        byte[] content = TensorFlowBundleFiles.content(Map.of("", header(1, 0)));
        var file = new Table();
        byte[] block = file.block(content, 0);
        byte[] meta = file.block(TensorFlowBundleFiles.content(Map.of()), 0);
        Map<String, byte[]> twice = new LinkedHashMap<>();
        twice.put("a", block);
        twice.put("b", block);
        byte[] index = file.footer(meta, file.block(TensorFlowBundleFiles.content(twice), 0));
        assertRefused(index, new byte[0])
                .hasMessageEndingWith(
                        "a data block begins at byte 0, the block before it ends at " + (content.length + 5));
    }

    @Test
    void keysThatDoNotAscendAreRefused() throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("", header(1, 0));
        entries.put("b", new byte[0]);
        entries.put("a", new byte[0]);
        assertRefused(table(TensorFlowBundleFiles.content(entries), 0), new byte[0])
                .hasMessageEndingWith("its key a does not come after b");
    }

    static Stream<Arguments> wrongBlocks() {
        byte[] none = new byte[4];
        byte[] longKey = "k".repeat(513).getBytes(StandardCharsets.UTF_8);
        return Stream.of(
                arguments(new byte[3], "has 3 bytes, the least is 4"),
                arguments(new byte[] {9, 0, 0, 0}, "says that it has 9 whole keys, more than fit"),
                arguments(new byte[] {-1, -1, -1, -1}, "says that it has 4294967295 whole keys, more than fit"),
                arguments(
                        new Message().varint(1).varint(0).varint(0).raw(none).toBytes(),
                        "a key has 1 bytes of the one before it, which has 0, and 0 more; at most 512 in all"),
                arguments(
                        new Message()
                                .varint(0)
                                .varint(513)
                                .varint(0)
                                .raw(longKey)
                                .raw(none)
                                .toBytes(),
                        "a key has 0 bytes of the one before it, which has 0, and 513 more; at most 512 in all"),
                arguments(
                        new Message()
                                .varint(0)
                                .varint(1L << 40)
                                .varint(0)
                                .raw(none)
                                .toBytes(),
                        "a length is 1099511627776, beyond the file's end"),
                arguments(
                        new Message()
                                .varint(0)
                                .varint(0)
                                .varint(1 << 30)
                                .raw(none)
                                .toBytes(),
                        "is cut short: 1073741824 bytes wanted, 0 left"),
                arguments(
                        new Message()
                                .varint(0)
                                .varint(1)
                                .varint(0)
                                .raw(new byte[] {-1})
                                .raw(none)
                                .toBytes(),
                        "a name is not UTF-8"));
    }

    @ParameterizedTest
    @MethodSource("wrongBlocks")
    void aWrongBlockIsRefused(byte[] content, String fact) throws IOException {
        assertRefused(table(content, 0), new byte[0]).hasMessageEndingWith("the block at byte 0: " + fact);
    }

    @Test
    void anIndexThatIsTooLargeIsRefused() throws IOException {
        assertRefused(new byte[(16 << 20) + 1], new byte[0])
                .hasMessageEndingWith("has 16777217 bytes; an index of more than 16777216 is not read");
    }

    @Test
    void anAbsentFileIsNamed() throws IOException {
        assertThatThrownBy(this::open)
                .isInstanceOf(BadFileException.class)
                .hasMessage(folder.resolve("variables.index") + ": no such file");
        bundle().write(folder);
        Files.delete(folder.resolve(TensorFlowBundle.DATA));
        assertThatThrownBy(this::open)
                .isInstanceOf(BadFileException.class)
                .hasMessage(folder.resolve("variables.data-00000-of-00001") + ": no such file");
    }

    @ParameterizedTest
    @CsvSource({"0, embeddings.word_embeddings", "24, encoder.layer.0.output.dense", "47, encoder.layer.0.output.dense"
    })
    void aDamagedTensorIsRefused(int at, String name) throws IOException {
        byte[] data = bundle().data();
        data[at] ^= 16;
        TensorFlowBundleFiles.write(folder, bundle().index(10), data);
        try (TensorFlowBundle weights = open()) {
            assertThatThrownBy(() -> read(weights, "module.bert." + name + ".weight"))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageContaining(TensorFlowBundle.DATA + ": tensor module/bert/" + name.substring(0, 7))
                    .hasMessageContaining(": has the checksum ")
                    .hasMessageEndingWith(": the file is damaged");
            assertThat(read(weights, "module.cls.predictions.bias")).containsExactly(9);
        }
    }

    @Test
    void dataThatAreCutWhileTheyAreOpenAreRefused() throws IOException {
        bundle().write(folder);
        try (TensorFlowBundle weights = open()) {
            Files.write(folder.resolve(TensorFlowBundle.DATA), Arrays.copyOf(bundle().data(), 20));
            assertThatThrownBy(() -> read(weights, "module.bert.embeddings.word_embeddings.weight"))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageEndingWith("the file was cut short while it was open");
        }
    }

    @Test
    void weightsThatAreNotFiniteAreRefused() throws IOException {
        new TensorFlowBundleFiles()
                .tensor("a/bias", new float[] {1, Float.NaN}, 2)
                .write(folder);
        try (TensorFlowBundle weights = open()) {
            assertThatThrownBy(() -> read(weights, "a.bias"))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageEndingWith("tensor a/bias: element 1 is NaN as float32; weights must be finite");
        }
    }
}
