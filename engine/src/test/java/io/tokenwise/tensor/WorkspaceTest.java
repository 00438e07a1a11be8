package io.tokenwise.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;

class WorkspaceTest {
    private static final long MEGABYTE = 1 << 20;

    @Test
    void tensorsAreAlignedAndApart() {
        try (var workspace = new Workspace(HostMemory::allocate, 64 * MEGABYTE)) {
            var random = new SplittableRandom(1);
            List<Tensor> tensors = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                Tensor tensor = workspace.tensor(random.nextInt(1, 40), random.nextInt(1, 500));
                assertThat((tensor.floats().segment().address()
                                        + tensor.floats().offset())
                                % 64)
                        .isZero();
                for (int j = 0; j < tensor.size(); j++) {
                    tensor.floats().set(j, i);
                }
                tensors.add(tensor);
            }
            for (int i = 0; i < tensors.size(); i++) {
                for (int j = 0; j < tensors.get(i).size(); j++) {
                    assertThat(tensors.get(i).floats().get(j)).isEqualTo(i);
                }
            }
        }
    }

    @Test
    void tensorsOfRoundedRowsLieInTheSamePlaces() {
        try (var workspace = new Workspace(
                HostMemory::allocate, 64 * MEGABYTE, rows -> (rows + 15) / 16 * 16, LongUnaryOperator.identity())) {
            for (int rows : new int[] {16, 1, 9}) {
                workspace.tensor(rows, 100);
                Tensor second = workspace.tensor(rows, 10);
                assertThat(second.rows()).isEqualTo(rows);
                assertThat(second.offsetBytes()).isEqualTo(6400);
                assertThat(workspace.tensor(1, 1).offsetBytes()).isEqualTo(7040);
                workspace.reset();
            }
        }
    }

    @Test
    void popTakesBackWhatCameSincePush() {
        try (var workspace = new Workspace(HostMemory::allocate, 64 * MEGABYTE)) {
            Tensor kept = workspace.tensor(1, 1000);
            kept.host().set(0, 999, 5);
            workspace.push();
            Tensor outer = workspace.tensor(10, 1000);
            workspace.push();
            // So large that it needs memory of its own.
            workspace.tensor(2000, 1000);
            workspace.pop();
            Tensor again = workspace.tensor(1, 64);
            assertThat(again.floats().segment().address() + again.floats().offset())
                    .isEqualTo(
                            outer.floats().segment().address() + outer.floats().offset() + 40_000);
            workspace.pop();
            Tensor afterAll = workspace.tensor(1, 1);
            assertThat(afterAll).isSameAs(outer);
            assertThat(afterAll.shape()).isEqualTo("[1, 1]");
            assertThat(kept.host().get(0, 999)).isEqualTo(5);
        }
    }

    @Test
    void pieceByPieceBecomesOnePieceAtReset() {
        try (var workspace = new Workspace(HostMemory::allocate, 64 * MEGABYTE)) {
            for (int i = 0; i < 10; i++) {
                workspace.tensor(100, 1000);
            }
            long grown = workspace.bytes();
            workspace.reset();
            long needed = workspace.bytes();
            // Growing doubles, and leaves the ends of pieces unused; what is kept is what the pass needed.
            assertThat(needed).isBetween(10 * 400_000L, 6 * grown / 10);
            Tensor first = workspace.tensor(100, 1000);
            for (int i = 1; i < 10; i++) {
                assertThat(workspace.tensor(100, 1000).floats().segment())
                        .isSameAs(first.floats().segment());
            }
            for (int pass = 0; pass < 100; pass++) {
                workspace.reset();
                for (int i = 0; i < 10; i++) {
                    workspace.tensor(100, 1000);
                }
            }
            assertThat(workspace.bytes()).isEqualTo(needed);
        }
    }

    @Test
    void limitIsNeverPassed() {
        long limit = 4 * MEGABYTE;
        try (var workspace = new Workspace(HostMemory::allocate, limit)) {
            for (int round = 0; round < 3; round++) {
                assertThatThrownBy(() -> {
                            while (true) {
                                workspace.tensor(100, 1000);
                                assertThat(workspace.bytes()).isLessThanOrEqualTo(limit);
                            }
                        })
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageStartingWith("workspace: a pass needs ")
                        .hasMessageContaining("the limit is " + limit)
                        .hasMessageEndingWith("use smaller batches or a higher limit");
                workspace.reset();
            }
            // It goes on being of use.
            assertThat(workspace.tensor(100, 1000).size()).isEqualTo(100_000);
        }
    }

    @Test
    void hugeAndNegativeShapesAreRefused() {
        try (var workspace = new Workspace(HostMemory::allocate, MEGABYTE)) {
            assertThatThrownBy(() -> workspace.tensor(Integer.MAX_VALUE, Integer.MAX_VALUE))
                    .isInstanceOfAny(IllegalStateException.class, ArithmeticException.class);
            assertThatThrownBy(() -> workspace.tensor(-1, 3))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("workspace: negative shape [-1, 3]");
            assertThat(workspace.tensor(0, 3).size()).isZero();
        }
    }

    @Test
    void useAfterCloseFailsAndKeepsNoMemory() {
        var workspace = new Workspace(HostMemory::allocate, MEGABYTE);
        Tensor tensor = workspace.tensor(2, 2);
        workspace.close();
        assertThatThrownBy(() -> tensor.host().get(0, 0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> tensor.host().set(0, 0, 1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> workspace.tensor(1, 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("workspace: closed");
        workspace.close();
        workspace.reset();
        assertThatThrownBy(() -> workspace.tensor(1, 1)).isInstanceOf(IllegalStateException.class);
        assertThat(workspace.bytes()).isZero();
    }
}
