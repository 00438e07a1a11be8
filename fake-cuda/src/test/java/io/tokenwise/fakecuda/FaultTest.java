package io.tokenwise.fakecuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Refusals and errors on request. */
class FaultTest {
    @Test
    void thereIsNoDeviceOutsideTests() {
        try (var simulated = Simulated.loaded()) {
            assertThat(simulated.call("cuInit", 0)).isEqualTo(100);
            assertThat(simulated.controls.lastError()).contains("simulation for tests");
            assertThat(simulated.call("cuDeviceGetCount", simulated.arena.allocate(JAVA_INT)))
                    .isEqualTo(3);
            simulated.controls.allow();
            simulated.succeed("cuInit", 0);
            simulated.controls.refuse();
            assertThat(simulated.call("cuDeviceGetCount", simulated.arena.allocate(JAVA_INT)))
                    .isEqualTo(3);
        }
    }

    @Test
    void theDeviceSaysWhatItIs() {
        try (var simulated = Simulated.started()) {
            var name = simulated.arena.allocate(100);
            simulated.succeed("cuDeviceGetName", name, 100, 0);
            assertThat(name.getString(0)).isEqualTo("tokenwise fake device (simulated on the CPU, no GPU)");
            assertThat(simulated.call("cuDeviceGet", name, 1)).isEqualTo(101);
            simulated.controls.capability(7, 5);
            var number = simulated.arena.allocate(JAVA_INT);
            simulated.succeed("cuDeviceGetAttribute", number, 75, 0);
            assertThat(number.get(JAVA_INT, 0)).isEqualTo(7);
            simulated.succeed("cuDeviceGetAttribute", number, 76, 0);
            assertThat(number.get(JAVA_INT, 0)).isEqualTo(5);
        }
    }

    @Test
    void theCallThatATestChoosesFails() {
        try (var simulated = Simulated.started()) {
            simulated.controls.failAt(2, 2);
            long first = simulated.allocate(10);
            assertThat(simulated.call("cuMemAlloc_v2", simulated.arena.allocate(ADDRESS), 10L))
                    .isEqualTo(2);
            simulated.allocate(10);
            simulated.controls.failCall("cuMemAlloc_v2", 2);
            simulated.succeed("cuCtxSynchronize");
            assertThat(simulated.call("cuMemAlloc_v2", simulated.arena.allocate(ADDRESS), 10L))
                    .isEqualTo(2);
            simulated.allocate(10);
            simulated.controls.failAt(1, 719);
            assertThat(simulated.call("cuMemFree_v2", first)).isEqualTo(719);
            assertThat(simulated.call("cuMemFree_v2", first)).isEqualTo(719); // the context is broken
            assertThat(simulated.controls.counts().frees()).isZero();
        }
    }

    @Test
    void aThreadNeedsACurrentContext() {
        try (var simulated = Simulated.started()) {
            simulated.succeed("cuCtxSetCurrent", MemorySegment.NULL);
            assertThat(simulated.call("cuMemAlloc_v2", simulated.arena.allocate(ADDRESS), 10L))
                    .isEqualTo(201);
        }
    }

    @Test
    void threadsMayCallAtOnce() throws Exception {
        try (var simulated = Simulated.started();
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var context = simulated.make("cuDevicePrimaryCtxRetain", 0);
            var twice = simulated.function("threads.cu", "twice");
            var results = new ArrayList<Future<Boolean>>();
            for (int i = 0; i < 8; i++) {
                long x = simulated.deviceFloats(new float[128]);
                var stream = simulated.stream();
                results.add(threads.submit(() -> {
                    boolean fine = true;
                    for (int j = 0; j < 50; j++) {
                        fine &= simulated.call("cuCtxSetCurrent", context) == 0
                                && simulated.launch(twice, 1, 128, 0, stream, x, x, 128) == 0
                                && simulated.call("cuStreamSynchronize", stream) == 0;
                    }
                    return fine;
                }));
            }
            for (var result : results) {
                assertThat(result.get()).isTrue();
            }
            assertThat(simulated.controls.counts().launches()).isEqualTo(400);
        }
    }

    @Test
    void nvrtcKnowsOnlyWhatTheLibraryWasBuiltFrom() {
        try (var simulated = Simulated.started()) {
            var source = simulated.arena.allocateFrom("extern \"C\" __global__ void other() {}");
            var name = simulated.arena.allocateFrom("other.cu");
            var none = MemorySegment.NULL;
            var program = simulated.make("nvrtcCreateProgram", source, name, 0, none, none);
            assertThat(simulated.call("nvrtcCompileProgram", program, 0, none)).isEqualTo(6);
            var log = simulated.arena.allocate(1000);
            simulated.succeed("nvrtcGetProgramLog", program, log);
            assertThat(log.getString(0)).contains("other.cu(1): error", "threads.cu", "products.cu");

            var options = simulated.arena.allocate(ADDRESS);
            options.set(ADDRESS, 0, simulated.arena.allocateFrom("--use_fast_math"));
            assertThat(simulated.call("nvrtcCompileProgram", program, 1, options))
                    .isEqualTo(5);
            options.set(ADDRESS, 0, simulated.arena.allocateFrom("--gpu-architecture=sm_75"));
            assertThat(simulated.call("nvrtcCompileProgram", program, 1, options))
                    .isEqualTo(5);
        }
    }

    @Test
    void anImageOfARealCompilerIsRefused() {
        try (var simulated = Simulated.started()) {
            var image = simulated.arena.allocateFrom("\u007fELF and so on");
            assertThat(simulated.call("cuModuleLoadData", simulated.arena.allocate(ADDRESS), image))
                    .isEqualTo(200);
        }
    }

    @Test
    void aSourceThatDoesNotCompileGivesTheCompilersWords() {
        try (var simulated = Simulated.loaded()) { // or skipped
            assertThat(simulated.controls.leaks()).isEmpty();
        }
        var wrong = new KernelSource("wrong.cu", "extern \"C\" __global__ void wrong(int n) { return nonsense; }");
        assertThatThrownBy(() -> FakeCuda.build(List.of(wrong), Simulated.FOLDER))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("wrong.cu:1")
                .hasMessageContaining("nonsense");
    }
}
