package io.tokenwise.fakecuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What kernels compute in the simulation, and what it finds wrong with them. */
class KernelTest {
    private Simulated simulated;

    @BeforeEach
    void start() {
        simulated = Simulated.started();
    }

    @AfterEach
    void close() {
        simulated.close();
    }

    private int run(String kernel, int grid, int block, int shared, Object... parameters) {
        return simulated.run(simulated.function("threads.cu", kernel), grid, block, shared, parameters);
    }

    @Test
    void sharedMemoryBarriersAndShufflesWorkInAnyOrder() {
        var x = new float[10 * 100];
        for (int i = 0; i < x.length; i++) {
            x[i] = i;
        }
        long from = simulated.deviceFloats(x), to = simulated.allocate(40);
        for (long seed = 0; seed < 20; seed++) {
            simulated.controls.seed(seed);
            assertThat(run("sumRows", 10, 256, 1024, from, to, 100)).isZero();
            var sums = simulated.floats(to, 10);
            for (int i = 0; i < 10; i++) {
                assertThat(sums[i]).isEqualTo(i * 10_000 + 4950);
            }
        }
    }

    @Test
    void lanesExchangeAsTheManualSays() {
        long to = simulated.allocate(8 * 32 * 4);
        assertThat(run("exchange", 1, 32, 0, to)).isZero();
        var y = simulated.ints(to, 8 * 32);
        for (int lane = 0; lane < 32; lane++) {
            int expectedBallot = IntStream.range(0, 32)
                    .filter(i -> i % 3 == 0)
                    .map(i -> 1 << i)
                    .sum();
            assertThat(IntStream.of(
                            y[lane],
                            y[32 + lane],
                            y[64 + lane],
                            y[96 + lane],
                            y[128 + lane],
                            y[160 + lane],
                            y[192 + lane],
                            y[224 + lane]))
                    .as("lane %d", lane)
                    .containsExactly(
                            50,
                            lane < 3 ? lane : lane - 3,
                            lane > 28 ? lane : lane + 3,
                            lane ^ 5,
                            expectedBallot,
                            0xf << (lane / 4 * 4),
                            lane < 16 ? lane ^ 1 : lane ^ 2,
                            7);
        }
    }

    @Test
    void aBarrierThatNotAllReachIsADeadlockWithTheKernelsName() {
        assertThat(run("leaveEarly", 1, 64, 0, 0)).isZero();
        assertThat(run("leaveEarly", 1, 64, 0, 5)).isEqualTo(719);
        assertThat(simulated.controls.lastError())
                .contains("kernel leaveEarly", "deadlock: 59 threads wait at __syncthreads, 5 have finished");
    }

    @Test
    void lanesAtDifferentOperationsAreAnError() {
        long y = simulated.allocate(128);
        assertThat(run("disagree", 1, 32, 0, y)).isEqualTo(719);
        assertThat(simulated.controls.lastError()).contains("disagree", "another operation");
    }

    @Test
    void aMissingBarrierShowsByTheOrderOfThreads() {
        long y = simulated.allocate(256);
        boolean differs = false;
        for (long seed = 0; seed < 8; seed++) {
            simulated.controls.seed(seed);
            assertThat(run("withoutBarrier", 1, 64, 0, y)).isZero();
            differs |= Float.isNaN(simulated.floats(y, 64)[63]);
        }
        assertThat(differs).isTrue();
    }

    @Test
    void sharedMemoryIsPoisonedBeforeEachBlock() {
        long y = simulated.allocate(256);
        for (int i = 0; i < 2; i++) {
            assertThat(run("readUnwritten", 3, 32, 128, y)).isZero();
            assertThat(simulated.floats(y, 64)).containsOnly(Float.NaN);
        }
    }

    @Test
    void dynamicSharedMemoryEndsWhereTheLaunchSays() {
        assertThat(run("writeShared", 1, 32, 1024, 1023)).isZero();
        assertThat(run("writeShared", 1, 32, 1024, 1024)).isEqualTo(700);
        assertThat(simulated.controls.lastError()).contains("writeShared", "0 bytes behind the 1024 bytes");
    }

    @Test
    void aByteOfDynamicSharedMemoryBehindAnOddEndIsFoundToo() {
        assertThat(run("writeShared", 1, 32, 1020, 1022)).isEqualTo(700);
    }

    @Test
    void integerDivisionByZeroIsAnErrorOfTheKernelAlone() {
        long y = simulated.allocate(128);
        assertThat(run("divide", 1, 32, 0, y, 7)).isZero();
        assertThat(simulated.ints(y, 1)).containsExactly(14);
        assertThat(run("divide", 1, 32, 0, y, 0)).isEqualTo(719);
        assertThat(simulated.controls.lastError()).contains("divided by 0");
        assertThat(javaDivision(0)).isEqualTo(-1);
    }

    @Test
    void aFullStackIsAnErrorOfTheKernelAlone() {
        long y = simulated.allocate(128);
        assertThat(run("deepStack", 1, 32, 0, y, 0)).isEqualTo(719);
        assertThat(simulated.controls.lastError()).contains("deepStack", "stack");
    }

    private static int javaDivision(int by) {
        try {
            return 1 / by;
        } catch (ArithmeticException e) {
            return -1;
        }
    }

    @Test
    void parametersComeOneByOne() {
        long y = simulated.allocate(32);
        assertThat(run("parameters", 1, 32, 0, y, -3, 1L << 40, 0.5f, 7)).isZero();
        assertThat(simulated.doubles(y, 4)).containsExactly(-3, 0x1p40, 0.5, 7);
    }
}
