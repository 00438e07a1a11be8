package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.api.EngineMXBean;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.audio.Sound;
import io.tokenwise.image.Image;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an engine says that it has done. */
@Timeout(60)
class EngineTotalsTest {
    private static final EngineOptions OPTIONS = new EngineOptions(1, 64, 1, BackendChoice.FLOAT32, false);

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
    void callsInputsAndTokensOfAllModels() throws Exception {
        List<String> texts = List.of("a text", "a longer text", "x ".repeat(36));
        try (Engine engine = Engine.open(OPTIONS)) {
            EngineMXBean state = engine.state();
            assertTotals(state, 0, 0, 0);
            TextEncoder text = engine.textEncoder(model("text"));
            // More than a batch.
            text.embed(texts);
            int tokens = texts.stream().mapToInt(text::countTokens).sum();
            assertThat(tokens).isEqualTo(4 + 5 + 38);
            assertTotals(state, 1, 3, tokens);
            text.embedAsync(EmbedRequest.of("a text")).get(30, TimeUnit.SECONDS);
            await(state::getAnsweredCalls, 2);
            Thread.ofVirtual().start(() -> text.embed("a text")).join();
            text.close();
            assertTotals(state, 3, 5, tokens + 2 * 4);
            ImageClassifier images = engine.imageClassifier(model("image"));
            images.classify(new Image(12, 12, new int[144]));
            tokens += 2 * 4 + images.model().files().image().tokens(new int[144]);
            assertTotals(state, 4, 6, tokens);
            SpeechRecognizer speech = engine.speechRecognizer(model("speech"));
            float[] noise = TestMoonshines.noise(1, 1);
            assertThat(speech.transcribe(noise)).hasSize(1);
            assertThat(state.getComputedInputs()).isEqualTo(7);
            assertThat(state.getComputedTokens()).isGreaterThan(tokens + 10);
            assertThat(state.getFailedCalls() + state.getExpiredCalls() + state.getCancelledCalls())
                    .isZero();
        }
    }

    /** A future is done, and then counted. */
    private static void await(LongSupplier total, long wanted) throws InterruptedException {
        while (total.getAsLong() < wanted) {
            Thread.sleep(1);
        }
        assertThat(total.getAsLong()).isEqualTo(wanted);
    }

    private static void assertTotals(EngineMXBean state, long calls, long inputs, long tokens) {
        assertThat(state.getAnsweredCalls()).isEqualTo(calls);
        assertThat(state.getComputedInputs()).isEqualTo(inputs);
        assertThat(state.getComputedTokens()).isEqualTo(tokens);
    }

    @Test
    void callsThatAreNotAnsweredByTheirReason() throws Exception {
        Engine engine = Engine.open(OPTIONS);
        EngineMXBean state = engine.state();
        TextEncoder text = engine.textEncoder(model("text"));
        EmbedRequest late = EmbedRequest.of("a text").withDeadline(Deadline.in(Duration.ZERO));
        assertThatThrownBy(() -> text.embed(late)).isInstanceOf(DeadlineException.class);
        assertThatThrownBy(() -> text.embedAsync(late).get(30, TimeUnit.SECONDS))
                .hasCauseInstanceOf(DeadlineException.class);
        await(state::getExpiredCalls, 2);

        var inside = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        Thread running = Thread.ofPlatform()
                .start(() -> text.model().lend(Deadline.NONE, _ -> {
                    inside.countDown();
                    assertThatCode(goOn::await).doesNotThrowAnyException();
                    return null;
                }));
        inside.await();
        text.embedAsync(EmbedRequest.of("waits for the session"));
        CompletableFuture<?> last = text.embedAsync(EmbedRequest.of("waits for a thread"));
        last.cancel(true);
        assertThat(state.getCancelledCalls()).isEqualTo(1);
        do {
            last = text.embedAsync(EmbedRequest.of("a text"));
        } while (!last.isDone());
        assertThat(last).isCompletedExceptionally();
        assertThatThrownBy(last::get).hasCauseInstanceOf(RejectedExecutionException.class);
        assertThat(state.getRefusedCalls()).isEqualTo(1);

        assertThat(state.getFailedCalls()).isZero();
        long answered = state.getAnsweredCalls();
        Thread closing = Thread.ofPlatform().start(engine::close);
        while (closing.getState() != Thread.State.WAITING) {
            Thread.sleep(1);
        }
        goOn.countDown();
        running.join();
        closing.join();
        assertThatThrownBy(() -> text.embed("a text")).hasMessage("the model is closed");
        assertThat(state.getFailedCalls()).isPositive();
        assertThat(state.getAnsweredCalls()).isGreaterThan(answered);
        assertThat(state.getComputedInputs()).isZero();
    }

    /** Between two segments a recording has no session. */
    @Test
    void aRecordingThatEndsBetweenTwoSegmentsIsCounted() throws IOException {
        float[] sound = Arrays.copyOf(TestMoonshines.noise(1.5, 1), 5 * Sound.SPEECH_HZ);
        System.arraycopy(TestMoonshines.noise(1, 2), 0, sound, 4 * Sound.SPEECH_HZ, Sound.SPEECH_HZ);
        try (Engine engine = Engine.open(OPTIONS)) {
            EngineMXBean state = engine.state();
            SpeechRecognizer speech = engine.speechRecognizer(model("speech"));
            var soon = Deadline.in(Duration.ofMillis(500));
            assertThatThrownBy(() -> speech.transcribe(Sound.of(Sound.SPEECH_HZ, sound), Budget.FULL, soon, _ -> {
                        while (!soon.hasPassed()) {
                            Thread.onSpinWait();
                        }
                    }))
                    .isInstanceOf(DeadlineException.class);
            assertThat(state.getExpiredCalls()).isEqualTo(1);
            assertThat(state.getFailedCalls()).isZero();
            // None, if the machine is stalled for so long.
            assertThat(state.getAnsweredCalls()).isLessThanOrEqualTo(1);
            assertThatThrownBy(() -> speech.transcribe(
                            Sound.of(Sound.SPEECH_HZ, sound),
                            _ -> Thread.currentThread().interrupt()))
                    .hasMessage("interrupted after 1 segment");
            assertThat(Thread.interrupted()).isTrue();
            assertThat(state.getFailedCalls()).isEqualTo(1);
            assertThat(state.getExpiredCalls()).isEqualTo(1);
        }
    }
}
