package io.tokenwise.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.tokenwise.Engine;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(600)
class ExecutorModelsTest {
    private static final Settings SETTINGS =
            Settings.of("fake", Budget.Unit.FLOPS).withBackend(BackendChoice.FLOAT32);
    private static final Settings OTHERS =
            Settings.of("other", Budget.Unit.FLOPS).withBackend(BackendChoice.FLOAT32);

    private final FakeDoor door = new FakeDoor();

    private static void awaitCount(ExecutorModels models, int count) throws InterruptedException {
        while (models.count() > count) {
            Thread.sleep(1);
        }
    }

    @Test
    void tasksShareOneModelHoweverManyAskAtOnce() throws Exception {
        var models = new ExecutorModels(Duration.ofHours(1));
        int tasks = 8;
        var all = new CountDownLatch(tasks);
        try (var pool = Executors.newFixedThreadPool(tasks)) {
            List<Future<Engine>> engines = new ArrayList<>();
            for (int i = 0; i < tasks; i++) {
                engines.add(pool.submit(() -> models.ask(door, SETTINGS, engine -> {
                    all.countDown();
                    awaitQuietly(all);
                    return engine;
                })));
            }
            for (Future<Engine> engine : engines) {
                assertThat(engine.get()).isSameAs(engines.getFirst().get());
            }
        }
        assertThat(door.opened).isEqualTo(1);
        assertThat(models.count()).isEqualTo(1);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aModelThatNobodyAsksIsClosedAndOneInUseIsNot() throws Exception {
        var models = new ExecutorModels(Duration.ofMillis(1));
        Engine closed = models.ask(door, SETTINGS, engine -> {
            // Others come and go meanwhile, and it is asked and left again.
            try {
                models.ask(door, SETTINGS, same -> same);
                models.ask(door, OTHERS, other -> other);
                awaitCount(models, 1);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            engine.textEncoder("minilm-acm").close();
            return engine;
        });
        awaitCount(models, 0);
        assertThatIllegalStateException().isThrownBy(() -> awaitClosed(closed)).withMessage("the engine is closed");
        models.ask(door, SETTINGS, engine -> engine);
        assertThat(door.opened).isEqualTo(3);
    }

    /** It is taken from the map before it is closed. */
    private static void awaitClosed(Engine engine) throws IOException {
        while (true) {
            engine.textEncoder("minilm-acm").close();
        }
    }

    @Test
    void whatCouldNotBeOpenedIsTriedAgain() throws Exception {
        var models = new ExecutorModels(Duration.ofHours(1));
        var failing = new FakeDoor() {
            private static final long serialVersionUID = 1;

            @Override
            public Engine open(Engine engine, String model) throws IOException {
                super.open(engine, model);
                if (opened == 1) {
                    throw new IOException("not yet");
                }
                return engine;
            }
        };
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> models.ask(failing, SETTINGS, engine -> engine))
                .withMessage("not yet");
        models.ask(failing, SETTINGS, engine -> engine);
        assertThat(failing.opened).isEqualTo(2);
    }
}
