package io.tokenwise.fakecuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Work that runs late and in any order that events allow, and capture. */
class StreamTest {
    private Simulated simulated;
    private MemorySegment twice;

    @BeforeEach
    void start() {
        simulated = Simulated.started();
        twice = simulated.function("threads.cu", "twice");
    }

    @AfterEach
    void close() {
        simulated.close();
    }

    private void twice(MemorySegment stream, long x, long y) {
        assertThat(simulated.launch(twice, 1, 128, 0, stream, x, y, 3)).isZero();
    }

    /** One stream makes b of a, another c of b; the second does or does not wait. */
    private float acrossStreams(boolean waits, long seed) {
        simulated.controls.seed(seed);
        long a = simulated.deviceFloats(1, 2, 3), b = simulated.allocate(12), c = simulated.allocate(12);
        var first = simulated.stream();
        var second = simulated.stream();
        var event = simulated.event();
        twice(first, a, b);
        simulated.succeed("cuEventRecord", event, first);
        if (waits) {
            simulated.succeed("cuStreamWaitEvent", second, event, 0);
        }
        twice(second, b, c);
        simulated.succeed("cuStreamSynchronize", second);
        return simulated.floats(c, 3)[2];
    }

    @Test
    void aMissingEventIsFound() {
        assertThat(acrossStreams(false, 0)).isNaN();
        for (long seed = 0; seed < 10; seed++) {
            assertThat(acrossStreams(true, seed)).isEqualTo(12);
        }
    }

    @Test
    void nothingRunsBeforeSomebodyWaits() {
        long a = simulated.deviceFloats(1, 2, 3), b = simulated.allocate(12);
        var stream = simulated.stream();
        twice(stream, a, b);
        assertThat(simulated.controls.counts().launches()).isZero();
        var event = simulated.event();
        simulated.succeed("cuEventRecord", event, stream);
        assertThat(simulated.call("cuEventQuery", event)).isEqualTo(600);
        while (simulated.call("cuEventQuery", event) != 0) {
            assertThat(simulated.controls.counts().calls()).isLessThan(100);
        }
        assertThat(simulated.controls.counts().launches()).isEqualTo(1);
    }

    @Test
    void pageableMemoryIsStagedAndPinnedMemoryReadLate() {
        long a = simulated.allocate(4), b = simulated.allocate(4);
        var stream = simulated.stream();
        var pageable = simulated.arena.allocateFrom(JAVA_FLOAT, 1f);
        var pinned = simulated.pinned(4);
        pinned.set(JAVA_FLOAT, 0, 1f);
        simulated.succeed("cuMemcpyHtoDAsync_v2", a, pageable, 4L, stream);
        simulated.succeed("cuMemcpyHtoDAsync_v2", b, pinned, 4L, stream);
        pageable.set(JAVA_FLOAT, 0, 2f);
        pinned.set(JAVA_FLOAT, 0, 2f); // too early
        simulated.succeed("cuStreamSynchronize", stream);
        assertThat(simulated.floats(a, 1)).containsExactly(1f);
        assertThat(simulated.floats(b, 1)).containsExactly(2f);
    }

    @Test
    void resultsAreNotInPinnedMemoryBeforeTheyAreWaitedFor() {
        long a = simulated.deviceFloats(5);
        var pinned = simulated.pinned(4);
        var stream = simulated.stream();
        simulated.succeed("cuMemcpyDtoHAsync_v2", pinned, a, 4L, stream);
        assertThat(pinned.get(JAVA_FLOAT, 0)).isNaN();
        simulated.succeed("cuStreamSynchronize", stream);
        assertThat(pinned.get(JAVA_FLOAT, 0)).isEqualTo(5);
    }

    private MemorySegment endCapture(MemorySegment stream) {
        var graph = simulated.arena.allocate(ADDRESS);
        simulated.succeed("cuStreamEndCapture", stream, graph);
        return graph.get(ADDRESS, 0);
    }

