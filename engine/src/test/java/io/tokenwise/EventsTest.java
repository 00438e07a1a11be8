package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.EngineOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Java Flight Recorder is told. */
class EventsTest {
    @TempDir
    Path folder;

    /** Where all threads are busy, that is where it waits. */
    @Test
    void theQueueIsAlsoThatForAThread() throws Exception {
        EngineOptions options =
                EngineOptions.defaults().withBackend(BackendChoice.FLOAT32).withConcurrentCalls(1);
        var inside = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        try (TextEncoder encoder = TextEncoder.open("minilm-acm", options);
                var recording = new Recording()) {
            recording.enable("io.tokenwise.Embed").withoutThreshold();
            recording.start();
            Thread running = Thread.ofPlatform()
                    .start(() -> encoder.model().lend(Deadline.NONE, _ -> {
                        inside.countDown();
                        assertThatCode(goOn::await).doesNotThrowAnyException();
                        return null;
                    }));
            inside.await();
            CompletableFuture<?> first = encoder.embedAsync(EmbedRequest.of("waits for the session"));
            String last = "waits for the thread of the first";
            CompletableFuture<?> second = encoder.embedAsync(EmbedRequest.of(last));
            long asked = System.nanoTime();
            Thread.sleep(20);
            long waited = System.nanoTime() - asked;
            goOn.countDown();
            CompletableFuture.allOf(first, second).get(30, TimeUnit.SECONDS);
            running.join();
            assertThat(events(recording))
                    .hasSize(2)
                    .filteredOn(event -> event.getLong("tokens") == encoder.countTokens(last))
                    .singleElement()
                    .satisfies(event -> assertThat(event.getLong("queueNanos")).isGreaterThanOrEqualTo(waited));
        }
    }

    private List<RecordedEvent> events(Recording recording) throws IOException {
        recording.stop();
        Path file = folder.resolve("calls.jfr");
        recording.dump(file);
        return RecordingFile.readAllEvents(file);
    }

    @Test
    void aRecordingHasWhatACallCost() throws IOException {
        EngineOptions options = EngineOptions.defaults().withBackend(BackendChoice.FLOAT32);
        try (TextEncoder encoder = TextEncoder.open("minilm-acm", options);
                var recording = new Recording()) {
            encoder.embed("not recorded");
            recording.enable("io.tokenwise.Embed").withoutThreshold();
            recording.start();
            Embedding half = encoder.embed("word ".repeat(98), Budget.of(0.5));
            encoder.embed(List.of("word ".repeat(28), "word ".repeat(68)), List.of(Budget.FULL, Budget.of(0.5)));
            encoder.embed(List.of());
            List<RecordedEvent> events = events(recording);
            assertThat(events).hasSize(2);
            RecordedEvent first = events.getFirst();
            assertThat(first.getString("model")).isEqualTo("minilm-acm");
            assertThat(first.getInt("texts")).isEqualTo(1);
            assertThat(first.getLong("tokens")).isEqualTo(100);
            assertThat(first.getDouble("budget")).isEqualTo(0.5);
            assertThat(first.getDouble("spent")).isCloseTo(half.spent().time(), within(1e-9));
            assertThat(first.getLong("queueNanos")).isNotNegative();
            assertThat(first.getLong("computeNanos"))
                    .isPositive()
                    .isLessThanOrEqualTo(first.getDuration().toNanos() + 1_000_000_000L);
            RecordedEvent second = events.get(1);
            assertThat(second.getInt("texts")).isEqualTo(2);
            assertThat(second.getLong("tokens")).isEqualTo(100);
            assertThat(second.getDouble("budget")).isCloseTo(0.65, within(1e-9));
            assertThat(second.getDouble("spent")).isBetween(0.5, 0.75);
        }
    }

    /** Of each hidden word there are as many numbers as the vocabulary has words, but the layers run once. */
    @Test
    void aTextOfManyHiddenWordsIsReadOnce() throws IOException {
        Path model = folder.resolve("words");
        SparseEncoderTest.write(model, "bert", "bert", "Bert", "bert.", Map.of("max_position_embeddings", 220));
        try (MaskFiller filler = MaskFiller.open(model.toString());
                var recording = new Recording()) {
            recording.enable("io.tokenwise.Embed").withoutThreshold();
            recording.start();
            assertThat(filler.fill("[MASK] ".repeat(200), 1)).hasSize(200);
            assertThat(events(recording))
                    .singleElement()
                    .satisfies(event -> assertThat(event.getLong("tokens")).isEqualTo(202));
        }
    }
}
