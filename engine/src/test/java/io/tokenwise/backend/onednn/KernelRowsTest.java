package io.tokenwise.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class KernelRowsTest {
    private static final int MOST = 128;

    /** The kernels that do so many rows, one below the other. */
    private static List<Integer> of(KernelRows kernels, int rows) {
        var sizes = new ArrayList<Integer>();
        for (int left = rows; left > 0; left -= sizes.getLast()) {
            sizes.add(kernels.of(left));
        }
        return sizes;
    }

    @Test
    void rowsOfBytesAreThoseThatAreLeft() {
        var bytes = new KernelRows(false, false, false);
        assertThat(of(bytes, 1)).containsExactly(1);
        assertThat(of(bytes, 62)).containsExactly(64);
        assertThat(of(bytes, 109)).containsExactly(64, 32, 16);
    }

    @Test
    void aRowOfFloatsIsNeverAlone() {
        assertThat(of(new KernelRows(false, true, false), 33)).containsExactly(32, 2);
    }

    @Test
    void rowsThatAreMultipliedTogetherAreOneProductOfFewSizes() {
        var together = new KernelRows(false, false, true);
        assertThat(of(together, 109)).containsExactly(112);
        assertThat(of(together, 50)).containsExactly(56);
        assertThat(of(together, 9)).containsExactly(12);
        var sizes = new TreeSet<Integer>();
        for (int rows = 1; rows <= MOST; rows++) {
            assertThat(of(together, rows)).hasSize(1);
            sizes.addAll(of(together, rows));
        }
        assertThat(sizes).hasSize(20).last().isEqualTo(MOST);
    }

    @Test
    void tilesAreWhole() {
        assertThat(of(new KernelRows(true, true, false), 109)).containsExactly(112);
    }
}
