package io.tokenwise.backend.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.tokenwise.ChildJvm;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Stream;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.model.Encoder;
import io.tokenwise.natives.cuda.CudaException;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The end of a backend: in the middle of work, twice, by a fault, or never. */
class ClosingOnDeviceTest {
    private static final int ILLEGAL_ADDRESS = 700;

    /**
     * Some closing is to come while a forward is captured. What once went wrong there was seen in 7 of 25 runs of 20 rounds: so 30 find it in four of ten runs, and 150, with
     * {@code -Dtokenwise.long=true}, in nine.
     */
    private static final int ROUNDS = Boolean.getBoolean("tokenwise.long") ? 150 : 30;

    /** By the second, Java says that memory is gone which the host was just reading or writing, without a call of the driver. */
    private static final String ENDED = ".+ has been closed|Already closed";

    @TempDir
    static Path folder;

    private static TinyModels models;

    private FakeControls controls;

    @BeforeAll
    static void write() throws IOException {
        models = TinyModels.write(folder);
    }

    @BeforeEach
    void start() {
        controls = FakeDevice.start();
    }

    @Test
    void closingWaitsForWhatRunsAndEndsTheRest() throws Exception {
        float[][] expected = expected();
        for (int round = 0; round < ROUNDS; round++) {
            CudaBackend device = TinyModels.device(Precision.BF16);
            try (Encoder encoder = models.load(TinyModels.ADAPTIVE, device);
                    var sessions = new Sessions(encoder, device, 256, 2)) {
                var done = new AtomicInteger();
                var first = encodeUntilClosed(sessions, expected, done);
                var second = encodeUntilClosed(sessions, expected, done);
                while (done.get() < 2) {
                    Thread.onSpinWait();
                }
                device.close();
                long calls = controls.counts().calls();
                assertThat(first.get(60, TimeUnit.SECONDS)).matches(ENDED);
                assertThat(second.get(60, TimeUnit.SECONDS)).matches(ENDED);
                assertThat(controls.counts().calls())
                        .as("calls of the driver after the end")
                        .isEqualTo(calls);
            }
            device.close();
            assertThat(controls.leaks()).isEmpty();
        }
    }

    private static CompletableFuture<String> encodeUntilClosed(
            Sessions sessions, float[][] expected, AtomicInteger done) {
        var message = new CompletableFuture<String>();
        new Thread(() -> {
                    try {
                        while (true) {
                            assertThat(sessions.encode(TinyModels.TEXTS, TinyModels.HALF, null))
                                    .isDeepEqualTo(expected);
                            done.incrementAndGet();
                        }
                    } catch (IllegalStateException e) {
                        message.complete(e.getMessage());
                    } catch (Throwable e) {
                        message.completeExceptionally(e);
                    }
                })
                .start();
        return message;
    }

    private static float[][] expected() throws IOException {
        try (CudaBackend device = TinyModels.device(Precision.BF16);
                Encoder encoder = models.load(TinyModels.ADAPTIVE, device)) {
            return TinyModels.encode(encoder);
        }
    }

    /** So that the next stream that is asked for is not made, but taken over. */
    private static void leaveAStream(CudaBackend device) throws InterruptedException {
        var left = new WeakReference<>(device.stream());
        while (!left.refersTo(null)) {
            System.gc();
            Thread.sleep(10);
        }
        Thread.sleep(50);
    }

