package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.api.EngineOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Callers of every kind while a model of the same engine is closed and opened: each call has the right vector or the right reason, and no session is lost. */
@Timeout(120)
class EngineLifeTest {
    private static final int CALLERS = 4;
    private static final int CALLS = 60;
    private static final int ROUNDS = 20;
    private static final String TEXT = "word ".repeat(20);

    private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final AtomicReference<TextEncoder> open = new AtomicReference<>();
    private float[] expected;

    @Test
    void nothingIsLostAndNothingElseIsThrown(@TempDir Path folder) throws Exception {
        TestModels.writeSmall(folder);
        String model = folder.toString();
        var options = new EngineOptions(2, 64, 2, BackendChoice.FLOAT32, false);
        try (Engine engine = Engine.open(options);
                TextEncoder stays = engine.textEncoder(model)) {
            expected = stays.embed(TEXT).vector();
            open.set(engine.textEncoder(model));
            var callers = new ArrayList<Thread>();
            for (int caller = 0; caller < CALLERS; caller++) {
                var random = new Random(caller);
                AtomicReference<TextEncoder> encoder = caller < CALLERS / 2 ? open : new AtomicReference<>(stays);
                Runnable calls = () -> call(encoder, random);
                Thread.Builder kind = caller % 2 == 0 ? Thread.ofPlatform() : Thread.ofVirtual();
                callers.add(kind.start(calls));
            }
            var ended = new AtomicBoolean();
            Thread closing = Thread.ofPlatform().start(() -> closeAndOpen(engine, model, ended));
            for (Thread caller : callers) {
                caller.join();
            }
            ended.set(true);
            closing.join();

            assertThat(failures).isEmpty();
            awaitIdle(engine);
            assertThat(engine.state().getModels()).hasSize(2);
            open.get().close();
            assertThat(engine.state().getWorkspaceBytes()).isZero();
            assertThat(stays.embed(TEXT).vector()).isEqualTo(expected);
        }
    }

    /** Often, because where the end meets a call is chance. */
    @Test
    void eachCallEndsWhenTheEngineIsClosed(@TempDir Path folder) throws Exception {
        TestModels.writeSmall(folder);
        for (int round = 0; round < ROUNDS; round++) {
            var options = new EngineOptions(2, 64, 2, BackendChoice.FLOAT32, false);
            Engine engine = Engine.open(options);
            TextEncoder encoder = engine.textEncoder(folder.toString());
            expected = encoder.embed(TEXT).vector();
            var callers = new ArrayList<Thread>();
            for (int caller = 0; caller < CALLERS; caller++) {
                var random = new Random(caller);
                Thread.Builder kind = caller % 2 == 0 ? Thread.ofPlatform() : Thread.ofVirtual();
                callers.add(kind.start(() -> callUntilClosed(encoder, random)));
            }
            Thread.sleep(round % 5);
            engine.close();
            for (Thread caller : callers) {
                caller.join();
            }
            assertThat(failures).isEmpty();
            assertThat(engine.state().getWorkspaceBytes()).isZero();
        }
    }

    private void callUntilClosed(TextEncoder encoder, Random random) {
        EmbedRequest request = EmbedRequest.of(List.of(TEXT, TEXT, TEXT, TEXT));
        while (true) {
            try {
                check(random.nextBoolean() ? encoder.embed(request) : async(encoder, request, random));
            } catch (CancellationException _) {
                Thread.onSpinWait();
            } catch (IllegalStateException e) {
                if (!e.getMessage().equals("the model is closed")) {
                    failures.add(e);
                }
                return;
            } catch (Throwable e) {
                failures.add(e);
                return;
            }
        }
    }

    private void closeAndOpen(Engine engine, String model, AtomicBoolean ended) {
        try {
            while (!ended.get()) {
                TextEncoder next = engine.textEncoder(model);
                open.getAndSet(next).close();
            }
        } catch (Throwable e) {
            failures.add(e);
        }
    }

    private void call(AtomicReference<TextEncoder> encoder, Random random) {
        for (int i = 0; i < CALLS; i++) {
            EmbedRequest request = EmbedRequest.of(List.of(TEXT, TEXT, TEXT, TEXT));
            if (random.nextInt(3) == 0) {
                request = request.withDeadline(Deadline.in(Duration.ofNanos(random.nextInt(1_000_000))));
            }
            try {
                check(random.nextBoolean() ? encoder.get().embed(request) : async(encoder.get(), request, random));
            } catch (DeadlineException | CancellationException _) {
                Thread.onSpinWait();
            } catch (IllegalStateException e) {
                if (!e.getMessage().equals("the model is closed")) {
                    failures.add(e);
                }
            } catch (Throwable e) {
                failures.add(e);
            }
        }
    }

    private static List<Embedding> async(TextEncoder encoder, EmbedRequest request, Random random) {
        CompletableFuture<List<Embedding>> future = encoder.embedAsync(request);
        if (random.nextInt(4) == 0) {
            future.cancel(false);
        }
        try {
            return future.join();
        } catch (CompletionException e) {
            throw (RuntimeException) e.getCause();
        }
    }

    private void check(List<Embedding> embeddings) {
        assertThat(embeddings)
                .hasSize(4)
                .allSatisfy(one -> assertThat(one.vector()).isEqualTo(expected));
    }

    /** What was cancelled may still end its batch. */
    private static void awaitIdle(Engine engine) throws InterruptedException {
        while (engine.state().getRunningCalls() > 0 || engine.state().getWaitingCalls() > 0) {
            Thread.sleep(1);
        }
    }
}