    @Test
    void aGraphRunsWhatWasCapturedEachTimeItIsLaunched() {
        long a = simulated.deviceFloats(1, 2, 3);
        var stream = simulated.stream();
        var other = simulated.stream();
        var fork = simulated.event();
        var join = simulated.event();
        long b = simulated.deviceFloats(1, 1, 1);
        for (long seed = 0; seed < 4; seed++) {
            simulated.controls.seed(seed);
            simulated.succeed("cuStreamBeginCapture_v2", stream, 1);
            twice(stream, a, a);
            simulated.succeed("cuEventRecord", fork, stream);
            simulated.succeed("cuStreamWaitEvent", other, fork, 0);
            twice(other, a, b);
            simulated.succeed("cuEventRecord", join, other);
            simulated.succeed("cuStreamWaitEvent", stream, join, 0);
            twice(stream, a, a);
            var executable = simulated.make("cuGraphInstantiateWithFlags", endCapture(stream), 0L);
            float before = simulated.floats(a, 1)[0];
            simulated.succeed("cuGraphLaunch", executable, stream);
            simulated.succeed("cuGraphLaunch", executable, stream);
            simulated.succeed("cuStreamSynchronize", stream);
            assertThat(simulated.floats(a, 1)[0]).isEqualTo(16 * before);
            assertThat(simulated.floats(b, 1)[0]).isEqualTo(16 * before);
        }
        assertThat(simulated.controls.counts().graphLaunches()).isEqualTo(8);
        assertThat(simulated.controls.counts().launches()).isEqualTo(24);
    }

    @Test
    void captureForbidsWaitingAllocatingAndLoading() {
        var stream = simulated.stream();
        var place = simulated.arena.allocate(ADDRESS);
        long a = simulated.deviceFloats(1, 2, 3);
        record Forbidden(String call, Object[] arguments) {}
        var image = simulated.arena.allocateFrom("TOKENWISE FAKE CUBIN 0");
        for (var each : new Forbidden[] {
            new Forbidden("cuStreamSynchronize", new Object[] {stream}),
            new Forbidden("cuCtxSynchronize", new Object[] {}),
            new Forbidden("cuMemAlloc_v2", new Object[] {place, 100L}),
            new Forbidden("cuMemFree_v2", new Object[] {a}),
            new Forbidden("cuMemHostAlloc", new Object[] {place, 100L, 0}),
            new Forbidden("cuModuleLoadData", new Object[] {place, image}),
            new Forbidden("cuMemcpyHtoD_v2", new Object[] {a, simulated.arena.allocate(4), 4L}),
            new Forbidden("cuMemcpyDtoHAsync_v2", new Object[] {simulated.arena.allocate(4), a, 4L, stream}),
        }) {
            simulated.succeed("cuStreamBeginCapture_v2", stream, 1);
            assertThat(simulated.call(each.call, each.arguments)).as(each.call).isEqualTo(900);
            simulated.succeed("cuStreamIsCapturing", stream, place);
            assertThat(place.get(JAVA_INT, 0)).isEqualTo(2);
            assertThat(simulated.launch(twice, 1, 128, 0, stream, a, a, 3)).isEqualTo(901);
            assertThat(simulated.call("cuStreamEndCapture", stream, place)).isEqualTo(901);
            twice(stream, a, a); // the stream is its old self
            simulated.succeed("cuStreamSynchronize", stream);
        }
    }

    @Test
    void captureIsClosedInItself() {
        var stream = simulated.stream();
        var other = simulated.stream();
        var event = simulated.event();
        var place = simulated.arena.allocate(ADDRESS);
        long a = simulated.deviceFloats(1, 2, 3);
        simulated.succeed("cuEventRecord", event, other);
        simulated.succeed("cuStreamBeginCapture_v2", stream, 1);
        assertThat(simulated.call("cuStreamBeginCapture_v2", stream, 1)).isEqualTo(401);
        assertThat(simulated.call("cuStreamWaitEvent", stream, event, 0)).isEqualTo(905);
        assertThat(simulated.call("cuStreamEndCapture", stream, place)).isEqualTo(901);

        simulated.succeed("cuStreamBeginCapture_v2", stream, 1);
        simulated.succeed("cuEventRecord", event, stream);
        simulated.succeed("cuStreamWaitEvent", other, event, 0);
        twice(other, a, a);
        assertThat(simulated.call("cuStreamEndCapture", stream, place)).isEqualTo(904); // never joined again
        assertThat(simulated.call("cuStreamEndCapture", stream, place)).isEqualTo(401);
    }

