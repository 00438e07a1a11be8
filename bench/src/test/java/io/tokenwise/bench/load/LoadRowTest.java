package io.tokenwise.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.EOFException;
import java.net.ConnectException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LoadRowTest {
    private static final long TARGET_NANOS = 50_000_000;
    private static final long DELAY_NANOS = 250_000;
    private static final Load STEP = Load.step(4);

    @Test
    void sharesAreOfAllThatWasDue() {
        Outcome[] outcomes = {
            outcome(0.5, 0, false, 200, 10),
            outcome(0.6, 0, false, 200, 80),
            outcome(0.7, 0, false, 429, 1),
            outcome(0.8, 0, true, 200, 20),
            outcome(0.9, 0, false, 0, 5)
        };
        LoadRow row = LoadRow.of(STEP, Controller.BOTH, 1, outcomes, TARGET_NANOS);
        assertThat(row.within()).isEqualTo(0.4);
        assertThat(row.shed()).isEqualTo(0.2);
        assertThat(row.failed()).isEqualTo(0.2);
        assertThat(row.goodput()).isCloseTo(2 / 12.0, within(1e-12));
        assertThat(row.p50Millis()).isEqualTo(20);
        assertThat(row.p99Millis()).isEqualTo(80);
        assertThat(row.cosine()).isCloseTo(0.9, within(1e-12));
        assertThat(row.unanswered()).isEqualTo(Map.of("429", 1, "EOFException", 1));
        assertThat(row.settledSeconds()).isZero();
        assertThat(row.p99DelayMillis()).isEqualTo(0.25);
        assertThat(row.pinned()).isEqualTo(1);
        assertThat(row.pinnedWrong()).isEqualTo(1);
    }

    @Test
    void settledWhenTheLastLateWindowEnds() {
        var outcomes = new ArrayList<Outcome>();
        for (int i = 0; i < 1200; i++) {
            double second = i / 100.0;
            int phase = STEP.phaseAt(second);
            // Late for 0.6 seconds after the first change; windows are of a quarter of a second.
            boolean late = phase == 1 && second < 4.6;
            outcomes.add(outcome(second, phase, false, 200, late ? 90 : 10));
        }
        LoadRow row = LoadRow.of(STEP, Controller.BOTH, 1, outcomes.toArray(Outcome[]::new), TARGET_NANOS);
        assertThat(row.settledSeconds()).isEqualTo(0.75);
    }

    @Test
    void nineteenOfTwentyHaveTheFifthPercentile() {
        var outcomes = new Outcome[20];
        for (int i = 0; i < outcomes.length; i++) {
            outcomes[i] = outcome(0.1 * i, 0, false, 200, 10, i == 7 ? 0.2 : 0.5 + 0.01 * i);
        }
        LoadRow row = LoadRow.of(Load.poisson(1, 2), Controller.BOTH, 1, outcomes, TARGET_NANOS);
        assertThat(row.p5Cosine()).isEqualTo(0.2);
        outcomes[7] = outcome(0.7, 0, true, 200, 10, 0.2);
        row = LoadRow.of(Load.poisson(1, 2), Controller.BOTH, 1, outcomes, TARGET_NANOS);
        assertThat(row.p5Cosine()).as("without the pinned one").isEqualTo(0.5);
        assertThat(row.settledSeconds()).as("nothing has changed").isNaN();
    }

    @Test
    void whatADyingServerHadNotReadIsNotLost() {
        var arrival = new Arrival(0, 0, 0, false);
        Outcome unread =
                Outcome.failed(arrival, 1, 0, new Connections.NotTakenException(new ConnectException("refused")));
        assertThat(unread.kind()).isEqualTo("not taken (ConnectException)");
        assertThat(unread.failed()).isTrue();
        assertThat(unread.lost()).isFalse();
        assertThat(Outcome.refused(arrival, 1, 0, 503).lost()).isFalse();
        assertThat(Outcome.refused(arrival, 1, 0, 503).failed()).isTrue();
        assertThat(Outcome.refused(arrival, 1, 0, 500).lost()).isTrue();
        assertThat(Outcome.failed(arrival, 1, 0, new EOFException()).lost()).isTrue();
        assertThat(Outcome.refused(arrival, 1, 0, 504).failed()).isFalse();
    }

    @Test
    void boundsAreThoseOfTheIssue() {
        List<LoadRow> rows = List.of(
                row("1.3 x", Controller.BOTH, 0.995, 0, 300, 0.97),
                row("2.0 x", Controller.BOTH, 0.9, 0.1, 240, 0.9),
                row("2.0 x", Controller.SHEDDING, 0.5, 0.5, 201, 0.999));
        List<LoadBounds.Bound> bounds = LoadBounds.of(results(rows));
        assertThat(bounds).extracting(LoadBounds.Bound::holds).containsExactly(true, true, true, false, true);
        assertThat(results(rows).table()).contains("shedding only", "99.50%", "500: 1", "sent at most 0.25 ms late");
        assertThat(LoadPicture.svg(results(rows)))
                .contains("2.0 x", "shedding only")
                .endsWith("</svg>\n");
    }

    @Test
    void aBadSeedIsShownBesideTheMedian() {
        List<LoadRow> rows = List.of(
                row("1.3 x", Controller.BOTH, 0.995, 0, 300, 0.97),
                row("1.3 x", Controller.BOTH, 0.5, 0.1, 300, 0.96),
                row("1.3 x", Controller.BOTH, 0.999, 0, 300, 0.98),
                row("step .6 -> 1.3 -> .6", Controller.BOTH, 0.999, 0, 300, 0.98));
        List<LoadBounds.Bound> bounds = LoadBounds.of(results(rows));
        assertThat(bounds).extracting(LoadBounds.Bound::median).containsExactly(0.995, 0.0, 0.97, 0.5, 0.0);
        assertThat(bounds).extracting(LoadBounds.Bound::worst).containsExactly(0.5, 0.1, 0.96, 0.5, 0.0);
        assertThat(LoadBounds.text(results(rows)))
                .contains("worst seed   0.5000  holds", "of 200 pinned vectors, with other bits");
    }

    @Test
    void numbersAreThoseOfTheWireWhateverTheLocale() {
        Locale usual = Locale.getDefault();
        Locale.setDefault(Locale.GERMANY);
        try {
            assertThat(Controller.ORACLE.budget(Load.step(1), new Arrival(0, 1, 0, false)))
                    .isEqualTo("0.6923");
            assertThat(Load.poisson(1.3, 1).name()).isEqualTo("1.3 x");
        } finally {
            Locale.setDefault(usual);
        }
    }

    private static LoadResults results(List<LoadRow> rows) {
        return new LoadResults("a CPU", "25", "minilm-acm s8", 50, 200, rows);
    }

    private static LoadRow row(
            String load, Controller controller, double within, double shed, double goodput, double cosine) {
        return new LoadRow(
                load,
                controller.label(),
                1,
                1000,
                within,
                shed,
                0,
                Map.of("500", 1),
                goodput,
                5,
                40,
                60,
                cosine,
                cosine - 0.1,
                0.7,
                50,
                0,
                0.5,
                0.25);
    }

    private static Outcome outcome(double second, int phase, boolean pinned, int status, long millis) {
        return outcome(second, phase, pinned, status, millis, 0.9);
    }

    private static Outcome outcome(double second, int phase, boolean pinned, int status, long millis, double cosine) {
        var arrival = new Arrival((long) (second * 1e9), phase, 0, pinned);
        long nanos = millis * 1_000_000;
        return switch (status) {
            case 200 -> new Outcome(arrival, nanos, DELAY_NANOS, 200, "200", 0.7, cosine, false);
            case 0 -> Outcome.failed(arrival, nanos, DELAY_NANOS, new EOFException());
            default -> Outcome.refused(arrival, nanos, DELAY_NANOS, status);
        };
    }
}
