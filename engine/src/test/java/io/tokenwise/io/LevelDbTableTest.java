package io.tokenwise.io;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BadFileException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The index of a checkpoint, each byte of which a checksum covers. */
class LevelDbTableTest {
    @Test
    void anIndexThatIsCutAtAnyByteIsRefused() {
        byte[] index = TensorFlowBundleTest.bundle().index(2);
        for (int length = 0; length < index.length; length++) {
            assertNoTable(Arrays.copyOf(index, length), "cut after " + length);
        }
    }

    @Test
    void anIndexOfWhichAnyBitIsFlippedIsRefused() {
        byte[] index = TensorFlowBundleTest.bundle().index(2);
        for (int bit = 0; bit < 8 * index.length; bit++) {
            byte[] damaged = index.clone();
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            assertNoTable(damaged, "flipped bit " + bit);
        }
    }

    /** A few bytes for each, and a key of up to 512 in memory. */
    @Test
    void moreEntriesThanAnyModelHasAreRefusedWhereTheyAreRead() {
        var bundle = new TensorFlowBundleFiles();
        for (int i = 0; i <= 1 << 15; i++) {
            bundle.entry("%06d".formatted(i), new byte[0]);
        }
        for (int entriesOfBlock : new int[] {1_000, Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> LevelDbTable.read("i.index", bundle.index(entriesOfBlock)))
                    .isInstanceOf(BadFileException.class)
                    .hasMessage("i.index: has more than 32768 entries");
        }
    }

    private static void assertNoTable(byte[] damaged, String how) {
        assertThatThrownBy(() -> LevelDbTable.read("i.index", damaged))
                .as(how)
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith("i.index: ")
                .hasMessageNotContaining("\n");
    }
}
