package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.api.EngineOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class EmbedAsyncTest {
    private final CountDownLatch inside = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private TextEncoder encoder;

    @TempDir
    static Path folder;

    @BeforeAll
    static void write() throws IOException {
        TestModels.writeSmall(folder);
    }

    @BeforeEach
    void open() throws IOException {
        encoder = TextEncoder.open(folder.toString(), new EngineOptions(1, 64, 1, BackendChoice.FLOAT32, false));
        TestModels.acmize(encoder.model().encoder(), 4, TestModels.sequences(20));
    }

    @AfterEach
    void close() {
        goOn.countDown();
        encoder.close();
    }

    /** Takes the only session until {@link #goOn}. */
    private Thread block() throws InterruptedException {
        LearnerObserver blocking = (_, _, _, _) -> {
            inside.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        };
        Thread running = Thread.ofPlatform()
                .start(() -> encoder.model().sessions().encode(TestModels.sequences(3), Budget.FULL, blocking));
        inside.await();
        return running;
    }

    private CompletableFuture<List<Embedding>> ask(String text) {
        return encoder.embedAsync(EmbedRequest.of(text));
    }

    @Test
    void vectorsAreThoseOfACallThatWaits() throws Exception {
        List<CompletableFuture<List<Embedding>>> futures = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            futures.add(ask("text " + i));
        }
        for (int i = 0; i < 50; i++) {
            assertThat(futures.get(i).get(30, TimeUnit.SECONDS).getFirst().vector())
                    .isEqualTo(encoder.embed("text " + i).vector());
        }
    }

    @Test
    void itComputesOnADaemonOfTheEnginesOwn() throws Exception {
        Thread running = block();
        var thread = new AtomicReference<Thread>();
        CompletableFuture<Void> told = ask("a text").thenAccept(_ -> thread.set(Thread.currentThread()));
        goOn.countDown();
        running.join();
        told.get(30, TimeUnit.SECONDS);
        assertThat(thread.get().getName()).startsWith("tokenwise-call-");
        assertThat(thread.get().isDaemon()).isTrue();
    }

    /** A thread that serves others later must not keep what its first caller left to its children, a class loader least of all. */
    @Test
    void itsThreadsInheritNothingOfTheirCallers() throws Exception {
        var local = new InheritableThreadLocal<String>();
        var found = new AtomicReference<String>();
        var loader = new AtomicReference<ClassLoader>();
        Thread running = block();
        var caller = new Thread(() -> {
            local.set("the caller's");
            CompletableFuture<Void> told = ask("a text").thenAccept(_ -> {
                found.set(local.get());
                loader.set(Thread.currentThread().getContextClassLoader());
            });
            goOn.countDown();
            told.join();
        });
        caller.setContextClassLoader(new ClassLoader() {});
        caller.start();
        caller.join();
        running.join();
        assertThat(found.get()).isNull();
        assertThat(loader.get()).isSameAs(ClassLoader.getSystemClassLoader());
    }

    @Test
    void failuresAreTheCallers() {
        EmbedRequest wrong = EmbedRequest.of("a text").withBudget(Budget.of(0.5));
        assertThatThrownBy(() -> encoder.embedAsync(wrong).get(30, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("without a short path");
    }

    @Test
    void aCancelledCallIsNotComputed() throws Exception {
        Thread running = block();
        CompletableFuture<List<Embedding>> first = ask("waits for the session, on the only thread");
        CompletableFuture<List<Embedding>> second = ask("waits for the thread");
        CompletableFuture<List<Embedding>> last = ask("is computed");
        assertThat(first.cancel(true)).isTrue();
        assertThat(second.cancel(false)).isTrue();
        goOn.countDown();
        running.join();
        assertThat(last.get(30, TimeUnit.SECONDS)).hasSize(1);
        assertThat(first).isCancelled();
        assertThat(second).isCancelled();
    }

    @Test
    void aFutureFailsAtItsDeadlineThoughItsTurnHasNotCome() throws Exception {
        block();
        ask("has the only thread");
        CompletableFuture<List<Embedding>> late = encoder.embedAsync(
                EmbedRequest.of("waits for the thread").withDeadline(Deadline.in(Duration.ofMillis(50))));
        assertThatThrownBy(() -> late.get(30, TimeUnit.SECONDS))
                .cause()
                .isInstanceOf(DeadlineException.class)
                .hasMessage("the deadline passed");
    }

    @Test
    void closingFailsWhatWaitsAndLeavesNothingHanging() throws Exception {
        Thread running = block();
        List<CompletableFuture<List<Embedding>>> waiting = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            waiting.add(ask("text " + i));
        }
        Thread closing = Thread.ofPlatform().start(encoder::close);
        while (closing.getState() != Thread.State.WAITING) {
            Thread.sleep(1);
        }
        goOn.countDown();
        running.join();
        closing.join();
        waiting.add(ask("too late"));
        for (CompletableFuture<List<Embedding>> future : waiting) {
            assertThatThrownBy(() -> future.get(30, TimeUnit.SECONDS))
                    .cause()
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the model is closed");
        }
    }

    @Test
    void tooManyAreRefused() throws Exception {
        block();
        CompletableFuture<List<Embedding>> refused = null;
        for (int i = 0; i <= 16_384 + 1; i++) {
            refused = ask("a text");
        }
        CompletableFuture<List<Embedding>> last = refused;
        assertThat(last).isCompletedExceptionally();
        assertThatThrownBy(last::get)
                .cause()
                .isInstanceOf(RejectedExecutionException.class)
                .hasMessageStartingWith("16384 calls wait already");
    }

    @Test
    void aVirtualThreadHasItComputedOnAPlatformThread() throws Exception {
        float[] expected = encoder.embed("a text").vector();
        Thread running = block();
        var found = new AtomicReference<float[]>();
        Thread virtual =
                Thread.ofVirtual().start(() -> found.set(encoder.embed("a text").vector()));
        // Its call waits for the session on the engine's thread, not on a carrier.
        while (Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread ->
                        thread.getName().startsWith("tokenwise-call-") && thread.getState() == Thread.State.WAITING)) {
            Thread.sleep(1);
        }
        goOn.countDown();
        running.join();
        virtual.join();
        assertThat(found.get()).isEqualTo(expected);
    }

    @Test
    void aVirtualThreadsFailuresAreItsOwn() throws Exception {
        var failures = new ArrayList<Throwable>();
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        encoder.embed("a text", Budget.of(0.5));
                    } catch (IllegalArgumentException e) {
                        failures.add(e);
                    }
                })
                .join();
        block();
        Thread late = Thread.ofVirtual().start(() -> {
            try {
                encoder.embed(EmbedRequest.of("a text").withDeadline(Deadline.in(Duration.ofMillis(20))));
            } catch (DeadlineException e) {
                failures.add(e);
            }
        });
        late.join();
        Thread interrupted = Thread.ofVirtual().start(() -> {
            try {
                encoder.embed("a text");
            } catch (IllegalStateException e) {
                failures.add(e);
            }
        });
        interrupted.interrupt();
        interrupted.join();
        assertThat(failures).hasSize(3);
        assertThat(failures.getLast()).hasMessage("interrupted while waiting for the call's result");
    }
}