    @Test
    void whatIsClosedRefusesWork() throws Exception {
        CudaBackend device = TinyModels.device(Precision.F32);
        try (Encoder encoder = models.load(TinyModels.ADAPTIVE, device);
                var sessions = new Sessions(encoder, device, 256, 1);
                Workspace workspace = device.workspace(Long.MAX_VALUE);
                Arena arena = Arena.ofShared()) {
            sessions.encode(TinyModels.TEXTS, TinyModels.HALF, null);
            Stream stream = device.stream();
            Tensor kept = device.allocate(arena, 3, 4);
            Tensor x = workspace.tensor(3, 4);
            HostTensor read = device.read(kept);
            HostTensor written = device.write(kept);
            // From here on it has no other stream to wait for, and need not ask the driver for what it is told.
            stream.add(x, x, x);
            leaveAStream(device);
            device.close();
            device.close();
            for (ThrowingCallable use : List.<ThrowingCallable>of(
                    () -> sessions.encode(TinyModels.TEXTS, TinyModels.HALF, null),
                    device::stream,
                    () -> device.allocate(arena, 1, 1),
                    () -> device.read(kept),
                    () -> device.write(kept),
                    () -> stream.read(x),
                    () -> stream.write(x),
                    () -> stream.add(x, x, x),
                    () -> read.get(0),
                    () -> written.set(0, 1),
                    written::close,
                    () -> device.workspace(Long.MAX_VALUE).tensor(1, 1),
                    () -> device.allocatePacked(arena, 64, 64),
                    () -> models.load(TinyModels.DENSE, device))) {
                assertThatIllegalStateException()
                        .isThrownBy(use)
                        .satisfies(e -> assertThat(e.getMessage()).hasLineCount(1));
            }
            read.close();
        }
        assertThat(controls.leaks()).isEmpty();
    }

    @Test
    void aBrokenContextFailsAtOnceEverywhereAndCanBeClosed() throws Exception {
        float[][] expected = expected();
        try (CudaBackend device = TinyModels.device(Precision.BF16);
                Encoder encoder = models.load(TinyModels.ADAPTIVE, device);
                var sessions = new Sessions(encoder, device, 256, 2)) {
            sessions.encode(TinyModels.TEXTS, TinyModels.HALF, null);
            Stream other = device.stream();
            leaveAStream(device);
            controls.failCall("cuStreamSynchronize", ILLEGAL_ADDRESS);
            assertThatExceptionOfType(CudaException.class)
                    .isThrownBy(() -> sessions.encode(TinyModels.TEXTS, TinyModels.HALF, null))
                    .withMessageStartingWith("CUDA: cuStreamSynchronize: CUDA_ERROR_ILLEGAL_ADDRESS (700): ");
            long calls = controls.counts().calls();
            try (Arena arena = Arena.ofShared()) {
                for (ThrowingCallable use : List.<ThrowingCallable>of(
                        () -> sessions.encode(TinyModels.TEXTS, TinyModels.HALF, null),
                        () -> other.read(device.allocate(arena, 1, 1)),
                        device::stream,
                        () -> device.allocate(arena, 1, 1),
                        () -> models.load(TinyModels.DENSE, device))) {
                    assertThatExceptionOfType(CudaException.class)
                            .isThrownBy(use)
                            .withMessage("CUDA: the context is broken since cuStreamSynchronize:"
                                    + " CUDA_ERROR_ILLEGAL_ADDRESS (700): start the process anew to use this device");
                }
            }
            assertThat(controls.counts().calls()).as("calls of the driver").isEqualTo(calls);
        }
        assertThat(controls.counts().bytesLive()).isZero();
        assertThat(expected()).isDeepEqualTo(expected);
    }

    /** What the other JVM does: a forward, and no closing, while another thread is in the middle of one. */
    static final class Leaver {
        private Leaver() {}

        public static void main(String[] arguments) throws Exception {
            FakeDevice.start();
            CudaBackend device = TinyModels.device(Precision.BF16);
            Encoder encoder = TinyModels.in(Path.of(arguments[0])).load(TinyModels.ADAPTIVE, device);
            var sessions = new Sessions(encoder, device, 256, 2);
            float[][] expected = sessions.encode(TinyModels.TEXTS, TinyModels.HALF, null);
            var done = new AtomicInteger();
            encodeUntilClosed(sessions, expected, done);
            while (done.get() < 3) {
                Thread.onSpinWait();
            }
            System.out.println("vectors " + expected.length);
            System.exit(0);
        }
    }

    @Test
    void leavingWithoutClosingIsNoCrash() throws Exception {
        for (int round = 0; round < 3; round++) {
            Process process = ChildJvm.of(List.of(), Leaver.class, folder.toString())
                    .redirectErrorStream(true)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), UTF_8);
            assertThat(process.waitFor()).as(output).isZero();
            assertThat(output).contains("vectors " + TinyModels.TEXTS.size());
        }
    }
}
