package io.tokenwise.fakecuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Wild and stale pointers, limits and leaks; and that none of it harms the virtual machine around. */
class MemoryTest {
    private Simulated simulated;

    @BeforeEach
    void start() {
        simulated = Simulated.started();
    }

    @AfterEach
    void close() {
        simulated.close();
    }

    private int write(long y, long at) {
        return simulated.run(simulated.function("threads.cu", "writeAt"), 1, 32, 0, y, at);
    }

    @Test
    void writingBehindAnAllocationBreaksTheContextAndNothingElse() {
        long y = simulated.allocate(1024);
        assertThat(write(y, 256 - 32)).isZero();
        assertThat(write(y, 256 - 31)).isEqualTo(700);
        assertThat(simulated.controls.lastError())
                .contains(
                        "kernel writeAt", "thread (31, 0, 0)", "0 bytes behind the end of allocation #1 (1024 bytes)");
        assertThat(simulated.call("cuMemFree_v2", y)).isEqualTo(700);
        assertThat(simulated.call("cuCtxSynchronize")).isEqualTo(700);

        simulated.succeed("cuDevicePrimaryCtxRelease_v2", 0);
        simulated.start();
        assertThat(write(simulated.allocate(1024), 0)).isZero();
    }

    @Test
    void theVirtualMachineGoesOnWithItsOwnFaults() {
        for (int i = 0; i < 50; i++) {
            assertThat(write(simulated.allocate(64), -5000)).isEqualTo(700);
            simulated.succeed("cuDevicePrimaryCtxRelease_v2", 0);
            simulated.start();
            for (int j = 0; j < 2000; j++) { // compiled code finds null by the same signal
                int length = j % 100;
                assertThatThrownBy(() -> lengthOf(length < 100 ? null : new int[1]))
                        .isInstanceOf(NullPointerException.class);
            }
        }
    }

    private static int lengthOf(int[] array) {
        return array.length;
    }

    @Test
    void whatPadsAnAllocationIsNobodys() {
        long y = simulated.allocate(1000);
        assertThat(write(y, 250 - 31)).isEqualTo(700);
        assertThat(simulated.controls.lastError())
                .contains("writeAt", "just before or behind allocation #1 (1000 bytes)");
    }

    @Test
    void whatLiesBeforeAnAllocationIsNobodysEither() {
        long y = simulated.allocate(1024);
        assertThat(write(y, -100)).isEqualTo(700);
        assertThat(simulated.controls.lastError()).contains("just before or behind");
    }

    @Test
    void newMemoryIsPoison() {
        assertThat(simulated.floats(simulated.allocate(400), 100)).containsOnly(Float.NaN);
    }

    @Test
    void aFreedPointerIsRefusedEverywhere() {
        long y = simulated.allocate(1024);
        simulated.succeed("cuMemFree_v2", y);
        assertThat(simulated.call("cuMemFree_v2", y)).isEqualTo(1);
        assertThat(simulated.call("cuMemcpyDtoH_v2", simulated.arena.allocate(4), y, 4L))
                .isEqualTo(1);
        assertThat(simulated.call("cuMemsetD32Async", y, 0, 4L, simulated.stream()))
                .isEqualTo(1);
        assertThat(write(y, 0)).isEqualTo(700);
        assertThat(simulated.controls.lastError()).contains("parameter 0", "which was freed");
    }

    @Test
    void aHostPointerIsNoParameter() {
        assertThat(write(simulated.arena.allocate(4096).address(), 0)).isEqualTo(700);
        assertThat(simulated.controls.lastError()).contains("parameter 0", "no memory of the device");
    }

    @Test
    void copiesStayInsideAllocations() {
        long y = simulated.allocate(1000);
        var host = simulated.arena.allocate(2000);
        assertThat(simulated.call("cuMemcpyHtoD_v2", y + 500, host, 500L)).isZero();
        assertThat(simulated.call("cuMemcpyHtoD_v2", y + 500, host, 501L)).isEqualTo(1);
        assertThat(simulated.call("cuMemcpyHtoD_v2", y - 1, host, 1L)).isEqualTo(1);
        assertThat(simulated.call("cuMemcpyHtoD_v2", host.address(), host, 1L)).isEqualTo(1);
        var pinned = simulated.pinned(100);
        assertThat(simulated.call("cuMemcpyHtoD_v2", y, pinned, 101L)).isEqualTo(1);
    }

    @Test
    void theLimitIsOutOfMemory() {
        simulated.controls.memoryLimit(1 << 20);
        long y = simulated.allocate(700_000);
        assertThat(simulated.call("cuMemAlloc_v2", simulated.arena.allocate(ADDRESS), 700_000L))
                .isEqualTo(2);
        simulated.succeed("cuMemFree_v2", y);
        simulated.allocate(700_000);
        var sizes = simulated.arena.allocate(JAVA_LONG, 2);
        simulated.succeed("cuMemGetInfo_v2", sizes, sizes.asSlice(8));
        assertThat(sizes.toArray(JAVA_LONG)).containsExactly((1 << 20) - 700_000, 1 << 20);
        assertThat(simulated.controls.counts().bytesMost()).isEqualTo(700_000);
    }

    @Test
    void leaksAreListedAlsoAfterTheContextHasGone() {
        simulated.allocate(100);
        simulated.succeed("cuMemFree_v2", simulated.allocate(200));
        simulated.stream();
        var leaks = List.of("allocation #1 of 100 bytes", "1 streams");
        assertThat(simulated.controls.leaks()).isEqualTo(leaks);
        simulated.succeed("cuDevicePrimaryCtxRelease_v2", 0);
        assertThat(simulated.controls.leaks()).isEqualTo(leaks);
        simulated.start();
        assertThat(simulated.controls.leaks()).isEmpty();
    }

    @Test
    void launchesAreChecked() {
        var twice = simulated.function("threads.cu", "twice");
        long x = simulated.deviceFloats(1, 2, 3);
        var none = MemorySegment.NULL;
        assertThat(simulated.launch(twice, 1, 128, 0, none, x, x, 3)).isZero();
        assertThat(simulated.launch(twice, 1, 129, 0, none, x, x, 3)).isEqualTo(1); // its launch bounds
        assertThat(simulated.launch(twice, 0, 128, 0, none, x, x, 3)).isEqualTo(1);
        assertThat(simulated.launch(twice, 1, 128, 48 * 1024 + 1, none, x, x, 3))
                .isEqualTo(1);
        assertThat(simulated.call("cuFuncSetAttribute", twice, 8, 227 * 1024 + 1))
                .isEqualTo(1);
        simulated.succeed("cuFuncSetAttribute", twice, 8, 227 * 1024);
        assertThat(simulated.launch(twice, 1, 128, 227 * 1024, none, x, x, 3)).isZero();
        simulated.succeed("cuCtxSynchronize");
        assertThat(simulated.floats(x, 3)).containsExactly(4, 8, 12);
        simulated.controls.sharedLimit(99 * 1024);
        assertThat(simulated.call("cuFuncSetAttribute", twice, 8, 99 * 1024 + 1))
                .isEqualTo(1);
        simulated.succeed("cuFuncSetAttribute", twice, 8, 99 * 1024);
    }
}
