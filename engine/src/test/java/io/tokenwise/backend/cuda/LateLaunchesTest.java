package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.Stream;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.natives.cuda.CudaException;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.op.TakenRows;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.ref.WeakReference;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a stream was told is done late, on the simulated device too: whoever could see a difference has it done before. */
class LateLaunchesTest {
    private static final int INVALID_VALUE = 1;

    /** Each call comes after one that makes the context current. */
    private static final int LAUNCH = 2;

    private FakeControls controls;
    private CudaBackend device;
    private Workspace workspace;
    private Stream stream;

    @BeforeEach
    void open() throws CudaUnavailableException {
        controls = FakeDevice.start();
        device = CudaBackend.open(Precision.F32);
        workspace = device.workspace(1 << 24);
        stream = device.stream();
    }

    @AfterEach
    void close() {
        workspace.close();
        device.close();
        assertThat(controls.leaks()).isEmpty();
    }

    private static float first(HostTensor host) {
        try (host) {
            return host.get(0);
        }
    }

    private Tensor kept(Arena arena, int columns) {
        return new Tensor(device.memory().allocate(arena, (long) columns * Float.BYTES), 0, 1, columns);
    }

    private void untilRead(Tensor y, int value) {
        for (int i = 0; i < 4; i++) {
            stream.fill(y, value + i);
        }
        assertThat(first(stream.read(y))).isEqualTo(value + 3);
    }

    @Test
    void nothingIsDoneBeforeItIsWaitedFor() {
        Tensor y = workspace.tensor(1, 8);
        untilRead(y, 1);
        long calls = controls.counts().calls();
        for (int i = 0; i < 8; i++) {
            stream.fill(y, i);
        }
        assertThat(controls.counts().calls()).isEqualTo(calls);
        assertThat(first(stream.read(y))).isEqualTo(7);
    }

    @Test
    void memoryIsFreedAfterWhatUsesIt() {
        Tensor sum = workspace.tensor(1, 8);
        stream.fill(sum, 1);
        try (Workspace other = device.workspace(1 << 20)) {
            Tensor x = other.tensor(1, 8);
            stream.fill(x, 2);
            stream.add(sum, x, sum);
        }
        assertThat(first(stream.read(sum))).isEqualTo(3);
    }

