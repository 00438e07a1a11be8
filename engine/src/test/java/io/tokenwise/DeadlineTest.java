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
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DeadlineTest {
    private static TextEncoder encoder;

    @BeforeAll
    static void open(@TempDir Path folder) throws IOException {
        TestModels.writeSmall(folder);
        encoder = TextEncoder.open(folder.toString(), new EngineOptions(1, 64, 1, BackendChoice.FLOAT32, false));
        TestModels.acmize(encoder.model().encoder(), 4, TestModels.sequences(20));
    }

    @AfterAll
    static void close() {
        encoder.close();
    }

    @Test
    void deadlinesCountFromNow() {
        assertThat(Deadline.NONE.hasPassed()).isFalse();
        assertThat(Deadline.NONE.left()).isGreaterThan(Duration.ofDays(365));
        assertThat(Deadline.in(Duration.ZERO).hasPassed()).isTrue();
        assertThat(Deadline.in(Duration.ofSeconds(-1)).left()).isZero();
        assertThat(Deadline.in(Duration.ofSeconds(Long.MIN_VALUE)).hasPassed()).isTrue();
        assertThat(Deadline.in(Duration.ofSeconds(Long.MAX_VALUE)).hasPassed()).isFalse();
        assertThat(Deadline.in(Duration.ofHours(1)).left()).isBetween(Duration.ofMinutes(50), Duration.ofHours(1));
    }

    @Test
    void nothingIsComputedAfterADeadlineThatHasPassed() {
        EmbedRequest request = EmbedRequest.of(List.of("one", "two"));
        assertThatThrownBy(() -> encoder.embed(request.withDeadline(Deadline.in(Duration.ZERO))))
                .isInstanceOf(DeadlineException.class)
                .hasMessage("the deadline passed after 0 of 2 texts");
        assertThat(encoder.embed(request.withDeadline(Deadline.in(Duration.ofHours(1)))))
                .hasSize(2);
    }

    /** Each part is a batch of its own. */
    @Test
    void whatIsSplitCountsAsTheTextThatItIsOf() {
        String text = "many words ".repeat(40);
        EmbedRequest request = EmbedRequest.of(List.of(text, "one", text)).withLongTexts(LongTexts.SPLIT);
        assertThatThrownBy(() -> encoder.embed(request.withDeadline(Deadline.in(Duration.ZERO))))
                .hasMessage("the deadline passed after 0 of 3 texts");
        Thread.currentThread().interrupt();
        try {
            assertThatThrownBy(() -> encoder.embed(request)).hasMessage("interrupted after 1 of 3 texts");
        } finally {
            Thread.interrupted();
        }
    }

    @Test
    void waitingForASessionEndsAtTheDeadline() throws Exception {
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
        Thread running = Thread.ofPlatform()
                .start(() -> encoder.model().sessions().encode(TestModels.sequences(3), Budget.FULL, blocking));
        inside.await();
        try {
            EmbedRequest request = EmbedRequest.of("waits").withDeadline(Deadline.in(Duration.ofMillis(50)));
            assertThatThrownBy(() -> encoder.embed(request))
                    .isInstanceOf(DeadlineException.class)
                    .hasMessage("the deadline passed while waiting for one of 1 calls to end");
            assertThat(encoder.embed(EmbedRequest.of(List.of()).withDeadline(Deadline.in(Duration.ofMillis(50)))))
                    .as("nothing to wait for")
                    .isEmpty();
        } finally {
            goOn.countDown();
            running.join();
        }
        assertThat(encoder.embed("the session is free again").vector()).isNotEmpty();
    }
}
