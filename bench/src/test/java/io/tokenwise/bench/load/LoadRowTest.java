package io.tokenwise.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LoadRowTest {
    private static final long TARGET_NANOS = 50_000_000;
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
    void boundsAreThoseOfTheIssue() {
        List<LoadRow> rows = List.of(
                row("1.3 x", Controller.BOTH, 0.995, 0, 300, 0.97),
                row("2.0 x", Controller.BOTH, 0.9, 0.1, 240, 0.9),
                row("2.0 x", Controller.SHEDDING, 0.5, 0.5, 201, 0.999));
        List<LoadBounds.Bound> bounds = LoadBounds.of(results(rows));
        assertThat(bounds).extracting(LoadBounds.Bound::holds).containsExactly(true, true, true, false, true);
        assertThat(results(rows).table()).contains("shedding only", "99.50%");
        assertThat(LoadPicture.svg(results(rows)))
                .contains("2.0 x", "shedding only")
                .endsWith("</svg>\n");
    }

    private static LoadResults results(List<LoadRow> rows) {
        return new LoadResults("a CPU", "25", "minilm-acm s8", 50, 200, rows);
    }

    private static LoadRow row(
            String load, Controller controller, double within, double shed, double goodput, double cosine) {
        return new LoadRow(
                load, controller.label(), 1, 1000, within, shed, 0, goodput, 5, 40, 60, cosine, 0.7, 50, 0, 0);
    }

    private static Outcome outcome(double second, int phase, boolean pinned, int status, long millis) {
        boolean answered = status == 200;
        return new Outcome(
                new Arrival((long) (second * 1e9), phase, 0, pinned),
                millis * 1_000_000,
                status,
                answered ? 0.7 : Double.NaN,
                answered ? 0.9 : Double.NaN,
                false);
    }
}
