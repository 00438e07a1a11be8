package io.tokenwise.fakecuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tensor instructions and asynchronous copies. The products' fragments come by ldmatrix in the way that is usual on a card. */
class TensorTest {
    private Simulated simulated;

    @BeforeEach
    void start() {
        simulated = Simulated.started();
    }

    @AfterEach
    void close() {
        simulated.close();
    }

    private int run(String kernel, Object... parameters) {
        return simulated.run(simulated.function("products.cu", kernel), 1, 32, 0, parameters);
    }

    @Test
    void bfloat16ProductsAreThoseOfAPlainLoop() {
        var random = new Random(1);
        var a = new short[16 * 16];
        var b = new short[8 * 16];
        var left = narrowed(random, a);
        var right = narrowed(random, b);
        long d = simulated.allocate(16 * 8 * 4);
        assertThat(run("productBf16", simulated.deviceShorts(a), simulated.deviceShorts(b), d))
                .isZero();
        var sums = simulated.floats(d, 16 * 8);
        for (int i = 0; i < 16 * 8; i++) {
            float expected = 0;
            for (int k = 0; k < 16; k++) {
                expected += left[i / 8 * 16 + k] * right[i % 8 * 16 + k];
            }
            assertThat(sums[i]).as("row %d, column %d", i / 8, i % 8).isEqualTo(expected);
        }
        assertThat(simulated.controls.counts().multiplyAdds()).isEqualTo(16 * 8 * 16);
    }

    /** Fills with random bfloat16 and returns their values. */
    private static float[] narrowed(Random random, short[] bits) {
        var values = new float[bits.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = (short) (Float.floatToRawIntBits((float) random.nextGaussian()) >>> 16);
            values[i] = Float.intBitsToFloat(bits[i] << 16);
        }
        return values;
    }

    @Test
    void byteProductsAreThoseOfAPlainLoop() {
        var random = new Random(2);
        var a = new byte[16 * 32];
        var b = new byte[8 * 32];
        random.nextBytes(a);
        random.nextBytes(b);
        long d = simulated.allocate(16 * 8 * 4);
        assertThat(run("productU8S8", simulated.deviceBytes(a), simulated.deviceBytes(b), d))
                .isZero();
        var sums = simulated.ints(d, 16 * 8);
        for (int i = 0; i < 16 * 8; i++) {
            int expected = 0;
            for (int k = 0; k < 32; k++) {
                expected += (a[i / 8 * 32 + k] & 0xff) * b[i % 8 * 32 + k];
            }
            assertThat(sums[i]).as("row %d, column %d", i / 8, i % 8).isEqualTo(expected);
        }
    }

    @Test
    void transposedLoadsGiveColumns() {
        var x = new short[32 * 8];
        for (int i = 0; i < x.length; i++) {
            x[i] = (short) i;
        }
        long r = simulated.allocate(32 * 4 * 4);
        assertThat(run("transpose", simulated.deviceShorts(x), r)).isZero();
        var loaded = simulated.ints(r, 32 * 4);
        for (int lane = 0; lane < 32; lane++) {
            for (int block = 0; block < 4; block++) {
                int low = (block * 8 + lane % 4 * 2) * 8 + lane / 4;
                assertThat(loaded[lane * 4 + block]).isEqualTo(low | (low + 8) << 16);
            }
        }
    }

    @Test
    void copiesArriveOnlyWhenTheyAreWaitedFor() {
        var x = new float[256];
        for (int i = 0; i < 256; i++) {
            x[i] = i;
        }
        long from = simulated.deviceFloats(x), to = simulated.allocate(256);
        for (int left = 0; left <= 2; left++) {
            assertThat(run("copyGroups" + left, from, to)).isZero();
            var y = simulated.floats(to, 64);
            assertThat(new float[] {y[3], y[35]})
                    .containsExactly(left == 2 ? Float.NaN : 12, left == 0 ? 140 : Float.NaN);
        }
    }

    @Test
    void copiesMustBeAligned() {
        long x = simulated.deviceFloats(new float[16]);
        assertThat(run("copyCrooked", x, 4, 8)).isZero();
        assertThat(run("copyCrooked", x, 0, 1)).isEqualTo(716);
        assertThat(simulated.controls.lastError()).contains("copyCrooked", "no multiple of 16");
    }
}
