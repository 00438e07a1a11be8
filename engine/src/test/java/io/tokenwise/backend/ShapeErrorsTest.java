package io.tokenwise.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.kernels.Activation;
import io.tokenwise.kernels.Elementwise.AdamWStep;
import io.tokenwise.op.Activations;
import io.tokenwise.op.Choices;
import io.tokenwise.op.EmbeddingSums;
import io.tokenwise.op.GatedUnits;
import io.tokenwise.op.LayerNorms;
import io.tokenwise.op.Lengths;
import io.tokenwise.op.OtherAttention;
import io.tokenwise.op.Patches;
import io.tokenwise.op.Pools;
import io.tokenwise.op.Rotations;
import io.tokenwise.op.Scales;
import io.tokenwise.op.SelfAttention;
import io.tokenwise.op.Softmaxes;
import io.tokenwise.op.Sums;
import io.tokenwise.op.TakenRows;
import io.tokenwise.op.Windows;
import io.tokenwise.tensor.HostMemory;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A wrong shape gets an error that names the operation and both shapes, and nothing is read or written. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ShapeErrorsTest {
    private final Backend backend = VectorBackend.open(1);
    private final Workspace workspace = new Workspace(HostMemory::allocate, 1 << 24);
    private final Stream stream = backend.stream();

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
    record Operands(Stream stream, Backend backend, Workspace workspace) {
        Tensor t(int rows, int columns) {
            return workspace.tensor(rows, columns);
        }

        /** Rows that have all of so many learners. */
        Routing routing(int rows, int learners) {
            Routing routing = stream.routing();
            routing.begin(rows, learners);
            routing.give(0, rows, learners);
            routing.sort();
            return routing;
        }

        /** Of one sequence so many rows, the first and the last one always. */
        Staying staying(int rows, int wanted) {
            return staying(rows, wanted, t(rows, 1));
        }

        Staying staying(int rows, int wanted, Tensor ofGate) {
            Staying staying = stream.staying();
            staying.begin(rows, 1, 1, new float[0]);
            staying.most(rows, wanted, true, true);
            staying.choose(ofGate);
            return staying;
        }

        /** An MLP of 5 units for those of so many rows that have both learners, and for those that have one. */
        void mlp(int rows, Tensor x, Tensor y) {
            mlp(routing(rows, 2), x, slices(packed(5, 3)), slices(packed(5, 3)), t(1, 3), y);
        }

        void mlp(Routing routing, Tensor x, MlpSlices whole, MlpSlices partly, Tensor none, Tensor y) {
            stream.mlp(x, routing, whole, partly, none, null, workspace, y);
        }

        MlpSlices slices(PackedMatrix down) {
            return new MlpSlices(List.of(packed(3, 5)), List.of(t(1, 5)), List.of(down), List.of(t(1, down.outputs())));
        }

        /** Two of 5 units. */
        MlpSlices twoSlices() {
            return new MlpSlices(
                    List.of(packed(3, 5), packed(3, 5)),
                    List.of(t(1, 5), t(1, 5)),
                    List.of(packed(5, 3), packed(5, 3)),
                    List.of(t(1, 3), t(1, 3)));
        }

        /** Attention of 2 heads of 8 over q, k, v [5, 32]. */
        void attention(Tensor k, int[] contextUnits, int heads, Tensor context) {
            var layout = new AttentionLayout(new int[] {0, 16}, new int[] {8, 24}, new int[] {16, 0}, contextUnits);
            SelfAttention.forward(stream, t(5, 32), k, t(5, 32), layout, new int[] {0, 2, 5}, 2, heads, context);
        }

        PackedMatrix packed(int inputs, int outputs) {
            return backend.allocatePacked(Arena.ofAuto(), inputs, outputs);
        }
    }

    private static Mistake mistake(String operation, String detail, Consumer<Operands> call) {
        return new Mistake(operation, detail, call);
    }

    static List<Mistake> mistakes() {
        int[] cut = {0, 2, 5};
        int[] ids = {0, 1, 9};
        return List.of(
                mistake(
                        "linear",
                        "inner dimensions differ: [4, 3] x [2, 5] (3 != 2)",
                        o -> o.stream().linear(o.t(4, 3), o.packed(2, 5), null, false, null, o.t(4, 5))),
                mistake(
                        "linear",
                        "[4, 3] x [3, 5] does not fit [4, 6]",
                        o -> o.stream().linear(o.t(4, 3), o.packed(3, 5), null, false, null, o.t(4, 6))),
                mistake(
                        "linear",
                        "expected [4, 5], got [3, 5]",
                        o -> o.stream().linear(o.t(4, 3), o.packed(3, 5), null, false, null, o.t(3, 5))),
                mistake(
                        "linear bias",
                        "expected [1, 5], got [1, 4]",
                        o -> o.stream().linear(o.t(4, 3), o.packed(3, 5), o.t(1, 4), false, null, o.t(4, 5))),
                mistake(
                        "linear residual",
                        "shapes differ: [4, 4] and [4, 5]",
                        o -> o.stream().linear(o.t(4, 3), o.packed(3, 5), null, false, o.t(4, 4), o.t(4, 5))),
                mistake("mlp", "expected [4, 3], got [4, 2]", o -> o.mlp(4, o.t(4, 3), o.t(4, 2))),
                mistake("mlp", "expected [4, 3], got [4, 2]", o -> o.mlp(4, o.t(4, 2), o.t(4, 3))),
                mistake("mlp", "a routing of 5 rows does not fit [4, 3]", o -> o.mlp(5, o.t(4, 3), o.t(4, 3))),
                mistake(
                        "mlp",
                        "expected [4, 2], got [4, 3]",
                        o -> o.mlp(
                                o.routing(4, 2),
                                o.t(4, 3),
                                o.slices(o.packed(5, 3)),
                                o.slices(o.packed(5, 2)),
                                o.t(1, 3),
                                o.t(4, 3))),
                mistake(
                        "mlp",
                        "2 slices for rows with all learners; these use one",
                        o -> o.mlp(
                                o.routing(4, 3),
                                o.t(4, 3),
                                o.twoSlices(),
                                o.slices(o.packed(5, 3)),
                                o.t(1, 3),
                                o.t(4, 3))),
                mistake(
                        "mlp",
                        "2 slices, but rows that do not have all 2 learners use at most 1",
                        o -> o.mlp(
                                o.routing(4, 2),
                                o.t(4, 3),
                                o.slices(o.packed(5, 3)),
                                o.twoSlices(),
                                o.t(1, 3),
                                o.t(4, 3))),
                mistake(
                        "mlp none",
                        "expected [1, 3], got [2, 3]",
                        o -> o.mlp(
                                o.routing(4, 2),
                                o.t(4, 3),
                                o.slices(o.packed(5, 3)),
                                o.slices(o.packed(5, 3)),
                                o.t(2, 3),
                                o.t(4, 3))),
                mistake(
                        "mlp residual",
                        "shapes differ: [4, 2] and [4, 3]",
                        o -> o.stream().mlp(o.t(4, 3), o.slices(o.packed(5, 3)), o.t(4, 2), o.workspace(), o.t(4, 3))),
                mistake(
                        "pack",
                        "2 slices of [6, 5] in all are not [4, 5]",
                        o -> o.stream().packSlices(o.t(4, 5), List.of(o.packed(3, 5), o.packed(3, 5)))),
                mistake(
                        "mlp",
                        "slice 0 of [3, 5] and [4, 3] does not fit: the outputs of one are the inputs of the other",
                        o -> o.slices(o.packed(4, 3))),
                mistake(
                        "weightGradient",
                        "rows differ: [4, 3] and [6, 5]",
                        o -> o.stream().weightGradient(o.t(4, 3), o.t(6, 5), o.workspace(), o.t(3, 5))),
                mistake("pack", "expected [3, 5], got [4, 5]", o -> o.stream().pack(o.t(4, 5), false, o.packed(3, 5))),
                mistake(
                        "gelu",
                        "shapes differ: [4, 3] and [3, 4]",
                        o -> Activations.gelu(o.stream(), o.t(4, 3), o.t(3, 4))),
                mistake(
                        "geluBackward",
                        "shapes differ: [4, 3] and [4, 2]",
                        o -> Activations.geluBackward(o.stream(), o.t(4, 3), o.t(4, 3), o.t(4, 2))),
                mistake(
                        "add",
                        "shapes differ: [4, 3] and [1, 3]",
                        o -> o.stream().add(o.t(4, 3), o.t(1, 3), o.t(4, 3))),
                mistake(
                        "addScaled",
                        "shapes differ: [4, 3] and [1, 3]",
                        o -> o.stream().addScaled(o.t(4, 3), 1, o.t(1, 3))),
                mistake(
                        "copy",
                        "shapes differ: [4, 3] and [1, 3]",
                        o -> o.stream().copy(o.t(4, 3), o.t(1, 3))),
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
                mistake("staying", "1 of 3 rows are to stay, of which 2 always do", o -> o.staying(3, 1)),
                mistake("staying", "expected [3, 1], got [2, 1]", o -> o.staying(3, 2, o.t(2, 1))),
                mistake("staying", "sequences of 3 rows, expected 2", o -> {
                    Staying staying = o.stream().staying();
                    staying.begin(2, 1, 1, new float[0]);
                    staying.all(3);
                }),
                mistake("staying", "sequences of 0 rows, expected 2", o -> {
                    Staying staying = o.stream().staying();
                    staying.begin(2, 1, 1, new float[0]);
                    staying.choose(null);
                }),
                mistake("staying", "a sequence of 4 rows, expected 7", o -> {
                    Staying staying = o.stream().staying();
                    staying.begin(4, 1, 1, new float[5]);
                    staying.most(4, 3, false, true);
                }),
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
                        "queries [5, 4] and keys and values [5, 7] from column 0 on do not give contexts [5, 4] of 2 heads",
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
                mistake("argmax", "row 4 of [4, 3]", o -> Choices.argmax(o.stream(), o.t(4, 3), 4)),
                mistake(
                        "adamW",
                        "shapes differ: [4, 3] and [4, 2]",
                        o -> o.stream()
                                .adamW(
                                        o.t(4, 3),
                                        o.t(4, 3),
                                        o.t(4, 2),
                                        o.t(4, 3),
                                        new AdamWStep(0, 0, 0, 0, 0, 1, 1, 1))));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void errorNamesOperationAndShapes(Mistake mistake) {
        var operands = new Operands(stream, backend, workspace);
        assertThatThrownBy(() -> mistake.call().accept(operands))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(mistake.operation() + ": " + mistake.detail());
    }

    @Test
    void streamGoesOnAfterAnError() {
        Tensor x = workspace.tensor(2, 2);
        Tensor y = workspace.tensor(2, 2);
        stream.fill(x, 3);
        assertThatThrownBy(() -> stream.add(x, x, workspace.tensor(1, 2))).isInstanceOf(IllegalArgumentException.class);
        stream.add(x, x, y);
        assertThat(y.host().get(1, 1)).isEqualTo(6);
    }

    @Test
    void nothingToDoIsNoError() {
        Tensor none = workspace.tensor(0, 6);
        for (int threads : new int[] {1, 2}) {
            try (Backend some = VectorBackend.open(threads)) {
                Stream s = some.stream();
                Activations.gelu(s, none, none);
                Softmaxes.forward(s, none, none);
                PackedMatrix packed = backend.allocatePacked(Arena.ofAuto(), 6, 4);
                s.linear(none, packed, null, false, null, workspace.tensor(0, 4));
                SelfAttention.forward(s, none, new int[] {0}, 0, 2, workspace.tensor(0, 2), null);
                Pools.mean(s, none, new int[] {0}, 0, none);
            }
        }
    }
}
