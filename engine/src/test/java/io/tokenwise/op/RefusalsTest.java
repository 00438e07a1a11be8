package io.tokenwise.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.AttendedRows;
import io.tokenwise.backend.AttentionLayout;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.ImagePatches;
import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Staying;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.kernels.Activation;
import io.tokenwise.kernels.RowParts;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.HostMemory;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** An operation that is given a wrong shape says so by its name and both shapes, and reads and writes nothing; the same on every backend, since rooms check first. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RefusalsTest {
    private final Backend backend = VectorBackend.open(1);
    private final Workspace workspace = new Workspace(HostMemory::allocate, 1 << 24);
    private final Stream stream = backend.stream();

    /** What the refusals of cases came from. */
    private final Set<String> refusing = new HashSet<>();

    @AfterAll
    void close() {
        workspace.close();
        backend.close();
    }

    record Mistake(String operation, String detail, Consumer<Operands> call) {
        @Override
        public String toString() {
            return operation + " " + detail;
        }
    }

    /** Tensors by shape. */
    record Operands(Stream stream, Workspace workspace) {
        Tensor t(int rows, int columns) {
            return workspace.tensor(rows, columns);
        }

        /** Of one sequence so many rows, the first and the last one always. */
        Staying staying(int rows, int wanted) {
            Staying staying = stream.staying();
            staying.begin(rows, 1, 1, new float[0]);
            staying.most(rows, wanted, true, true);
            staying.choose(t(rows, 1));
            return staying;
        }

        /** Attention of 2 heads of 8 over q, k, v [5, 32]. */
        void attention(Tensor k, int[] contextUnits, int heads, Tensor context) {
            var layout = new AttentionLayout(new int[] {0, 16}, new int[] {8, 24}, new int[] {16, 0}, contextUnits);
            SelfAttention.forward(stream, t(5, 32), k, t(5, 32), layout, new int[] {0, 2, 5}, 2, heads, context);
        }
    }

    private static Mistake mistake(String operation, String detail, Consumer<Operands> call) {
        return new Mistake(operation, detail, call);
    }

    static List<Mistake> mistakes() {
        int[] cut = {0, 2, 5};
        int[] ids = {0, 1, 9};
        var norm = new RowParts(6, 0, 2, 3);
        var heads = new FormedAttention.Form(4, 3, 2, 1, 9, 9, null);
        return List.of(
                mistake(
                        "rmsNorm",
                        "[4, 5] does not have 2 parts of 3 columns from column 0 on",
                        o -> RmsNorms.forward(o.stream(), o.t(4, 5), norm, o.t(1, 3), 0, 1, o.t(4, 5), null)),
                mistake(
                        "rmsNorm",
                        "expected [1, 3], got [1, 6]",
                        o -> RmsNorms.forward(o.stream(), o.t(4, 6), norm, o.t(1, 6), 0, 1, o.t(4, 6), null)),
                mistake(
                        "attention",
                        "[5, 20] does not hold Q of 4 and K and V of 3 heads of 2 columns",
                        o -> FormedAttention.forward(o.stream(), o.t(5, 20), heads, cut, 2, null, o.t(5, 8), null)),
                mistake(
                        "order",
                        "expected [6, 4], got [5, 4]",
                        o -> Losses.order(o.stream(), o.t(5, 4), new double[3], 1, o.t(5, 4))),
                mistake(
                        "crossEntropy",
                        "5 probabilities for [2, 3]",
                        o -> Losses.crossEntropy(o.stream(), o.t(2, 3), new double[5], o.t(2, 3))),
                mistake(
                        "crossEntropy labels",
                        "row 9 is outside a matrix of 3 rows",
                        o -> Losses.crossEntropy(o.stream(), o.t(3, 3), ids, o.t(3, 3))),
                mistake(
                        "squaredErrorWhereKnown",
                        "expected [4, 1], got [3, 1]",
                        o -> Losses.squaredErrorWhereKnown(o.stream(), o.t(3, 1), new float[4], o.t(3, 1))),
                mistake(
                        "gelu",
                        "shapes differ: [4, 3] and [3, 4]",
                        o -> Activations.gelu(o.stream(), o.t(4, 3), o.t(3, 4))),
                mistake(
                        "geluBackward",
                        "shapes differ: [4, 3] and [4, 2]",
                        o -> Activations.geluBackward(o.stream(), o.t(4, 3), o.t(4, 3), o.t(4, 2))),
                mistake(
                        "layerNorm gamma",
                        "expected [1, 3], got [1, 4]",
                        o -> LayerNorms.forward(o.stream(), o.t(4, 3), o.t(1, 4), o.t(1, 3), 0, o.t(4, 3), null)),
                mistake(
                        "layerNorm statistics",
                        "expected [4, 2], got [1, 8]",
                        o -> LayerNorms.forward(o.stream(), o.t(4, 3), o.t(1, 3), o.t(1, 3), 0, o.t(4, 3), o.t(1, 8))),
                mistake(
                        "addColumnSums",
                        "expected [1, 3], got [1, 4]",
                        o -> Sums.addColumns(o.stream(), o.t(4, 3), o.t(1, 4))),
                mistake(
                        "softmax",
                        "shapes differ: [4, 3] and [4, 4]",
                        o -> Softmaxes.forward(o.stream(), o.t(4, 3), o.t(4, 4))),
                mistake(
                        "l2Normalize norms",
                        "expected [1, 4], got [4, 1]",
                        o -> Lengths.forward(o.stream(), o.t(4, 3), o.t(4, 3), o.t(4, 1))),
                mistake(
                        "scaleBlocks",
                        "[4, 6] cannot be scaled in blocks by [4, 4]",
                        o -> Scales.blocks(o.stream(), o.t(4, 6), o.t(4, 4), o.t(4, 6))),
                mistake(
                        "choose",
                        "expected [4, 2], got [4, 3]",
                        o -> Choices.forward(o.stream(), o.t(4, 3), o.t(4, 3), 1, o.t(4, 3), o.t(4, 3))),
                mistake(
                        "embeddingSum",
                        "row 9 is outside a matrix of 5 rows",
                        o -> EmbeddingSums.forward(
                                o.stream(), ids, new int[] {0, 3}, 1, o.t(5, 2), o.t(4, 2), o.t(1, 2), o.t(3, 2))),
                mistake(
                        "embeddingSum",
                        "sequence 0 has 3 tokens, there are 2 positions",
                        o -> EmbeddingSums.forward(
                                o.stream(),
                                new int[3],
                                new int[] {0, 3},
                                1,
                                o.t(5, 2),
                                o.t(2, 2),
                                o.t(1, 2),
                                o.t(3, 2))),
                mistake(
                        "embeddingSum",
                        "columns differ: [5, 3] and [3, 2]",
                        o -> EmbeddingSums.forward(
                                o.stream(),
                                new int[3],
                                new int[] {0, 3},
                                1,
                                o.t(5, 3),
                                o.t(4, 2),
                                o.t(1, 2),
                                o.t(3, 2))),
                mistake(
                        "patches",
                        "15 pixels are not 1 images of 4 x 4",
                        o -> Patches.forward(
                                o.stream(), new int[15], 1, new ImagePatches(4, 2, new float[3 * 256]), o.t(4, 12))),
                mistake(
                        "patches",
                        "expected [4, 12], got [4, 11]",
                        o -> Patches.forward(
                                o.stream(), new int[16], 1, new ImagePatches(4, 2, new float[3 * 256]), o.t(4, 11))),
                mistake(
                        "withFirst",
                        "[5, 2] are not sequences of 3 tokens",
                        o -> Patches.withFirst(o.stream(), o.t(4, 2), o.t(1, 2), o.t(3, 2), o.t(5, 2))),
                mistake(
                        "withFirst",
                        "expected [4, 2], got [5, 2]",
                        o -> Patches.withFirst(o.stream(), o.t(5, 2), o.t(1, 2), o.t(3, 2), o.t(6, 2))),
                mistake(
                        "takeRows",
                        "row 3 is outside a matrix of 3 rows",
                        o -> TakenRows.forward(o.stream(), o.t(3, 2), new int[] {0, 3}, o.t(2, 2))),
                mistake(
                        "takeRows",
                        "3 rows wanted, 2 given",
                        o -> TakenRows.forward(o.stream(), o.t(3, 2), new int[] {0, 1}, o.t(3, 2))),
                mistake(
                        "takeRows",
                        "those of 3 rows that stay do not fit [4, 2]",
                        o -> TakenRows.forward(o.stream(), o.t(4, 2), o.staying(3, 2), o.t(2, 2))),
                mistake(
                        "takeRows",
                        "expected [2, 2], got [3, 2]",
                        o -> TakenRows.forward(o.stream(), o.t(3, 2), o.staying(3, 2), o.t(3, 2))),
                mistake(
                        "takeRowsBackward",
                        "row -1 is outside a matrix of 3 rows",
                        o -> TakenRows.backward(o.stream(), o.t(1, 2), new int[] {-1}, o.t(3, 2))),
                mistake(
                        "meanPool",
                        "offsets of 2 sequences do not cover the 6 rows",
                        o -> Pools.mean(o.stream(), o.t(6, 2), cut, 2, o.t(2, 2))),
                mistake(
                        "firstPool",
                        "expected [2, 2], got [3, 2]",
                        o -> Pools.first(o.stream(), o.t(5, 2), cut, 2, o.t(3, 2))),
                mistake(
                        "meanPool",
                        "sequence 1 is empty or out of order",
                        o -> Pools.mean(o.stream(), o.t(5, 2), new int[] {0, 5, 5}, 2, o.t(2, 2))),
                mistake(
                        "attention",
                        "[5, 8] does not hold Q, K, V of 2 heads",
                        o -> SelfAttention.forward(o.stream(), o.t(5, 8), cut, 2, 2, o.t(5, 4), null)),
                mistake(
                        "attention",
                        "expected [5, 4], got [5, 6]",
                        o -> SelfAttention.forward(o.stream(), o.t(5, 12), cut, 2, 2, o.t(5, 6), null)),
                mistake(
                        "attention",
                        "probabilities take 26 values, given [1, 25]",
                        o -> SelfAttention.forward(o.stream(), o.t(5, 12), cut, 2, 2, o.t(5, 4), o.t(1, 25))),
                mistake(
                        "attention",
                        "16 columns are not those of 4 heads of a multiple of 8 columns",
                        o -> o.attention(o.t(5, 32), new int[] {0, 8}, 4, o.t(5, 16))),
                mistake(
                        "attention key",
                        "a unit at column 24 is outside [5, 31]",
                        o -> o.attention(o.t(5, 31), new int[] {0, 8}, 2, o.t(5, 16))),
                mistake(
                        "attention key",
                        "rows differ: [5, 32] and [4, 32]",
                        o -> o.attention(o.t(4, 32), new int[] {0, 8}, 2, o.t(5, 16))),
                mistake(
                        "attention context",
                        "a unit at column 16 is outside [5, 16]",
                        o -> o.attention(o.t(5, 32), new int[] {0, 16}, 2, o.t(5, 16))),
                mistake(
                        "attention layout",
                        "a unit of context at column 4, which must be a multiple of 8",
                        o -> o.attention(o.t(5, 32), new int[] {0, 4}, 2, o.t(5, 16))),
                mistake(
                        "attention layout",
                        "3 units of context and 2 of query; there are as many of each, and at least one",
                        o -> o.attention(o.t(5, 32), new int[] {0, 8, 16}, 2, o.t(5, 24))),
                mistake(
                        "attention layout",
                        "two units of the context begin at column 8",
                        o -> o.attention(o.t(5, 32), new int[] {8, 8}, 2, o.t(5, 16))),
                mistake(
                        "samples",
                        "4 values do not fill [5, 1]",
                        o -> Windows.samples(o.stream(), new int[4], o.t(5, 1))),
                mistake(
                        "windows",
                        "3 windows of 3 rows, one every 2, are more than sequence 0 of 5 rows has",
                        o -> Windows.forward(
                                o.stream(), o.t(5, 2), new int[] {0, 5}, 1, 3, 2, new int[] {0, 3}, o.t(3, 6))),
                mistake(
                        "windows",
                        "expected [2, 6], got [2, 5]",
                        o -> Windows.forward(
                                o.stream(), o.t(5, 2), new int[] {0, 5}, 1, 3, 2, new int[] {0, 2}, o.t(2, 5))),
                mistake(
                        "tanh",
                        "shapes differ: [4, 3] and [3, 4]",
                        o -> Activations.tanh(o.stream(), o.t(4, 3), o.t(3, 4))),
                mistake(
                        "groupNorm gamma",
                        "expected [1, 3], got [1, 4]",
                        o -> Windows.groupNorm(o.stream(), o.t(5, 3), cut, 2, o.t(1, 4), o.t(1, 3), 0, o.t(5, 3))),
                mistake(
                        "channelNorm beta",
                        "expected [1, 3], got [1, 4]",
                        o -> ChannelNorms.forward(o.stream(), o.t(5, 3), cut, 2, o.t(1, 3), o.t(1, 4), 0, o.t(5, 3))),
                mistake(
                        "groupedConvolution",
                        "2 kernels of [12, 3] are none for windows of 4 rows of [5, 8]",
                        o -> convolution(o, 12, 3)),
                mistake(
                        "groupedConvolution",
                        "2 kernels of [12, 4] are none for windows of 4 rows of [5, 8]",
                        o -> convolution(o, 12, 4)),
                mistake(
                        "rotate",
                        "[5, 15] does not hold 2 heads of 8 columns",
                        o -> Rotations.forward(
                                o.stream(), o.t(5, 15), cut, 2, 0, new RotaryPositions(9, 8, 6, 100), 2)),
                mistake(
                        "rotate",
                        "sequence 1 has positions from 7 to 9, there are 9",
                        o -> Rotations.forward(
                                o.stream(), o.t(5, 16), cut, 2, 7, new RotaryPositions(9, 8, 6, 100), 2)),
                mistake(
                        "rotate",
                        "sequence 1 has positions from 0 to 9, there are 9",
                        o -> Rotations.forward(
                                o.stream(),
                                o.t(5, 16),
                                cut,
                                2,
                                new int[] {0, 1, 2, 3, 9},
                                new RotaryPositions(9, 8, 6, 100),
                                2)),
                mistake(
                        "rotary positions",
                        "3 of 8 columns; an even number of at most all is needed",
                        o -> new RotaryPositions(9, 8, 3, 100)),
                mistake(
                        "gatedUnits",
                        "expected [4, 6], got [4, 5]",
                        o -> GatedUnits.forward(o.stream(), o.t(4, 5), Activation.SILU, 3, o.t(4, 3))),
                mistake(
                        "gatedUnits",
                        "[4, 3] is not cut into blocks of 2 columns",
                        o -> GatedUnits.forward(o.stream(), o.t(4, 6), Activation.SILU, 2, o.t(4, 3))),
                mistake(
                        "attend",
                        "queries [5, 4] and keys and values [5, 7] from column 0 on do not give contexts [5, 4] of 2"
                                + " heads",
                        o -> OtherAttention.forward(
                                o.stream(),
                                o.t(5, 4),
                                o.t(5, 7),
                                new AttendedRows(cut, cut, 2, 0, 2, true),
                                o.t(5, 4),
                                o.t(1, 1))),
                mistake(
                        "attend",
                        "sequence 0 has other queries than keys, so it cannot be causal",
                        o -> OtherAttention.forward(
                                o.stream(),
                                o.t(5, 4),
                                o.t(6, 8),
                                new AttendedRows(cut, new int[] {0, 3, 6}, 2, 0, 2, true),
                                o.t(5, 4),
                                o.t(1, 1))),
                mistake(
                        "gatherUnits",
                        "a unit of 4 columns from 6 on is outside [2, 9]",
                        o -> Scales.gather(o.stream(), o.t(2, 9), new int[] {5, 6, -1}, 4, o.t(2, 12))),
                mistake(
                        "gatherUnits",
                        "expected [2, 12], got [2, 8]",
                        o -> Scales.gather(o.stream(), o.t(2, 9), new int[] {5, 1, -1}, 4, o.t(2, 8))),
                mistake(
                        "toColumns",
                        "[2, 12] from column 4 on does not fit [8, 64] from column 63 on",
                        o -> OtherAttention.toColumns(o.stream(), o.t(2, 12), 4, o.t(8, 64), 63)),
                mistake(
                        "attendOne",
                        "[8, 64] does not hold keys and values of 3 heads",
                        o -> OtherAttention.one(o.stream(), o.t(1, 4), o.t(8, 64), 5, 3, o.t(1, 4))),
                mistake(
                        "attendOne",
                        "5 tokens of [8, 60]; there is at least one, and a cache has a multiple of 64",
                        o -> OtherAttention.one(o.stream(), o.t(1, 4), o.t(8, 60), 5, 2, o.t(1, 4))),
                mistake("argmax", "row 4 of [4, 3]", o -> Choices.argmax(o.stream(), o.t(4, 3), 4)));
    }

    /** Two kernels of this shape on 5 rows of 8 columns, windows of 4 rows. */
    private static void convolution(Operands o, int inputs, int outputs) {
        try (Backend own = VectorBackend.open(1);
                var parameters = new Parameters(own)) {
            var kernel = new Weight(parameters, parameters.add("kernel", inputs, outputs));
            Parameter bias = parameters.add("bias", 1, outputs);
            Pass pass = new Pass(o.stream(), o.workspace());
            GroupedConvolutions.of(
                    pass, o.t(5, 8), new int[] {0, 5}, 1, 4, List.of(kernel, kernel), List.of(bias, bias));
        }
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void errorNamesOperationAndShapes(Mistake mistake) {
        var operands = new Operands(stream, workspace);
        assertThatThrownBy(() -> mistake.call().accept(operands))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(mistake.operation() + ": " + mistake.detail());
    }

    /** Every case with one operand that has a row or a column more or less is refused in a line that begins with the operation, but for what fits all the same. */
    @Test
    void anOperandOfAnotherShapeIsRefusedInALine() {
        refusing.clear();
        for (OpCase op : OpCases.tiny()) {
            for (int i = 0; i < op.operands().size(); i++) {
                for (int by : new int[] {-1, 1}) {
                    OpCase.Operand right = op.operands().get(i);
                    requireRefused(op, i, right.rows() + by, right.columns());
                    requireRefused(op, i, right.rows(), right.columns() + by);
                }
            }
        }
    }

    private void requireRefused(OpCase right, int operand, int rows, int columns) {
        boolean empty = rows < 1 || columns < 1;
        if (empty || fits(right, operand, rows != right.operands().get(operand).rows())) {
            return;
        }
        OpCase wrong = right.with(operand, rows, columns);
        Throwable refusal = catchThrowable(() -> wrong.onEngine(backend, wrong.randomOperands(1), null));
        assertThat(refusal)
                .as("%s of %s", wrong, wrong.operands())
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .matches("[a-zA-Z0-9 ]+: .+");
        Arrays.stream(refusal.getStackTrace())
                .map(StackTraceElement::getClassName)
                .forEach(refusing::add);
    }

    /** Sizes that are free, such as the rows of a table, or that the result follows. */
    private static boolean fits(OpCase op, int operand, boolean byRows) {
        if (op.operands().size() == 1 || byRows && operand == 0) {
            return true;
        }
        return switch (op.name().split(" ")[0]) {
            case "embeddingSum", "linearTransposed" -> byRows;
            case "scaleBlocks", "scaleUnits", "attend" -> !byRows;
            case "withFirst" -> byRows && operand == 2;
            // Of attention without a bias it is not asked for.
            case "attention" -> op.operands().get(operand).columns() == 1;
            case "toColumns" -> true;
            default -> false;
        };
    }

    /** Each class that checks shapes is in the list above, or has refused a case. */
    @Test
    void everyRoomRefusesSomething() {
        anOperandOfAnotherShapeIsRefusedInALine();
        JavaClasses classes = new ClassFileImporter().importPackagesOf(RefusalsTest.class);
        List<String> without = classes.stream()
                .filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC)
                        && type.getDirectDependenciesFromSelf().stream()
                                .anyMatch(to -> to.getTargetClass().isEquivalentTo(Shapes.class)))
                .filter(type -> !refusing.contains(type.getName()))
                .filter(type -> type.getDirectDependenciesToSelf().stream()
                        .noneMatch(by -> by.getOriginClass().isEquivalentTo(RefusalsTest.class)))
                .map(JavaClass::getSimpleName)
                .toList();
        assertThat(without).isEmpty();
    }
}
