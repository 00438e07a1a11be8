package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.session.Sessions;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TextEncoderTest {
    private String small;
    private List<String> texts;

    @BeforeAll
    void write(@TempDir Path directory) throws IOException {
        TestModels.writeSmall(directory.resolve("small"));
        small = directory.resolve("small").toString();
        texts = WordNet.load().examples().subList(0, 200);
    }

    private TextEncoder open(int threads, int batchTokens, int concurrentCalls) throws IOException {
        return TextEncoder.open(
                small, new EngineOptions(threads, batchTokens, concurrentCalls, BackendChoice.FLOAT32, false));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 16})
    void manyThreadsGetTheVectorsThatOneGets(int concurrentCalls) throws Exception {
        try (TextEncoder alone = open(1, 256, 1);
                TextEncoder shared = open(3, 256, concurrentCalls);
                ExecutorService executor = Executors.newFixedThreadPool(8)) {
            List<Embedding> expected = alone.embed(texts);
            List<Callable<Void>> calls = new ArrayList<>();
            for (int caller = 0; caller < 8; caller++) {
                int first = caller;
                calls.add(() -> {
                    for (int i = first; i < texts.size(); i++) {
                        assertSame(shared.embed(texts.get(i)), expected.get(i));
                    }
                    List<Embedding> together = shared.embed(texts);
                    for (int i = 0; i < texts.size(); i++) {
                        assertSame(together.get(i), expected.get(i));
                    }
                    return null;
                });
            }
            for (Future<Void> call : executor.invokeAll(calls)) {
                call.get();
            }
        }
    }

    private static void assertSame(Embedding found, Embedding expected) {
        assertThat(found.vector()).isEqualTo(expected.vector());
        assertThat(found.tokens()).isEqualTo(expected.tokens());
    }

    @Test
    void bigListsAreCutIntoBatches() throws IOException {
        List<String> many = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            many.addAll(texts);
        }
        try (TextEncoder encoder = open(2, 64, 1)) {
            int tokens =
                    many.stream().mapToInt(text -> encoder.embed(text).tokens()).sum();
            assertThat(tokens).isGreaterThan(100 * 64);
            List<Embedding> embeddings = encoder.embed(many);
            assertThat(embeddings).hasSize(many.size());
            for (int i = 0; i < many.size(); i++) {
                assertSame(embeddings.get(i), encoder.embed(many.get(i)));
            }
            assertThat(encoder.model().sessions().workspaceBytes())
                    .isLessThanOrEqualTo(Sessions.memoryLimit(encoder.model().encoder(), 64));
            assertThat(encoder.embed(List.of())).isEmpty();
        }
    }

    /** Whatever the lengths, the memory that a session is limited to suffices. */
    @Test
    void everyMixOfLengthsFitsTheMemoryLimit() throws IOException {
        try (TextEncoder encoder = open(2, 128, 1)) {
            TestModels.acmize(encoder.model().encoder(), 4, TestModels.sequences(40));
            for (int length : new int[] {1, 2, 3, 7, 40}) {
                int[] lengths = new int[128 / length];
                Arrays.fill(lengths, length);
                // A workspace that has grown already would hide that growing needs more.
                try (var sessions = new Sessions(
                        encoder.model().encoder(),
                        encoder.model().encoder().parameters().backend(),
                        128,
                        1)) {
                    assertThat(sessions.encode(TestModels.sequences(lengths), Budget.FULL, null))
                            .hasDimensions(
                                    lengths.length, encoder.model().encoder().hidden());
                    assertThat(sessions.workspaceBytes())
                            .isLessThanOrEqualTo(
                                    Sessions.memoryLimit(encoder.model().encoder(), 128));
                }
            }
        }
    }

    @Test
    void longTextsAreCutAndTheCallerLearnsOfIt() throws IOException {
        try (TextEncoder encoder = open(1, 64, 1)) {
            int most = encoder.model().files().text().maxTokens();
            Embedding fits = encoder.embed("word ".repeat(most - 2));
            assertThat(fits.truncated()).isFalse();
            assertThat(fits.tokens()).isEqualTo(most);
            Embedding cut = encoder.embed("word ".repeat(most - 1));
            assertThat(cut.truncated()).isTrue();
            assertThat(cut.tokens()).isEqualTo(most);
            assertThat(cut.vector()).isEqualTo(fits.vector());
            Embedding huge = encoder.embed("many words ".repeat(100_000 / 11));
            assertThat(huge.truncated()).isTrue();
            assertThat(huge.tokens()).isEqualTo(most);
            // No space to cut at.
            assertThat(encoder.embed("x".repeat(100_000)).vector())
                    .hasSize(encoder.model().encoder().hidden());
        }
    }

    @Test
    void strangeTextsHaveVectors() throws IOException {
        try (TextEncoder encoder = open(1, 64, 1)) {
            List<String> strange = List.of(
                    "",
                    " ",
                    "\0",
                    "a\0b",
                    "\n\t\r",
                    "\ud800",
                    "a\udc00b",
                    "\ud83d",
                    "\ud83d\ude00",
                    "\uffff",
                    "\u202e");
            for (String text : strange) {
                Embedding embedding = encoder.embed(text);
                double squares = 0;
                for (float value : embedding.vector()) {
                    squares += value * value;
                }
                assertThat(squares).as("squared length of the vector").isBetween(0.999, 1.001);
                assertThat(embedding.truncated()).isFalse();
            }
            // [CLS] and [SEP] remain.
            assertThat(encoder.embed("").tokens()).isEqualTo(2);
        }
    }

    @Test
    void eachTextHasABudget() throws IOException {
        try (TextEncoder encoder = open(1, 64, 1)) {
            TestModels.acmize(encoder.model().encoder(), 4, TestModels.sequences(40));
            TestModels.randomizeGates(encoder.model().encoder(), 0.3);
            List<Budget> budgets = List.of(Budget.FULL, Budget.flops(0.4), Budget.hard(0.4), Budget.fixed(0.25));
            List<String> some = texts.subList(0, budgets.size());
            List<Embedding> together = encoder.embed(some, budgets);
            for (int i = 0; i < some.size(); i++) {
                assertSame(together.get(i), encoder.embed(some.get(i), budgets.get(i)));
            }
            assertThatThrownBy(() -> encoder.embed(some, budgets.subList(0, 3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("embed: 4 texts and 3 budgets; give one for each");
        }
    }

    @Test
    void closedEncoderSaysSo() throws IOException {
        TextEncoder encoder = open(2, 64, 1);
        encoder.embed("one");
        encoder.close();
        encoder.close();
        for (String text : List.of("one", "")) {
            assertThatThrownBy(() -> encoder.embed(text))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the model is closed");
        }
        assertThatThrownBy(() -> encoder.model().sessions().encode(TestModels.sequences(3), Budget.FULL, null))
                .isInstanceOf(IllegalStateException.class);
        assertThat(encoder.model().sessions().workspaceBytes()).isZero();
    }

    @Test
    void closeWaitsForRunningCalls() throws Exception {
        try (ExecutorService executor = Executors.newFixedThreadPool(5)) {
            for (int round = 0; round < 5; round++) {
                TextEncoder encoder = open(2, 64, 2);
                List<Embedding> expected = encoder.embed(texts);
                var started = new CountDownLatch(4);
                List<Future<Integer>> callers = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    callers.add(executor.submit(() -> {
                        int calls = 0;
                        started.countDown();
                        try {
                            while (true) {
                                List<Embedding> found = encoder.embed(texts);
                                for (int j = 0; j < found.size(); j++) {
                                    assertSame(found.get(j), expected.get(j));
                                }
                                calls++;
                            }
                        } catch (IllegalStateException e) {
                            assertThat(e).hasMessage("the model is closed");
                        }
                        return calls;
                    }));
                }
                started.await();
                Thread.sleep(20);
                encoder.close();
                for (Future<Integer> caller : callers) {
                    caller.get(30, TimeUnit.SECONDS);
                }
            }
        }
    }

    @Test
    void interruptedWaiterIsToldAndNothingIsLost() throws Exception {
        try (TextEncoder encoder = open(1, 64, 1)) {
            var inside = new CountDownLatch(1);
            var goOn = new CountDownLatch(1);
            TestModels.acmize(encoder.model().encoder(), 4, TestModels.sequences(20));
            LearnerObserver blocking = (module, learners, tokens, gated) -> {
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
            var failure = new AtomicReference<Throwable>();
            Thread waiter = Thread.ofPlatform().start(() -> {
                try {
                    encoder.embed("waits for the only session");
                } catch (IllegalStateException e) {
                    failure.set(Thread.currentThread().isInterrupted() ? e : null);
                }
            });
            while (waiter.getState() != Thread.State.WAITING) {
                Thread.sleep(1);
            }
            waiter.interrupt();
            assertThat(waiter.join(Duration.ofSeconds(30))).isTrue();
            assertThat(failure.get()).hasMessage("interrupted while waiting for a free session");
            goOn.countDown();
            running.join();
            assertThat(encoder.embed("the session is free again").vector()).isNotEmpty();
        }
    }

    @Test
    void failedCallGivesItsSessionBack() throws IOException {
        try (TextEncoder encoder = open(2, 64, 1)) {
            TestModels.acmize(encoder.model().encoder(), 4, TestModels.sequences(20));
            float[][] expected = encoder.model().sessions().encode(TestModels.sequences(5), Budget.FULL, null);
            LearnerObserver failing = (module, learners, tokens, gated) -> {
                throw new ArithmeticException("observer");
            };
            for (int i = 0; i < 10; i++) {
                assertThatThrownBy(
                                () -> encoder.model().sessions().encode(TestModels.sequences(5), Budget.FULL, failing))
                        .hasMessage("observer");
                assertThatThrownBy(
                                () -> encoder.model().sessions().encode(List.of(new int[] {40_000}), Budget.FULL, null))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("embeddingSum: row 40000 is outside a matrix of 30522 rows");
                assertThatThrownBy(() -> encoder.model().sessions().encode(List.of(new int[41]), Budget.FULL, null))
                        .hasMessage("embeddingSum: sequence 0 has 41 tokens, there are 40 positions");
                assertThatThrownBy(() -> encoder.model().sessions().encode(List.of(new int[0]), Budget.FULL, null))
                        .hasMessage("a sequence without tokens cannot be encoded");
            }
            assertThat(encoder.model().sessions().encode(TestModels.sequences(5), Budget.FULL, null))
                    .isDeepEqualTo(expected);
        }
    }

    @Test
    void queriesAndPassagesGetTheModelsPrefixes() throws IOException {
        try (TextEncoder encoder = TextEncoder.open("e5-small")) {
            assertSame(encoder.embedQuery("a river", Budget.FULL), encoder.embed("query: a river"));
            assertSame(encoder.embedQuery("a river"), encoder.embed("query: a river"));
            assertSame(encoder.embedPassages(List.of("the Rhine")).getFirst(), encoder.embed("passage: the Rhine"));
        }
    }

    @Test
    void idsAreWhatTheModelReads() throws IOException {
        try (TextEncoder encoder = TextEncoder.open("e5-small")) {
            assertThat(encoder.ids("a river", InputType.TEXT))
                    .isEqualTo(encoder.tokenize("a river").stream()
                            .mapToInt(TextToken::id)
                            .toArray());
            int[] query = encoder.ids("a river", InputType.QUERY);
            assertThat(query).isEqualTo(encoder.ids("query: a river", InputType.TEXT));
            assertThat(encoder.countTokens("a river", InputType.QUERY)).isEqualTo(query.length);
            String tooLong = "river ".repeat(1_000);
            assertThat(encoder.ids(tooLong, InputType.PASSAGE)).hasSize(encoder.maxTokens());
            assertThat(encoder.countTokens(tooLong, InputType.PASSAGE)).isEqualTo(1_004);
        }
    }

    /** As where a parallel stream's elements all wait for the model that the first one opens. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void opensThoughTheCommonPoolIsBusy() throws IOException {
        var opened = new CountDownLatch(1);
        for (int i = 0; i < ForkJoinPool.getCommonPoolParallelism(); i++) {
            ForkJoinPool.commonPool().submit(() -> {
                opened.await();
                return null;
            });
        }
        try (TextEncoder encoder = open(1, 64, 1)) {
            assertThat(encoder.embed("fine").tokens()).isEqualTo(3);
        } finally {
            opened.countDown();
        }
    }

    @Test
    void nullTextIsRefusedAndOthersGoOn() throws IOException {
        try (TextEncoder encoder = open(1, 64, 1)) {
            assertThatThrownBy(() -> encoder.embed(Collections.singletonList(null)))
                    .isInstanceOf(NullPointerException.class)
                    .hasMessage("embed: text 1 of 1 is null; leave it out, or give \"\"");
            assertThat(encoder.embed("fine").tokens()).isEqualTo(3);
        }
    }
}
