package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.audio.Sound;
import io.tokenwise.image.Image;
import io.tokenwise.session.Sessions;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.management.ObjectName;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Several models on one engine. */
@Timeout(60)
class EngineTest {
    private static final EngineOptions OPTIONS = new EngineOptions(2, 64, 2, BackendChoice.FLOAT32, false);
    private static final Image IMAGE = new Image(12, 12, new int[144]);

    @TempDir
    static Path folder;

    @BeforeAll
    static void write() throws IOException {
        TestModels.writeSmall(folder.resolve("text"));
        TestVits.writeSmall(folder.resolve("image"));
        TestMoonshines.writeSmall(folder.resolve("speech"));
    }

    private static String model(String name) {
        return folder.resolve(name).toString();
    }

    @Test
    void allKindsOfModelsShareItsSessions() throws Exception {
        float[] noise = TestMoonshines.noise(1, 1);
        try (TextEncoder ownText = TextEncoder.open(model("text"), OPTIONS);
                ImageClassifier ownImage = ImageClassifier.open(model("image"), OPTIONS);
                SpeechRecognizer ownSpeech = SpeechRecognizer.open(model("speech"), OPTIONS);
                Engine engine = Engine.open(OPTIONS);
                TextEncoder text = engine.textEncoder(model("text"));
                ImageClassifier image = engine.imageClassifier(model("image"));
                SpeechRecognizer speech = engine.speechRecognizer(model("speech"));
                var callers = Executors.newFixedThreadPool(6)) {
            float[] vector = ownText.embed("a text").vector();
            double[] probabilities = ownImage.classify(IMAGE).probabilities();
            List<TimedText> texts = ownSpeech.transcribe(noise);
            List<Future<?>> calls = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                calls.add(callers.submit(
                        () -> assertThat(text.embed("a text").vector()).isEqualTo(vector)));
                calls.add(callers.submit(
                        () -> assertThat(image.classify(IMAGE).probabilities()).isEqualTo(probabilities)));
                calls.add(callers.submit(
                        () -> assertThat(speech.transcribe(noise)).isEqualTo(texts)));
            }
            for (Future<?> call : calls) {
                call.get(30, TimeUnit.SECONDS);
            }
            assertThat(engine.options()).isEqualTo(OPTIONS);
            assertThat(engine.description()).startsWith("vector (").endsWith(", f32, 2 threads");
        }
    }

    @Test
    void aClosedModelLeavesTheOthersAndTheirMemoryAlone() throws IOException {
        try (Engine engine = Engine.open(OPTIONS);
                TextEncoder text = engine.textEncoder(model("text"))) {
            SpeechRecognizer speech = engine.speechRecognizer(model("speech"));
            float[] vector = text.embed("a text").vector();
            speech.transcribe(Sound.of(Sound.SPEECH_HZ, TestMoonshines.noise(20, 1)), Budget.FULL);
            long withSpeech = text.model().sessions().workspaceBytes();
            long limit = Sessions.memoryLimit(text.model().encoder(), 64);
            assertThat(withSpeech).isGreaterThan(2 * limit);
            speech.close();
            speech.close();
            assertThatThrownBy(() -> speech.transcribe(TestMoonshines.noise(1, 1)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the model is closed");
            assertThat(text.model().sessions().workspaceBytes()).isZero();
            assertThat(text.embed("a text").vector()).isEqualTo(vector);
            assertThat(text.model().sessions().workspaceBytes()).isBetween(1L, 2 * limit);
        }
    }

    /** Its session may be the one that is never lent again, because few call. */
    @Test
    void aCallThatRunsWhileAModelIsClosedGivesItsMemoryBackAtItsEnd() throws Exception {
        try (Engine engine = Engine.open(OPTIONS);
                TextEncoder text = engine.textEncoder(model("text"))) {
            TextEncoder other = engine.textEncoder(model("text"));
            TestModels.acmize(text.model().encoder(), 4, TestModels.sequences(20));
            var inside = new CountDownLatch(1);
            var goOn = new CountDownLatch(1);
            LearnerObserver blocking = (_, _, _, _) -> {
                inside.countDown();
                assertThatCode(goOn::await).doesNotThrowAnyException();
            };
            Thread running = Thread.ofPlatform()
                    .start(() -> text.model().sessions().encode(TestModels.sequences(3), Budget.FULL, blocking));
            inside.await();
            other.close();
            long held = engine.state().getWorkspaceBytes();
            goOn.countDown();
            running.join();
            assertThat(held).isPositive();
            assertThat(engine.state().getWorkspaceBytes()).isZero();
            assertThat(text.embed("a text").tokens()).isEqualTo(4);
        }
    }

    /** What the models need takes turns in the same sessions: growing, shrinking and growing again. */
    @Test
    void memoryIsNoMoreThanTheLargestModelNeeds() throws IOException {
        EngineOptions one = OPTIONS.withConcurrentCalls(1);
        try (Engine engine = Engine.open(one);
                TextEncoder text = engine.textEncoder(model("text"));
                ImageClassifier image = engine.imageClassifier(model("image"))) {
            long most = Math.max(
                    Sessions.memoryLimit(text.model().encoder(), 64),
                    Sessions.memoryLimit(image.model().encoder(), 64));
            for (int i = 0; i < 200; i++) {
                text.embed(List.of("word ".repeat(i % 38), "another"));
                image.classify(Collections.nCopies(1 + i % 7, IMAGE));
                assertThat(text.model().sessions().workspaceBytes()).isLessThanOrEqualTo(most);
            }
        }
    }

    @Test
    void closingWaitsForACallThatRunsAndRefusesTheOneThatWaits() throws Exception {
        Engine engine = Engine.open(OPTIONS.withConcurrentCalls(1));
        TextEncoder encoder = engine.textEncoder(model("text"));
        TestModels.acmize(encoder.model().encoder(), 4, TestModels.sequences(20));
        var inside = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        LearnerObserver blocking = (_, _, _, _) -> {
            inside.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        };
        try (var callers = Executors.newCachedThreadPool()) {
            Future<float[][]> running = callers.submit(
                    () -> encoder.model().sessions().encode(TestModels.sequences(3), Budget.FULL, blocking));
            inside.await();
            Future<Embedding> waiting = callers.submit(() -> encoder.embed("waits"));
            Thread closing = Thread.ofPlatform().start(engine::close);
            while (closing.getState() != Thread.State.WAITING) {
                Thread.sleep(1);
            }
            assertThatThrownBy(() -> engine.textEncoder(model("text")))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the engine is closed");
            goOn.countDown();
            assertThat(running.get(30, TimeUnit.SECONDS)).hasNumberOfRows(1);
            assertThatThrownBy(() -> waiting.get(30, TimeUnit.SECONDS))
                    .hasRootCauseInstanceOf(IllegalStateException.class)
                    .hasRootCauseMessage("the model is closed");
            closing.join();
        }
        engine.close();
        encoder.close();
        assertThatThrownBy(() -> encoder.embed("late")).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> engine.textEncoder(model("text")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the engine is closed");
    }

    @Test
    void aModelThatCannotBeOpenedLeavesTheEngineOpen() throws IOException {
        try (Engine engine = Engine.open(OPTIONS)) {
            assertThatThrownBy(() -> engine.textEncoder(model("image")))
                    .hasMessageContaining("a text encoder is wanted");
            assertThatThrownBy(() -> engine.textEncoder(model("absent"))).hasMessageContaining("absent");
            try (TextEncoder encoder = engine.textEncoder(model("text"))) {
                assertThat(encoder.embed("fine").tokens()).isEqualTo(3);
            }
        }
    }

    /** Whichever fails first, of a model with an engine of its own: its files, or what they hold. */
    @Test
    void aModelThatCannotBeOpenedLeavesNoThreads() throws Exception {
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        assertThatThrownBy(() -> TextEncoder.open(model("absent"), OPTIONS)).hasMessageContaining("absent");
        assertThatThrownBy(() -> TextEncoder.open(model("image"), OPTIONS))
                .hasMessageContaining("a text encoder is wanted");
        while (Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread -> !before.contains(thread) && thread.getName().startsWith("tokenwise-worker"))) {
            Thread.sleep(1);
        }
    }

    @Test
    void itTellsOfItselfIfAsked() throws Exception {
        var server = ManagementFactory.getPlatformMBeanServer();
        var all = new ObjectName("io.tokenwise:type=Engine,*");
        try (Engine _ = Engine.open(OPTIONS)) {
            assertThat(server.queryNames(all, null)).isEmpty();
        }
        try (Engine engine = Engine.open(OPTIONS.withManagement(true));
                Engine _ = Engine.open(OPTIONS.withManagement(true));
                TextEncoder encoder = engine.textEncoder(model("text"))) {
            encoder.embed("a text");
            var name = new ObjectName("io.tokenwise:type=Engine,id=1");
            assertThat(server.queryNames(all, null))
                    .isEqualTo(Set.of(name, new ObjectName("io.tokenwise:type=Engine,id=2")));
            assertThat((String[]) server.getAttribute(name, "Models")).containsExactly(model("text"));
            assertThat(server.getAttribute(name, "ConcurrentCalls")).isEqualTo(2);
            assertThat(server.getAttribute(name, "RunningCalls")).isEqualTo(0);
            assertThat(server.getAttribute(name, "WaitingCalls")).isEqualTo(0);
            assertThat((long) server.getAttribute(name, "WorkspaceBytes")).isPositive();
            assertThat(server.getAttribute(name, "Precision")).isEqualTo("f32");
            assertThat(server.getAttribute(name, "AnsweredCalls")).isEqualTo(1L);
            assertThat(server.getAttribute(name, "ComputedTokens")).isEqualTo((long) encoder.countTokens("a text"));
        }
        assertThat(server.queryNames(all, null)).isEmpty();
    }

    @Test
    void aModelIsWarmedUp() throws IOException {
        try (Engine engine = Engine.open(OPTIONS)) {
            TextEncoder text = engine.textEncoder(model("text"));
            text.warmUp();
            assertThat(text.model().sessions().workspaceBytes()).isPositive();
            text.close();
            assertThatThrownBy(text::warmUp).isInstanceOf(IllegalStateException.class);
        }
    }
}
