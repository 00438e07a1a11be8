package io.tokenwise.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TestModels;
import io.tokenwise.TextEncoder;
import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.model.InputKind;
import io.tokenwise.nn.VectorLength;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A list of three texts, each a batch of its own, that ends before all of them are computed. */
@Timeout(60)
class StopTest {
    private static final List<int[]> TEXTS = TestModels.sequences(40, 40, 40);
    private static final List<Budget> BUDGETS = Collections.nCopies(3, Budget.FULL);

    private static TextEncoder encoder;
    private static float[][] expected;

    private final AtomicInteger begun = new AtomicInteger();

    @BeforeAll
    static void open(@TempDir Path folder) throws IOException {
        TestModels.writeSmall(folder);
        encoder = TextEncoder.open(folder.toString(), new EngineOptions(1, 64, 1, BackendChoice.FLOAT32, false));
        TestModels.acmize(encoder.model().encoder(), 4, TestModels.sequences(20));
        expected = encoder.model().encode(TEXTS, BUDGETS);
    }

    @AfterAll
    static void close() {
        encoder.close();
    }

    @AfterEach
    void theSessionIsFreeAgain() {
        assertThat(encoder.model().encode(TEXTS, BUDGETS)).isDeepEqualTo(expected);
    }

    /** @param inFirst done while the first batch is computed */
    private void encode(Stop stop, Runnable inFirst) {
        encode(stop, Given.each(InputKind.TEXT, TEXTS.size()), 1, inFirst);
    }

    /** @param inBatch done while that batch is computed, of which the first is 1 */
    private void encode(Stop stop, Given given, int batch, Runnable inBatch) {
        LearnerObserver observer = (module, _, _, _) -> {
            if (module.equals("encoder.layer.0.mlp") && begun.incrementAndGet() == batch) {
                inBatch.run();
            }
        };
        encoder.model().sessions().encode(TEXTS, BUDGETS, VectorLength.DESCRIBED, given, observer, stop);
    }

    @Test
    void aDeadlineThatPassesInABatchEndsTheList() {
        var deadline = Deadline.in(Duration.ofMillis(500));
        // On a machine that is stalled it may pass before the first one.
        assertThatThrownBy(() -> encode(Stop.at(deadline), () -> {
                    while (!deadline.hasPassed()) {
                        Thread.onSpinWait();
                    }
                }))
                .isInstanceOf(DeadlineException.class)
                .hasMessage("the deadline passed after " + begun + " of 3 texts");
        assertThat(begun).hasValueLessThan(2);
    }

    @Test
    void aFutureThatIsCancelledInABatchEndsTheList() {
        var future = new CompletableFuture<Void>();
        assertThatThrownBy(() -> encode(new Stop(Deadline.NONE, future, 0), () -> future.cancel(false)))
                .isInstanceOf(CancellationException.class)
                .hasMessage("cancelled after 1 of 3 texts");
    }

    @Test
    void anInterruptInABatchEndsTheListAndIsKept() {
        assertThatThrownBy(() -> encode(Stop.NEVER, () -> Thread.currentThread().interrupt()))
                .isInstanceOf(IllegalStateException.class)
                .hasCauseInstanceOf(InterruptedException.class)
                .hasMessage("interrupted after 1 of 3 texts");
        assertThat(Thread.interrupted()).isTrue();
    }

    /** The inputs are the two parts of a text and, after one that was read before, the only one of another. */
    @ParameterizedTest
    @CsvSource({"1,1", "2,2"})
    void aTextOfWhichAPartIsMissingDoesNotCount(int batch, int texts) {
        var future = new CompletableFuture<Void>();
        var given = new Given("text", 3, 1, 0, 0, 2);
        assertThatThrownBy(() -> encode(new Stop(Deadline.NONE, future, 0), given, batch, () -> future.cancel(false)))
                .hasMessage("cancelled after " + texts + " of 3 texts");
    }
}
