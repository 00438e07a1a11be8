package io.tokenwise.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MeasuredModelTest {
    private static final int DISTURBED_MILLIS = 30;

    private int runs;

    /** Two of three runs of 8 tokens, and all of 16. */
    private void disturb(List<int[]> inputs) {
        int tokens = inputs.getFirst().length;
        if (tokens == 16 || tokens == 8 && runs++ % 3 < 2) {
            try {
                Thread.sleep(DISTURBED_MILLIS);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Test
    void costsAreTheLeastThatRunsTookAndNoMoreThanThoseOfLongerInputs() {
        var measured = MeasuredModel.of(PretendedModel.doing(this::disturb), QueueOptions.defaults());

        assertThat(measured.costs().denseMicros(8)).isPositive().isLessThan(1000.0 * DISTURBED_MILLIS / 2);
        assertThat(measured.costs().denseMicros(16))
                .isGreaterThanOrEqualTo(measured.costs().denseMicros(8))
                .isLessThan(1000.0 * DISTURBED_MILLIS / 2);
    }

    /** A dense model of base's size under a clock of its own: a token takes some time, and more with the length. */
    private static final class LongTexts {
        private final double times;
        private long nanos;
        private double longMillis;
        private int longest;

        /** Before inputs of so many tokens have run, those from 128 on take four times as long. */
        private int slowUntil;

        /** What a call has its own. */
        private double callMicros = 500;

        /** The first runs of inputs of at least so many tokens take a dozen times as long. */
        private int slowTokens = Integer.MAX_VALUE;

        private int slowRuns;
        private final List<Integer> longRuns = new ArrayList<>();

        /** Tokens for which there is memory, and for which it is held. */
        private int memory = Integer.MAX_VALUE;

        private int held;

        /** @param times as slow as in 8 bits */
        LongTexts(double times) {
            this.times = times;
        }

        /** What an input takes alone. */
        double micros(int tokens) {
            return times * (callMicros + tokens * (300 + .2 * tokens));
        }

        private void run(List<int[]> inputs) {
            for (int[] input : inputs) {
                boolean slow = input.length >= 128 && longest < slowUntil && input.length < slowUntil;
                boolean first = input.length >= slowTokens && slowRuns-- > 0;
                nanos += Math.round(1000 * micros(input.length) * (first ? 12 : slow ? 4 : 1));
                if (input.length > memory) {
                    throw new IllegalStateException("workspace: the system refuses");
                }
                held = Math.max(held, input.length);
                if (input.length > 512) {
                    longRuns.add(input.length);
                }
                longest = Math.max(longest, input.length);
                longMillis += input.length > 512 ? micros(input.length) / 1000 : 0;
            }
        }

        MeasuredModel<PretendedModel.Result> measured(QueueOptions options) {
            return MeasuredModel.of(
                    new PretendedModel("long", false, 8_192, this::run, () -> held = 0), options, () -> nanos);
        }
    }

    @ParameterizedTest
    @CsvSource({".05, 8192", "1, 2048", "4, 1024", "30, 512"})
    void longInputsAreReckonedFromThoseThatThereWasTimeFor(double times, int longest) {
        var texts = new LongTexts(times);
        CostCurve costs = texts.measured(QueueOptions.defaults()).costs();

        assertThat(texts.longest).isEqualTo(longest);
        assertThat(texts.longMillis).isLessThan(5_000);
        assertThat(texts.held).isLessThanOrEqualTo(512);
        for (int tokens : new int[] {512, 1_500, 3_000, 8_192}) {
            assertThat(costs.denseMicros(tokens)).isCloseTo(texts.micros(tokens), withinPercentage(5));
        }
    }

    /** As if the JVM had compiled what attention of long texts runs only then. */
    @Test
    void whatWasSlowWhenItWasMeasuredIsKnownByLongerInputs() {
        var texts = new LongTexts(1);
        texts.slowUntil = 1_024;
        CostCurve costs = texts.measured(QueueOptions.defaults()).costs();

        for (int tokens : new int[] {128, 256, 512}) {
            assertThat(costs.denseMicros(tokens))
                    .isGreaterThan(.99 * texts.micros(tokens))
                    .isLessThanOrEqualTo(tokens * texts.micros(1_024) / 1_024);
        }
    }

    /** As where many threads have little to do in a short call. */
    @Test
    void whatACallHasItsOwnIsNoDisturbance() {
        var texts = new LongTexts(1);
        texts.callMicros = 100_000;
        CostCurve costs = texts.measured(QueueOptions.defaults()).costs();

        for (int tokens : new int[] {128, 256, 512, 1_024}) {
            assertThat(costs.denseMicros(tokens)).isCloseTo(texts.micros(tokens), withinPercentage(1));
        }
    }

    /** A model so slow that nothing longer is measured: all is reckoned from what ran first. */
    @Test
    void theLongestIsMeasuredAgainWhenAllOthersHaveRun() {
        var texts = new LongTexts(30);
        texts.slowTokens = 512;
        texts.slowRuns = 3;
        CostCurve costs = texts.measured(QueueOptions.defaults()).costs();

        assertThat(texts.longest).isEqualTo(512);
        assertThat(costs.denseMicros(8_192)).isCloseTo(texts.micros(8_192), withinPercentage(5));
    }

    @Test
    void aLongInputWhoseFirstRunTakesAllTheTimeIsNotRunAgainNorBelieved() {
        var texts = new LongTexts(1);
        texts.slowTokens = 1_024;
        texts.slowRuns = 1;
        CostCurve costs = texts.measured(QueueOptions.defaults()).costs();

        assertThat(texts.longRuns).containsExactly(1_024);
        assertThat(costs.denseMicros(8_192)).isCloseTo(texts.micros(8_192), withinPercentage(5));
    }

    @Test
    void longInputsForWhichThereIsNoMemoryAreNotMeasuredAndThoseThatWereLeaveNone() {
        var texts = new LongTexts(.05);
        texts.memory = 3_000;
        CostCurve costs = texts.measured(QueueOptions.defaults()).costs();

        assertThat(texts.longRuns).contains(2_048).doesNotContain(4_096);
        assertThat(texts.held).isLessThanOrEqualTo(512);
        assertThat(costs.denseMicros(8_192)).isCloseTo(texts.micros(8_192), withinPercentage(5));
    }

    /** It runs for sixteen seconds, not for the three that a straight line says. */
    @Test
    void whoComesBehindALongTextIsToldSo() {
        Control control = Control.auto(Duration.ofSeconds(10), .5);
        QueueOptions options = QueueOptions.defaults().withWorkers(1).withControl(control);
        var texts = new LongTexts(1);
        var measured = texts.measured(options);
        var load = new ModelLoad(measured.costs());
        var scheduler = new Scheduler<Entry>(options);
        scheduler.offer(List.of(entry(measured, load, control, 8_192, Entry.NEVER)), 0);
        Batch<Entry> running = scheduler.next(0);

        assertThat(running.endNanos() / 1000.0).isCloseTo(texts.micros(8_192), withinPercentage(5));
        assertThatThrownBy(() -> scheduler.offer(
                        List.of(entry(
                                measured,
                                load,
                                control,
                                16,
                                Duration.ofSeconds(10).toNanos())),
                        0))
                .isInstanceOfSatisfying(
                        OverloadedException.class,
                        refused -> assertThat(refused.retryAfter())
                                .isBetween(Duration.ofSeconds(5), Duration.ofSeconds(9)));
    }

    private static Entry entry(MeasuredModel<?> measured, ModelLoad load, Control control, int tokens, long dueNanos) {
        var request = new Request(new int[tokens], Deadline.NONE, BudgetRange.pinned(Budget.FULL));
        var timing = new Entry.Timing(0, Entry.NEVER, dueNanos);
        return new Entry(load, Choices.of(measured, control, request), true, tokens, timing);
    }
}