    @Test
    void anUpdateKeepsTheShape() {
        var stream = simulated.stream();
        long a = simulated.deviceFloats(1, 2, 3), b = simulated.deviceFloats(1, 2, 3);
        simulated.succeed("cuStreamBeginCapture_v2", stream, 1);
        twice(stream, a, a);
        var executable = simulated.make("cuGraphInstantiateWithFlags", endCapture(stream), 0L);
        var info = simulated.arena.allocate(24);

        simulated.succeed("cuStreamBeginCapture_v2", stream, 1);
        twice(stream, b, b);
        simulated.succeed("cuGraphExecUpdate_v2", executable, endCapture(stream), info);
        simulated.succeed("cuGraphLaunch", executable, stream);
        simulated.succeed("cuStreamSynchronize", stream);
        assertThat(simulated.floats(a, 1)).containsExactly(1);
        assertThat(simulated.floats(b, 1)).containsExactly(2);

        simulated.succeed("cuStreamBeginCapture_v2", stream, 1);
        twice(stream, b, b);
        twice(stream, b, b);
        assertThat(simulated.call("cuGraphExecUpdate_v2", executable, endCapture(stream), info))
                .isEqualTo(910);
        assertThat(info.get(JAVA_INT, 0)).isEqualTo(2);
    }

    @Test
    void anEventThatIsRecordedAgainElsewhereStillMeansWhatWasWaitedFor() {
        long a = simulated.deviceFloats(1, 2, 3), b = simulated.allocate(12), c = simulated.allocate(12);
        var first = simulated.stream();
        var second = simulated.stream();
        var third = simulated.stream();
        var event = simulated.event();
        twice(first, a, b);
        simulated.succeed("cuEventRecord", event, first);
        simulated.succeed("cuStreamWaitEvent", second, event, 0);
        simulated.succeed("cuEventRecord", event, third);
        twice(second, b, c);
        simulated.succeed("cuStreamSynchronize", second);
        assertThat(simulated.floats(c, 1)).containsExactly(4);
    }

    @Test
    void copiesAndFillsAreCountedWhenTheyRun() {
        long a = simulated.deviceFloats(1, 2, 3), b = simulated.allocate(12);
        var stream = simulated.stream();
        simulated.succeed("cuStreamBeginCapture_v2", stream, 1);
        simulated.succeed("cuMemcpyDtoDAsync_v2", b, a, 12L, stream);
        simulated.succeed("cuMemsetD32Async", a, 0x3f800000, 3L, stream);
        var executable = simulated.make("cuGraphInstantiateWithFlags", endCapture(stream), 0L);
        for (int i = 0; i < 3; i++) {
            simulated.succeed("cuGraphLaunch", executable, stream);
        }
        simulated.succeed("cuStreamSynchronize", stream);
        assertThat(simulated.floats(b, 3)).containsExactly(1, 1, 1);
        var counts = simulated.controls.counts();
        assertThat(counts.copiesOnDevice()).isEqualTo(3);
        assertThat(counts.bytesOnDevice()).isEqualTo(36);
        assertThat(counts.fills()).isEqualTo(3);
        assertThat(counts.copiesToDevice()).isEqualTo(1);
        assertThat(counts.bytesToHost()).isEqualTo(12);
    }

    @Test
    void eventsTakeTheTime() {
        var stream = simulated.stream();
        var from = simulated.event();
        var to = simulated.event();
        var time = simulated.arena.allocate(JAVA_FLOAT);
        assertThat(simulated.call("cuEventElapsedTime", time, from, to)).isEqualTo(400);
        simulated.succeed("cuEventRecord", from, stream);
        long a = simulated.deviceFloats(1, 2, 3);
        twice(stream, a, a);
        simulated.succeed("cuEventRecord", to, stream);
        assertThat(simulated.call("cuEventElapsedTime", time, from, to)).isEqualTo(600);
        simulated.succeed("cuEventSynchronize", to);
        simulated.succeed("cuEventElapsedTime", time, from, to);
        assertThat(time.get(JAVA_FLOAT, 0)).isPositive();
    }
}
