package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.AttentionLayout;
import io.tokenwise.fakecuda.FakeCounts;
import io.tokenwise.op.Scales;
import io.tokenwise.op.SelfAttention;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What goes to the simulated device once, and what it does not take. */
class KeptTablesTest {
    private Side device;

    @BeforeEach
    void open() {
        device = Side.device(Precision.F32);
    }

    @AfterEach
    void close() {
        if (device != null) {
            device.close();
        }
    }

    @Test
    void aTableGoesUpOnce() {
        int[] starts = {8, 0};
        Tensor x = device.random(3, 16);
        Tensor y = device.untouched(3, 16);
        Scales.gather(device.stream(), x, starts, 8, y);
        device.read(y);
        FakeCounts one = device.controls().counts();
        for (int pass = 0; pass < 2; pass++) {
            for (int i = 0; i < 5; i++) {
                Scales.gather(device.stream(), x, starts, 8, y);
            }
            device.read(y);
        }
        FakeCounts all = device.controls().counts();
        // What a launch says of rows has a place of its own: once for the five of a pass.
        assertThat(all.copiesToDevice() - one.copiesToDevice()).isEqualTo(1);
        assertThat(all.allocations()).isEqualTo(one.allocations());
    }

    @Test
    void tablesBeyondTheLimitAreForgottenAndGoUpAgain() {
        Tensor x = device.of(1, 300, values(300));
        List<int[]> tables = new ArrayList<>();
        List<Tensor> results = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            tables.add(new int[] {i});
        }
        long live = device.controls().counts().bytesLive();
        for (int round = 0; round < 2; round++) {
            for (int[] table : tables) {
                Tensor y = device.untouched(1, 1);
                Scales.gather(device.stream(), x, table, 1, y);
                results.add(y);
            }
        }
        for (int i = 0; i < results.size(); i++) {
            assertThat(device.read(results.get(i))).containsExactly(i % 300);
        }
        long results256 = 256L * results.size();
        assertThat(device.controls().counts().bytesLive() - live)
                .isLessThanOrEqualTo(results256 + 256L * KeptTables.MOST);
    }

    @Test
    void twoLayoutsOfEqualContentAreTwo() {
        int[] units = {0, 8};
        Tensor x = device.random(4, 16);
        Tensor first = device.untouched(4, 16);
        Tensor second = device.untouched(4, 16);
        int[] offsets = {0, 4};
        SelfAttention.forward(device.stream(), x, x, x, layout(units, new int[] {8, 0}), offsets, 1, 1, first);
        SelfAttention.forward(device.stream(), x, x, x, layout(units, units), offsets, 1, 1, second);
        float[] turned = device.read(first);
        float[] straight = device.read(second);
        for (int row = 0; row < 4; row++) {
            assertThat(Arrays.copyOfRange(turned, 16 * row + 8, 16 * row + 16))
                    .containsExactly(Arrays.copyOfRange(straight, 16 * row, 16 * row + 8));
        }
    }

    private static AttentionLayout layout(int[] units, int[] context) {
        return new AttentionLayout(units, units, units, context);
    }

    @Test
    void headsThatAreTooWideAreRefused() {
        Tensor qkv = device.random(2, 3 * 136);
        Tensor context = device.untouched(2, 136);
        assertThatThrownBy(() -> SelfAttention.forward(device.stream(), qkv, new int[] {0, 2}, 1, 1, context, null))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage("attention: heads of 136 columns; on a CUDA device they have at most 128");
    }

    private static float[] values(int count) {
        var values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = i;
        }
        return values;
    }
}
