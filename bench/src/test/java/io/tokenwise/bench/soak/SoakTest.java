package io.tokenwise.bench.soak;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tokenwise.api.Budget;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.bench.PeakMemory;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A soak finds what is wrong with what it calls. {@link SmallSoakTest}: and nothing wrong with small models of ours. */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class SoakTest {
    /** Too short to say anything about memory. */
    private static final double ANY_GROWTH = 100_000;

    private static final double SHORTEST_HOURS = .5 / 3600;

    /** Calls of three inputs alone, then together. */
    private static final int MAKING_EXPECTED = 4;

    private final StringWriter out = new StringWriter();
    private final AtomicInteger calls = new AtomicInteger();

    @TempDir
    private Path folder;

    @BeforeEach
    void proc() {
        assumeTrue(PeakMemory.isAvailable(), "there is no /proc");
    }

    private SoakReport soak(Door.Ask ask, AutoCloseable end) throws Exception {
        var door = new Door("fake", 3, List.of(Budget.FULL), 0, ask, () -> {});
        return new Soak(new Soak.Plan(SHORTEST_HOURS, 1, 8, 1, 100, ANY_GROWTH, 3), new PrintWriter(out))
                .run((_, _) -> new House(Map.of("fakes", List.of(door)), Map.of(), Map.of(), () -> 0, end));
    }

    private static List<byte[]> numbers(List<Integer> inputs) {
        return inputs.stream().map(input -> Bits.of((float) input)).toList();
    }

    @Test
    void whatAlwaysAnswersTheSameHolds() throws Exception {
        SoakReport report = soak((inputs, _, _) -> numbers(inputs), () -> {});
        assertThat(report.text()).doesNotContain("FAILS");
        assertThat(report.holds()).isTrue();
        assertThat(report.after().calls()).isPositive();
    }

    @Test
    void aBitThatChangesIsSeen() throws Exception {
        SoakReport report = soak(
                (inputs, _, _) -> calls.incrementAndGet() > MAKING_EXPECTED
                        ? inputs.stream()
                                .map(input -> Bits.of(Math.nextUp((float) input)))
                                .toList()
                        : numbers(inputs),
                () -> {});
        assertThat(report.holds()).isFalse();
        assertThat(report.failures().getFirst()).contains("fake", "changed, from byte");
    }

    @Test
    void aDeadlineThatNobodyHasGivenIsAFailure() throws Exception {
        SoakReport report = soak(
                (inputs, _, deadline) -> {
                    if (calls.incrementAndGet() > MAKING_EXPECTED
                            && deadline.left().toDays() > 1) {
                        throw new DeadlineException("the deadline passed");
                    }
                    return numbers(inputs);
                },
                () -> {});
        assertThat(report.holds()).isFalse();
        assertThat(report.failures().getFirst()).contains("DeadlineException");
    }

    @Test
    void aThreadThatIsLeftIsSeen() throws Exception {
        var over = new CountDownLatch(1);
        var thread = new AtomicReference<Thread>();
        SoakReport report = soak(
                (inputs, _, _) -> {
                    thread.compareAndSet(
                            null, Thread.ofPlatform().name("forgotten").start(() -> {
                                try {
                                    over.await();
                                } catch (InterruptedException e) {
                                    Thread.currentThread().interrupt();
                                }
                            }));
                    return numbers(inputs);
                },
                () -> {});
        over.countDown();
        assertThat(report.left()).contains("thread forgotten");
        assertThat(report.holds()).isFalse();
    }

    @Test
    void aFileThatIsLeftOpenIsSeen() throws Exception {
        Path file = Files.createFile(folder.resolve("forgotten"));
        var open = new AtomicReference<FileChannel>();
        SoakReport report = soak((inputs, _, _) -> numbers(inputs), () -> open.set(FileChannel.open(file)));
        open.get().close();
        assertThat(report.left()).containsExactly("descriptor " + file.toRealPath());
        assertThat(report.holds()).isFalse();
    }

    @Test
    void aConnectionThatIsLeftOpenIsSeenWithItsPorts() throws Exception {
        try (var listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            var open = new AtomicReference<Socket>();
            SoakReport report = soak(
                    (inputs, _, _) -> numbers(inputs),
                    () -> open.set(new Socket(listening.getInetAddress(), listening.getLocalPort())));
            int port = open.get().getLocalPort();
            open.get().close();
            assertThat(report.left())
                    .containsExactly("descriptor socket of port " + port + ", to port " + listening.getLocalPort()
                            + ", state 1");
        }
    }
}
