package io.tokenwise.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TestModels;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.op.SelfAttention;
import io.tokenwise.tensor.HostMemory;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Attention over units of columns in any order has the bits of attention over heads side by side, whatever the number of threads. */
class AttentionLayoutTest {
    private static final int HEADS = 3;
    private static final int WIDTH = HEADS * 16;
    private static final int UNITS = WIDTH / 8;
    private static final int[] OFFSETS = {0, 5, 6, 40, 300};
    private static final int TOKENS = 300;

    private final Random random = new Random(3);
    private final Workspace workspace = new Workspace(HostMemory::allocate, 1 << 24);

    @Test
    void isAttentionOnMovedColumns() {
        isAttentionOnMovedColumns(new VectorBackend(Kernels.scalar(), 1), VectorBackend.open(1), VectorBackend.open(3));
    }

    @ParameterizedTest
    @EnumSource
    void isAttentionOnMovedColumnsByOneDnn(Precision precision) {
        isAttentionOnMovedColumns(TestModels.oneDnn(precision, 2));
    }

    private void isAttentionOnMovedColumns(Backend... backends) {
        Tensor qkv = workspace.tensor(TOKENS, 3 * WIDTH);
        Tensor moved = workspace.tensor(TOKENS, 3 * WIDTH + 16);
        int[] places = places(moved.columns() / 8);
        for (int row = 0; row < TOKENS; row++) {
            for (int column = 0; column < qkv.columns(); column++) {
                qkv.host().set(row, column, (float) random.nextGaussian());
                moved.host()
                        .set(row, places[column / 8] + column % 8, qkv.host().get(row, column));
            }
        }
        int[] context = places(UNITS + 1);
        var layout = new AttentionLayout(
                IntStream.of(places).limit(UNITS).toArray(),
                IntStream.of(places).skip(UNITS).limit(UNITS).toArray(),
                IntStream.of(places).skip(2L * UNITS).limit(UNITS).toArray(),
                IntStream.of(context).limit(UNITS).toArray());
        for (Backend backend : backends) {
            try (backend) {
                Tensor expected = workspace.tensor(TOKENS, WIDTH);
                Tensor found = workspace.tensor(TOKENS, WIDTH + 8);
                Stream stream = backend.stream();
                stream.fill(found, -7);
                SelfAttention.forward(stream, moved, moved, moved, layout, OFFSETS, 4, HEADS, found);
                SelfAttention.forward(stream, qkv, OFFSETS, 4, HEADS, expected, null);
                for (int row = 0; row < TOKENS; row++) {
                    for (int column = 0; column < WIDTH; column++) {
                        assertThat(found.host().get(row, context[column / 8] + column % 8))
                                .as("%s, row %d, column %d", backend.name(), row, column)
                                .isEqualTo(expected.host().get(row, column));
                    }
                    for (int i = 0; i < 8; i++) {
                        assertThat(found.host().get(row, context[UNITS] + i)).isEqualTo(-7);
                    }
                }
            }
        }
    }

    private int[] places(int units) {
        List<Integer> order = new ArrayList<>(IntStream.range(0, units).boxed().toList());
        Collections.shuffle(order, random);
        return order.stream().mapToInt(unit -> 8 * unit).toArray();
    }
}
