package io.tokenwise.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.kernels.Elementwise.AdamWStep;
import io.tokenwise.op.Activations;
import io.tokenwise.op.Pools;
import io.tokenwise.op.SelfAttention;
import io.tokenwise.op.Softmaxes;
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

        PackedMatrix packed(int inputs, int outputs) {
            return backend.allocatePacked(Arena.ofAuto(), inputs, outputs);
        }
    }

    private static Mistake mistake(String operation, String detail, Consumer<Operands> call) {
        return new Mistake(operation, detail, call);
    }

    static List<Mistake> mistakes() {
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
                Tensor sums = workspace.tensor(6, 4);
                s.fill(sums, 3);
                s.weightGradient(none, workspace.tensor(0, 4), workspace, sums);
                assertThat(sums.host().get(5, 3)).isEqualTo(3);
            }
        }
    }
}