    @Test
    void anotherThreadReadsWhatWasTold() {
        Tensor y = workspace.tensor(1, 8);
        stream.fill(y, 3);
        assertThat(CompletableFuture.supplyAsync(() -> first(device.read(y))).join())
                .isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 2, 3})
    void otherStreamsSeeWhatStays(long seed) {
        controls.seed(seed);
        try (Arena arena = Arena.ofShared()) {
            Tensor y = kept(arena, 8);
            Stream other = device.stream();
            Tensor copy = workspace.tensor(1, 8);
            for (int i = 0; i < 10; i++) {
                stream.fill(y, i);
                other.fill(copy, 1);
                other.add(copy, y, copy);
                assertThat(first(other.read(copy))).isEqualTo(i + 1);
            }
        }
    }

    /** As long as nothing runs out of order, which no event forbids. */
    @Test
    void whatStaysIsReadBeforeItIsChangedLater() {
        try (Arena arena = Arena.ofShared()) {
            Tensor x = kept(arena, 8);
            Tensor y = workspace.tensor(1, 8);
            stream.fill(x, 1);
            stream.fill(y, 2);
            stream.add(x, y, y);
            long calls = controls.counts().calls();
            device.stream().fill(x, 9);
            assertThat(controls.counts().calls()).isGreaterThan(calls + 4);
            assertThat(first(stream.read(y))).isEqualTo(3);
        }
    }

    @Test
    void errorThatAnotherThreadMeetsIsToldToBothOnce() {
        Tensor y = workspace.tensor(1, 8);
        stream.fill(y, 3);
        controls.failAt(LAUNCH, INVALID_VALUE);
        assertThatThrownBy(() -> CompletableFuture.supplyAsync(() -> first(device.read(y)))
                        .join())
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOf(CudaException.class)
                .hasMessageContaining("fillValues");
        assertThatThrownBy(() -> stream.read(y))
                .isInstanceOf(CudaException.class)
                .hasMessageContaining("fillValues");
        untilRead(y, 5);
    }

    @Test
    void errorOfTheSameThreadIsToldOnce() {
        Tensor y = workspace.tensor(1, 8);
        stream.fill(y, 3);
        controls.failAt(LAUNCH, INVALID_VALUE);
        assertThatThrownBy(() -> device.read(y))
                .isInstanceOf(CudaException.class)
                .hasMessageContaining("fillValues");
        untilRead(y, 5);
    }

    @Test
    void errorBeforeMemoryIsFreedIsToldToTheCaller() {
        Tensor y = workspace.tensor(1, 8);
        Workspace other = device.workspace(1 << 20);
        stream.fill(y, 3);
        stream.fill(other.tensor(1, 8), 3);
        controls.failAt(LAUNCH, INVALID_VALUE);
        other.close();
        assertThatThrownBy(() -> stream.read(y))
                .isInstanceOf(CudaException.class)
                .hasMessageContaining("fillValues");
        untilRead(y, 5);
    }

    /** It is told before all that was queued is done: whoever reads next has to wait for that. */
    @Test
    void whatWasQueuedBeforeAnErrorIsWaitedForAfterIt() {
        Tensor y = workspace.tensor(1, 8);
        try (Arena arena = Arena.ofShared()) {
            Tensor ofAll = kept(arena, 8);
            stream.fill(y, 3);
            // Nobody waits, but what was told is queued before what others read changes.
            device.stream().fill(ofAll, 1);
            stream.fill(y, 4);
            controls.failAt(LAUNCH, INVALID_VALUE);
            assertThatThrownBy(() -> device.read(y)).isInstanceOf(CudaException.class);
            assertThat(first(device.read(y))).isEqualTo(3);
        }
    }

    /** It is told to nobody: who told the stream is gone. The stream is taken over, without what it was told since. */
    @Test
    void errorOfAStreamThatNobodyUsesIsNotToldToTheNextOne() throws InterruptedException {
        Tensor y = workspace.tensor(1, 8);
        stream.fill(y, 3);
        assertThat(first(stream.read(y))).isEqualTo(3);
        var left = new WeakReference<>(streamThatFailed(y));
        List<String> handles = handles();
        while (!left.refersTo(null)) {
            System.gc();
            Thread.sleep(10);
        }
        Thread.sleep(50);
        Stream next = device.stream();
        assertThat(handles()).isEqualTo(handles);
        assertThat(first(next.read(y))).isEqualTo(3);
    }

    private Stream streamThatFailed(Tensor y) {
        Stream failed = device.stream();
        Workspace freed = device.workspace(1 << 20);
        failed.fill(freed.tensor(1, 8), 4);
        controls.failAt(LAUNCH, INVALID_VALUE);
        freed.close();
        failed.fill(y, 5);
        return failed;
    }

    /** What there is of the driver's but memory. */
    private List<String> handles() {
        return controls.leaks().stream()
                .filter(line -> !line.contains(" bytes"))
                .toList();
    }

    /** Lists that come in turn are graphs from the second time on, if they are as many as are kept, and none of more. */
    @Test
    void graphsAreBoundedAndTheOldestGoes() {
        Tensor y = workspace.tensor(1, 8);
        for (int i = 0; i < KeptGraphs.MOST; i++) {
            untilRead(y, 10 * i);
        }
        assertThat(controls.counts().graphLaunches()).isZero();
        for (int i = 0; i < KeptGraphs.MOST; i++) {
            untilRead(y, 10 * i);
        }
        assertThat(controls.counts().graphLaunches()).isEqualTo(KeptGraphs.MOST);
        untilRead(y, -10);
        untilRead(y, 10);
        assertThat(controls.counts().graphLaunches()).isEqualTo(KeptGraphs.MOST + 1);
        untilRead(y, 0);
        assertThat(controls.counts().graphLaunches()).isEqualTo(KeptGraphs.MOST + 1);
        untilRead(y, 0);
        assertThat(controls.counts().graphLaunches()).isEqualTo(KeptGraphs.MOST + 2);
    }

    @Test
    void arraysOfAnySizeGoUpOnceWhereTheyLay() {
        // Of rows, which lie between the arrays.
        long counts = 64 * Integer.BYTES;
        int[] sizes = {3, 30_000, 1, 5, 40_000, 2};
        Tensor x = workspace.tensor(50_000, 1);
        stream.fill(x, 4);
        for (int round = 0; round < 3; round++) {
            long bytes = 0;
            long before = controls.counts().bytesToDevice();
            for (int i = 0; i < sizes.length; i++) {
                var taken = new int[sizes[i]];
                int first = round;
                Arrays.setAll(taken, row -> first + row);
                bytes += 4L * Bucket.of(sizes[i]);
                Tensor y = workspace.tensor(sizes[i], 1);
                TakenRows.forward(stream, x, taken, y);
            }
            Tensor last = workspace.tensor(1, 1);
            TakenRows.forward(stream, x, new int[] {7}, last);
            assertThat(first(stream.read(last))).isEqualTo(4);
            long copied = controls.counts().bytesToDevice() - before;
            if (round > 0) {
                assertThat(copied).isLessThanOrEqualTo(bytes + counts + 64);
            }
        }
    }
}
