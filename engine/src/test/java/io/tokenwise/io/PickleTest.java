package io.tokenwise.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.sun.management.ThreadMXBean;
import io.tokenwise.api.BadFileException;
import io.tokenwise.io.TorchFiles.PickleBytes;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pickles that no dictionary of tensors is written as. */
class PickleTest {
    private static PickleBytes pickle() {
        return new PickleBytes().op(0x80, 2);
    }

    static Stream<Arguments> badPickles() {
        return Stream.of(
                arguments(pickle().op('.'), "takes a value where there is none"),
                arguments(pickle().op('(').op('.'), "takes a value where there is none"),
                arguments(pickle().op('(').op('q', 0), "takes a value where there is none"),
                arguments(pickle().op('t'), "takes all values since a mark that there is not"),
                arguments(pickle().op('(').op('N').op('('), "is cut short: 1 bytes wanted, 0 left"),
                arguments(pickle().op('N').op('N').op('.'), "leaves 1 values at its end"),
                arguments(pickle().op('h', 7), "recalls value 7, which it has not put away"),
                arguments(pickle().op('j', 255, 255, 255, 255), "recalls value 4294967295, which it has not put away"),
                arguments(new PickleBytes().op(0x80, 6), "has protocol 6 of Python's pickle; read are those up to 5"),
                arguments(
                        pickle().op(0x81),
                        "has the opcode 0x81, which no dictionary of tensors needs" + TorchObjects.WAY_OUT),
                arguments(
                        pickle().global("os", "system"),
                        "names os.system, which is neither a dictionary nor a tensor of values that are read: nothing"
                                + " of Python is run" + TorchObjects.WAY_OUT),
                arguments(
                        pickle().text("builtins").text("eval").op(0x93),
                        "names builtins.eval, which is neither a dictionary nor a tensor of values that are read:"
                                + " nothing of Python is run" + TorchObjects.WAY_OUT),
                arguments(pickle().op(')').op('N').op(0x93), "names a global by a tuple and None"),
                arguments(pickle().global("x".repeat(201), ""), "names a global with more than 200 letters"),
                arguments(pickle().op('N').op('N').op('R'), "calls a function with None, which is no tuple"),
                arguments(
                        pickle().global("torch", "FloatStorage").op(')').op('R'),
                        "calls torch.FloatStorage with 0 arguments that torch.save does not give it for a tensor of plain"
                                + " values" + TorchObjects.WAY_OUT),
                arguments(
                        pickle().text("storage").op('Q'),
                        "refers to something outside that is no memory of a tensor" + TorchObjects.WAY_OUT),
                arguments(
                        pickle().op('}').op(')').op('N').op('s'),
                        "has a dictionary with a tuple as a key; must be" + " texts" + TorchObjects.WAY_OUT),
                arguments(pickle().op('}').op('(').text("a").op('u'), "puts 1 keys and values into a dictionary"),
                arguments(pickle().op('N').text("a").op('N').op('s'), "puts 2 keys and values into None"),
                arguments(
                        pickle().op('}')
                                .op('(')
                                .text("a")
                                .op('N')
                                .text("a")
                                .op('N')
                                .op('u'),
                        "has a twice"),
                arguments(pickle().op(')').op('N').op('a'), "appends to a tuple, which is no list"),
                arguments(
                        pickle().op('}').op('N').op('b'),
                        "gives attributes to a dictionary; only a dictionary of" + " tensors may have some"
                                + TorchObjects.WAY_OUT),
                arguments(pickle().op(0x8a, 9), "is cut short: 9 bytes wanted, 0 left"),
                arguments(pickle().op(0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1), "has a number of 9 bytes; up to 8 are read"),
                arguments(
                        pickle().op('X', 255, 255, 255, 255),
                        "has a text of 4294967295 bytes, which is longer than itself"),
                arguments(pickle().op('X', 1, 0, 0, 0, 255), "a name is not UTF-8"),
                arguments(
                        pickle().storage("Float", "0", -1),
                        "has the number or truth value -1 for a size or a place;" + " must be a number from 0"),
                arguments(new PickleBytes().op(repeated('N', 400_000)), "has more than 400000 opcodes"));
    }

    private static int[] repeated(int opcode, int count) {
        var all = new int[count];
        Arrays.fill(all, opcode);
        return all;
    }

    private static Object read(PickleBytes pickle) {
        return new Pickle(new BinaryReader("file", "pickle", ByteBuffer.wrap(pickle.toBytes()))).next();
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("badPickles")
    void aPickleThatIsNoDictionaryOfTensorsIsRefused(PickleBytes pickle, String fact) {
        assertThatThrownBy(() -> read(pickle))
                .isInstanceOf(BadFileException.class)
                .hasMessage("file: pickle: " + fact);
    }

    /** Lists and what may come in them or in numbers are read, though no tensor is made of them. */
    @Test
    void allOtherValuesAreRead() {
        PickleBytes list =
                new PickleBytes().op(']').op('N').op('a').op('(').op(0x88).op('G', 63, 240, 0, 0, 0, 0, 0, 0);
        list.op(0x8a, 2, 0, 255)
                .op('J', 254, 255, 255, 255)
                .op(0x8a, 0)
                .op('e')
                .op(')')
                .op(0x86)
                .op('.');
        assertThat(read(list)).isEqualTo(new Object[] {Arrays.asList(null, true, 1., -256L, -2L, 0L), new Object[0]});
    }

    /** Four times the file and 64 MiB, what is free again counted too, is the bound of all readers; the file's own bytes are there before. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "}",
                "]",
                ")",
                "N",
                "(",
                "J1234",
                "Gabcdefgh",
                "\u008c\0",
                "\u008c\1a",
                "N\u0094",
                "N\u0085",
                "N(t",
                "}\u008c\1aNs",
                "]Na",
                "ccollections\nOrderedDict\n)R"
            })
    void smallPicklesThatMeanMuchTakeLittle(String repeated) {
        byte[] once = repeated.getBytes(StandardCharsets.ISO_8859_1);
        byte[] all = new byte[4 << 20];
        for (int i = 0; i < all.length; i++) {
            all[i] = once[i % once.length];
        }
        long before = allocated();
        assertThatThrownBy(() -> new Pickle(new BinaryReader("file", "pickle", ByteBuffer.wrap(all))).next())
                .isInstanceOf(BadFileException.class);
        assertThat(allocated() - before).isLessThan(64 << 20);
    }

    /** A long tuple takes few bytes where it is recalled. */
    @Test
    void oneShapeOfManyTensorsTakesLittle() {
        for (int sides : new int[] {32, 33, 100_000}) {
            PickleBytes tensors = pickle().tuple(new long[sides])
                    .op('q', 0)
                    .storage("Float", "0", 1)
                    .op('q', 1);
            tensors.global("torch._utils", "_rebuild_tensor_v2").op('q', 2).op('(');
            for (int i = 0; i < 30_000; i++) {
                tensors.op('h', 2, '(', 'h', 1, 'K', 0, 'h', 0, 'h', 0, 'N', 'N', 't', 'R');
            }
            long before = allocated();
            assertThatThrownBy(() -> read(tensors))
                    .isInstanceOf(BadFileException.class)
                    .hasMessage("file: pickle: "
                            + (sides > 32
                                    ? "has a tuple for a shape; must be a tuple of up to 32 numbers"
                                    : "is cut short: 1 bytes wanted, 0 left"));
            assertThat(allocated() - before).isLessThan(64 << 20);
        }
    }

    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }
}
