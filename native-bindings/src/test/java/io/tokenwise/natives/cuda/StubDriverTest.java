package io.tokenwise.natives.cuda;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Calls, errors and lifetimes of the wrappers, against a stub that answers what it is told to and runs no kernel. */
class StubDriverTest {
    private StubDriver stub;
    private Cuda cuda;
    private long before;

    @BeforeEach
    void open() throws Exception {
        stub = StubDriver.use();
        before = stub.live();
        cuda = Cuda.open();
    }

    @AfterEach
    void everythingIsGivenBack() {
        stub.block(false);
        cuda.close();
        assertThat(stub.live()).isEqualTo(before);
    }

    @Test
    void theDeviceIsDescribed() {
        assertThat(cuda.device()).isEqualTo(new Device(0, "tokenwise fake stub", 9, 0, 4, 1L << 30, 227 << 10, 13000));
        assertThat(cuda.device().simulated()).isTrue();
        assertThat(cuda.device().capability()).isEqualTo("9.0");
        assertThat(cuda.location()).endsWith("libcuda.so.1");
        assertThat(cuda.freeBytes()).isEqualTo(1L << 29);
    }

    @Test
    void memoryIsCopiedAndFilled() {
        try (Arena arena = Arena.ofConfined();
                CuStream stream = cuda.stream();
                PinnedMemory pinned = cuda.pinned(64)) {
            long a = cuda.allocate(64);
            long b = cuda.allocate(64);
            assertThat(cuda.allocatedBytes()).isEqualTo(128);
            MemorySegment host = arena.allocate(64).fill((byte) 7);
            stream.copyToDevice(a, host, 64);
            stream.copy(b, a, 32);
            stream.fill32(b + 32, 0x01020304, 4);
            stream.fill8(b + 48, (byte) 9, 16);
            stream.copyToHost(pinned.segment(), b, 64);
            stream.synchronize();
            assertThat(pinned.segment().get(JAVA_BYTE, 31)).isEqualTo((byte) 7);
            assertThat(pinned.segment().get(JAVA_INT, 32)).isEqualTo(0x01020304);
            assertThat(pinned.segment().get(JAVA_BYTE, 63)).isEqualTo((byte) 9);
            cuda.free(a);
            cuda.free(b);
            cuda.free(0);
            assertThat(cuda.allocatedBytes()).isZero();
        }
    }

