package io.tokenwise.fakecuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Products of a warpgroup are those of plain loops, and what is done wrong with them shows. */
class WgmmaTest {
    private static final int ROWS = 64;
    private static final int COLUMNS = 128;
    private static final int ROW_BYTES = 128;
    private static final int SHARED_BYTES = 25_600;

    private final Random random = new Random(1);
    private Simulated simulated;
    private byte[] a;
    private byte[] b;
    private long d;

    @BeforeEach
    void start() {
        simulated = Simulated.started();
        d = simulated.allocate(ROWS * COLUMNS * 4);
    }

    @AfterEach
    void close() {
        simulated.close();
    }

    private int run(String kernel, int mistake) {
        MemorySegment function = simulated.function("wgmma.cu", kernel);
        return simulated.run(
                function, 1, 128, SHARED_BYTES, simulated.deviceBytes(a), simulated.deviceBytes(b), d, mistake);
    }

    private void fillWithBytes() {
        a = new byte[ROWS * ROW_BYTES];
        b = new byte[COLUMNS * ROW_BYTES];
        random.nextBytes(a);
        random.nextBytes(b);
    }

    private void fillWithBf16() {
        a = bf16(ROWS);
        b = bf16(COLUMNS);
    }

    private byte[] bf16(int rows) {
        ByteBuffer values = ByteBuffer.allocate(rows * ROW_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        while (values.hasRemaining()) {
            values.putShort((short) (Float.floatToRawIntBits((float) random.nextGaussian()) >>> Short.SIZE));
        }
        return values.array();
    }

    private static float value(byte[] matrix, int row, int k) {
        int at = row * ROW_BYTES + 2 * k;
        return Float.intBitsToFloat((matrix[at] & 0xff) << 16 | matrix[at + 1] << 24);
    }

    private boolean isPlainBf16(float[] found) {
        for (int i = 0; i < found.length; i++) {
            float sum = 0;
            for (int k = 0; k < ROW_BYTES / 2; k++) {
                sum += value(a, i / COLUMNS, k) * value(b, i % COLUMNS, k);
            }
            if (found[i] != sum) {
                return false;
            }
        }
        return true;
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 2, 130})
    void bfloat16ProductsAreThoseOfAPlainLoop(long seed) {
        fillWithBf16();
        simulated.controls.seed(seed);
        assertThat(run("wgmmaBf16", 0)).as(simulated.controls.lastError()).isZero();
        assertThat(isPlainBf16(simulated.floats(d, ROWS * COLUMNS))).isTrue();
        assertThat(simulated.controls.counts().multiplyAdds()).isEqualTo(ROWS * COLUMNS * ROW_BYTES / 2);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 130})
    void byteProductsAreThoseOfAPlainLoop(long seed) {
        fillWithBytes();
        simulated.controls.seed(seed);
        assertThat(run("wgmmaU8S8", 0)).as(simulated.controls.lastError()).isZero();
        int[] found = simulated.ints(d, ROWS * COLUMNS);
        for (int i = 0; i < found.length; i++) {
            int sum = 0;
            for (int k = 0; k < ROW_BYTES; k++) {
                sum += (a[i / COLUMNS * ROW_BYTES + k] & 0xff) * b[i % COLUMNS * ROW_BYTES + k];
            }
            assertThat(found[i])
                    .as("row %d, column %d", i / COLUMNS, i % COLUMNS)
                    .isEqualTo(sum);
        }
    }

    /** The numbers are those of the kernel's mistakes. */
    @ParameterizedTest
    @CsvSource({
        "1, 719, no wgmmaFence",
        "2, 719, no fenceForWgmma",
        "5, 719, swizzle 0",
        "6, 719, do not begin at a multiple of 1024",
        "7, 719, nobody waited for",
        "8, 719, warps of a group start different products",
        "9, 717, is not in dynamic shared memory"
    })
    void mistakesAreErrors(int mistake, int code, String said) {
        fillWithBf16();
        assertThat(run("wgmmaBf16", mistake)).isEqualTo(code);
        assertThat(simulated.controls.lastError()).contains("wgmmaBf16", said);
    }

    /** Sums that are read before they are waited for, and a side that is overwritten then. */
    @ParameterizedTest
    @ValueSource(ints = {3, 4})
    void mistakesInTimeGiveWrongResults(int mistake) {
        fillWithBf16();
        assertThat(run("wgmmaBf16", mistake)).isZero();
        assertThat(isPlainBf16(simulated.floats(d, ROWS * COLUMNS))).isFalse();
    }
}