    @Test
    void wrongMemoryIsRefusedBeforeTheDriverSeesIt() {
        long copies = stub.calls("cuMemcpyHtoDAsync_v2");
        try (Arena arena = Arena.ofConfined();
                CuStream stream = cuda.stream()) {
            long a = cuda.allocate(64);
            MemorySegment host = arena.allocate(64);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> stream.copyToDevice(a, MemorySegment.ofArray(new float[16]), 64))
                    .withMessage(
                            "copyToDevice: the host memory lies on Java's heap, which the collector moves; it must be native");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> stream.copyToHost(host, a, 65))
                    .withMessage("copyToHost: 65 bytes, but the host memory has 64");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> stream.copyToHost(host.asReadOnly(), a, 64))
                    .withMessageContaining("read-only");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> stream.copyToDevice(a + 32, host, 64))
                    .withMessageContaining("do not lie in allocated device memory");
            for (long wrong : new long[] {0, a - 1, a + 65, -1}) {
                assertThatIllegalArgumentException().isThrownBy(() -> stream.copyToDevice(wrong, host, 1));
            }
            assertThatIllegalArgumentException().isThrownBy(() -> stream.copyToDevice(a, host, -1));
            assertThatIllegalArgumentException().isThrownBy(() -> stream.fill32(a + 2, 0, 1));
            assertThatIllegalArgumentException().isThrownBy(() -> stream.fill32(a, 0, 17));
            assertThatExceptionOfType(ArithmeticException.class)
                    .isThrownBy(() -> stream.fill32(a, 0, Long.MAX_VALUE / 2));
            assertThatIllegalArgumentException().isThrownBy(() -> cuda.allocate(0));
            assertThatIllegalArgumentException().isThrownBy(() -> cuda.pinned(-1));
            cuda.free(a);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> cuda.free(a))
                    .withMessageContaining("or it has been freed");
            assertThatIllegalArgumentException().isThrownBy(() -> stream.fill8(a, (byte) 0, 1));
        }
        assertThat(stub.calls("cuMemcpyHtoDAsync_v2")).isEqualTo(copies);
    }

    @Test
    void argumentsArriveInOrder() {
        try (CuStream stream = cuda.stream();
                CuModule module = cuda.load(new byte[] {1}, "kernels")) {
            CuFunction kernel = module.function("kernel");
            Arguments arguments = new Arguments(6);
            for (int round = 1; round < 3; round++) {
                arguments
                        .clear()
                        .pointer(0x123456789AL * round)
                        .integer(-round)
                        .floating(1.5f)
                        .longInteger(1L << 40);
                stream.launch(kernel, 3, 2, 1, 256, 512, arguments);
                assertThat(stub.argument(0)).isEqualTo(0x123456789AL * round);
                assertThat((int) stub.argument(1)).isEqualTo(-round);
                assertThat(Float.intBitsToFloat((int) stub.argument(2))).isEqualTo(1.5f);
                assertThat(stub.argument(3)).isEqualTo(1L << 40);
                assertThat(List.of(4, 5, 6, 7, 8).stream().map(stub::argument)).containsExactly(3L, 2L, 1L, 256L, 512L);
            }
        }
    }

    @Test
    void launchesThatCannotGoWellAreRefused() {
        try (CuStream stream = cuda.stream();
                CuModule module = cuda.load(new byte[] {1}, "kernels")) {
            CuFunction kernel = module.function("kernel");
            assertThat(List.of(
                            kernel.maxThreads(), kernel.staticSharedBytes(), kernel.localBytes(), kernel.registers()))
                    .containsExactly(256, 1024, 16, 40);
            assertThat(kernel.maxDynamicShared()).isEqualTo((48 << 10) - 1024);
            assertThat(kernel.blocksPerMultiprocessor(256, 0)).isEqualTo(3);
            Arguments right = new Arguments(4).pointer(0).integer(0).integer(0).longInteger(0);
            long launches = stub.calls("cuLaunchKernel");
            assertThatIllegalArgumentException().isThrownBy(() -> stream.launch(kernel, 0, 1, 1, 1, 0, right));
            assertThatIllegalArgumentException().isThrownBy(() -> stream.launch(kernel, 1, 65536, 1, 1, 0, right));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> stream.launch(kernel, 1, 1, 1, 257, 0, right))
                    .withMessage("kernel: 257 threads a block; it takes 1 to 256");
            assertThatIllegalArgumentException().isThrownBy(() -> stream.launch(kernel, 1, 1, 1, 1, 48 << 10, right));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> stream.launch(kernel, 1, 1, 1, 1, 0, new Arguments(4).pointer(0)))
                    .withMessage("kernel: its parameters have [8, 4, 4, 8] bytes, but the arguments [8]");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> stream.launch(
                            kernel,
                            1,
                            1,
                            1,
                            1,
                            0,
                            new Arguments(4).integer(0).integer(0).integer(0).longInteger(0)))
                    .withMessageContaining("[4, 4, 4, 8]");
            assertThat(stub.calls("cuLaunchKernel")).isEqualTo(launches);
            kernel.setMaxDynamicShared(100 << 10);
            assertThat(stub.argument(14)).isEqualTo(100 << 10);
            stream.launch(kernel, 1, 1, 1, 1, 100 << 10, right);
            assertThatIllegalArgumentException().isThrownBy(() -> kernel.setMaxDynamicShared(227 << 10));
        }
        assertThatIllegalStateException()
                .isThrownBy(() -> new Arguments(1).integer(1).integer(2));
        assertThatIllegalArgumentException().isThrownBy(() -> new Arguments(0));
        assertThatIllegalArgumentException().isThrownBy(() -> cuda.load(new byte[0], "empty"));
    }

    @Test
    void anErrorIsOneLineAndPasses() {
        stub.answer("cuMemAlloc_v2", 2);
        assertThatExceptionOfType(CudaException.class)
                .isThrownBy(() -> cuda.allocate(1 << 20))
                .withMessage("CUDA: cuMemAlloc of 1048576 bytes: CUDA_ERROR_OUT_OF_MEMORY (2): out of memory;"
                        + " 0 of 1073741824 are allocated here")
                .satisfies(e -> assertThat(e.isOutOfMemory()).isTrue());
        stub.answer("cuMemAlloc_v2", 0);
        cuda.free(cuda.allocate(1 << 20));
        long kept = cuda.allocate(64);
        stub.answer("cuCtxSetCurrent", 1);
        assertThatExceptionOfType(CudaException.class).isThrownBy(() -> cuda.free(kept));
        stub.answer("cuCtxSetCurrent", 0);
        cuda.free(kept);
        stub.answer("cuModuleLoadDataEx", 209);
        assertThatExceptionOfType(CudaException.class)
                .isThrownBy(() -> cuda.load(new byte[] {1}, "kernels"))
                .withMessage(
                        "CUDA: cuModuleLoadData(kernels): CUDA_ERROR_OF_STUB (209): what the stub says; the device has"
                                + " capability 9.0, the driver serves CUDA 13.0; ptxas: line 1 | line 2");
        stub.answer("cuModuleLoadDataEx", 0);
        stub.answer("cuStreamCreate", 12345);
        assertThatExceptionOfType(CudaException.class)
                .isThrownBy(() -> cuda.stream())
                .withMessage("CUDA: cuStreamCreate: unknown error (12345): this driver has no text for it");
        stub.answer("cuStreamCreate", 0);
        assertThat(cuda.isBroken()).isFalse();
    }

    @Test
    void aFaultBreaksTheContextAndCloseStillGivesAllBack() {
        CuStream stream = cuda.stream();
        cuda.allocate(64);
        cuda.pinned(64);
        stub.answer("cuStreamSynchronize", 700);
        assertThatExceptionOfType(CudaException.class).isThrownBy(stream::synchronize);
        stub.answer("cuStreamSynchronize", 0);
        assertThat(cuda.isBroken()).isTrue();
        for (ThrowingCallable call :
                List.<ThrowingCallable>of(stream::synchronize, () -> cuda.allocate(1), cuda::freeBytes, cuda::event)) {
            assertThatExceptionOfType(CudaException.class)
                    .isThrownBy(call)
                    .withMessage(
                            "CUDA: the context is broken since cuStreamSynchronize: CUDA_ERROR_ILLEGAL_ADDRESS (700):"
                                    + " start the process anew to use this device");
        }
    }

    /** Of all that cuda.h says so of some that no kernel of ours should cause. */
    @ParameterizedTest
    @ValueSource(ints = {226, 702, 719, 721, 810, 911})
    void whatLeavesTheProcessInconsistentBreaksTheContext(int code) {
        CuStream stream = cuda.stream();
        stub.answer("cuStreamSynchronize", code);
        assertThatExceptionOfType(CudaException.class).isThrownBy(stream::synchronize);
        stub.answer("cuStreamSynchronize", 0);
        assertThat(cuda.isBroken()).isTrue();
    }

    @Test
    void aStreamIsGivenBackAfterWhatItWasTold() throws Exception {
        CuStream stream = cuda.stream();
        long destroyed = stub.calls("cuStreamDestroy_v2");
        stub.block(true);
        var closes = CompletableFuture.runAsync(stream::close, task -> new Thread(task).start());
        while (stub.waiting() == 0) {
            assertThat(closes).isNotDone();
        }
        assertThat(stub.calls("cuStreamDestroy_v2")).isEqualTo(destroyed);
        stub.block(false);
        closes.get(60, TimeUnit.SECONDS);
        assertThat(stub.calls("cuStreamDestroy_v2")).isEqualTo(destroyed + 1);
    }

    @Test
    void aFailureAtAnyCallLeavesNothing() {
        for (String call :
                List.of("cuStreamCreate", "cuEventCreate", "cuMemHostAlloc", "cuModuleLoadDataEx", "cuCtxSetCurrent")) {
            stub.answer(call, 999);
            assertThatExceptionOfType(CudaException.class).isThrownBy(() -> {
                cuda.stream();
                cuda.event();
                cuda.pinned(1);
                cuda.load(new byte[] {1}, "kernels");
            });
            stub.answer(call, 0);
        }
        stub.answer("cuDevicePrimaryCtxRetain", 2);
        assertThatExceptionOfType(CudaUnavailableException.class)
                .isThrownBy(Cuda::open)
                .withMessageContaining("no memory is left on the device for one more process");
        stub.answer("cuDevicePrimaryCtxRetain", 0);
    }

    @Test
    void captureBecomesAGraph() {
        try (CuStream stream = cuda.stream()) {
            stream.beginCapture();
            assertThat(stub.argument(15)).as("thread local").isEqualTo(1);
            CuGraph graph = stream.endCapture();
            CuGraphExec exec = graph.instantiate();
            exec.upload(stream);
            exec.launch(stream);
            assertThat(exec.update(graph)).isTrue();
            stub.answer("cuGraphExecUpdate_v2", 910);
            assertThat(exec.update(graph)).isFalse();
            stub.answer("cuGraphExecUpdate_v2", 0);
            stream.abandonCapture();
            stream.beginCapture();
            stream.abandonCapture();
            graph.close();
            assertThatIllegalStateException()
                    .isThrownBy(graph::instantiate)
                    .withMessage("the CUDA graph has been closed");
            exec.close();
        }
    }

    @Test
    void aVirtualThreadsCaptureIsNotTiedToItsCarrier() throws Exception {
        try (CuStream stream = cuda.stream()) {
            Thread.ofVirtual()
                    .start(() -> {
                        stream.beginCapture();
                        stream.abandonCapture();
                    })
                    .join();
            assertThat(stub.argument(15)).as("relaxed").isEqualTo(2);
        }
    }

    @Test
    void eventsKeepTimeIfAsked() {
        try (CuStream stream = cuda.stream();
                CuEvent start = cuda.timedEvent();
                CuEvent end = cuda.timedEvent();
                CuEvent plain = cuda.event()) {
            stream.record(start);
            stream.waitFor(start);
            stream.record(end);
            end.await();
            assertThat(end.millisSince(start)).isEqualTo(1.5f);
            assertThatIllegalArgumentException().isThrownBy(() -> end.millisSince(plain));
            assertThat(end.isReached()).isTrue();
            stub.answer("cuEventQuery", 600);
            assertThat(end.isReached()).isFalse();
            stub.answer("cuEventQuery", 0);
        }
    }

    @Test
    void closingWaitsForCallsAndIsFelt() throws Exception {
        CuStream stream = cuda.stream();
        stub.block(true);
        var waits = CompletableFuture.runAsync(stream::synchronize, task -> new Thread(task).start());
        while (stub.waiting() == 0) {
            Thread.onSpinWait();
        }
        var closes = CompletableFuture.runAsync(cuda::close, task -> new Thread(task).start());
        Thread.sleep(50);
        assertThat(closes).isNotDone();
        assertThatIllegalStateException().isThrownBy(() -> cuda.allocate(1)).withMessage("CUDA has been closed");
        stub.block(false);
        waits.get(60, TimeUnit.SECONDS);
        closes.get(60, TimeUnit.SECONDS);
        assertThatIllegalStateException()
                .isThrownBy(stream::synchronize)
                .withMessage("the CUDA stream has been closed");
        stream.close();
        cuda.close();
    }

    @Test
    void pinnedMemoryIsGoneWhenClosed() {
        PinnedMemory pinned = cuda.pinned(16);
        MemorySegment segment = pinned.segment();
        pinned.close();
        assertThatIllegalStateException().isThrownBy(() -> segment.get(JAVA_BYTE, 0));
        try (CuStream stream = cuda.stream()) {
            long a = cuda.allocate(16);
            assertThatIllegalStateException().isThrownBy(() -> stream.copyToDevice(a, segment, 16));
        }
    }

    @Test
    void whatBelongsToAnotherIsRefused() throws Exception {
        try (Cuda other = Cuda.open();
                CuStream stream = other.stream();
                CuEvent event = cuda.event()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> stream.record(event))
                    .withMessage("the CUDA event belongs to another Cuda");
        }
    }

    @Test
    void aLaunchAllocatesNothing() {
        try (CuStream stream = cuda.stream();
                CuModule module = cuda.load(new byte[] {1}, "kernels")) {
            CuFunction kernel = module.function("kernel");
            Arguments arguments = new Arguments(4);
            var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 20; round++) {
                long start = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 5000; i++) {
                    arguments.clear().pointer(i).integer(i).floating(i).longInteger(i);
                    stream.launch(kernel, 1, 1, 1, 32, 0, arguments);
                }
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - start);
            }
            assertThat(least / 5000).as("bytes a launch").isZero();
        }
    }
}
