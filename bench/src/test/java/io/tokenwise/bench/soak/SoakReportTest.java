package io.tokenwise.bench.soak;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SoakReportTest {
    private static final Soak.Plan PLAN = new Soak.Plan(2, 1, 64, .25, 1000, 64, 1);

    private static Reading reading(double minute, double resident, double nativeMemory) {
        return new Reading(minute, 100, 3, resident, 50, 30, nativeMemory, 90, 40);
    }

    private static SoakReport report(List<Reading> readings, double nativeAfter, String... left) {
        return report(readings, reading(0, 400, nativeAfter), Map.of("engine", 90L, "server", 10L), left);
    }

    private static SoakReport report(List<Reading> readings, Reading after, Map<String, Long> answers, String... left) {
        return new SoakReport(
                PLAN, reading(0, 300, 20), readings, after, 500, answers, Map.of(), List.of(), List.of(left), 0, 0, 10);
    }

    private static List<Reading> growing(double perMinute) {
        var readings = new ArrayList<Reading>();
        for (int minute = 0; minute <= 120; minute++) {
            // What comes before minute 10 does not count.
            readings.add(reading(minute, minute < 10 ? 500 : 1000 + perMinute * minute, 20));
        }
        return readings;
    }

    @Test
    void memoryThatGrowsByLittleHolds() {
        SoakReport report = report(growing(.5), 20);
        assertThat(report.holds()).isTrue();
        Slopes resident = report.slopes().getFirst();
        assertThat(resident.atFirst()).isEqualTo(1005);
        assertThat(resident.growth()).isEqualTo(55);
        assertThat(resident.perHour()).isCloseTo(30, within(1e-9));
        assertThat(report.text()).contains("| resident MiB | 1005.0 | 1060.0 | 1060.0 | +30.00 |", "55.0 MiB more");
    }

    @Test
    void aSlowLeakDoesNot() {
        SoakReport report = report(growing(.6), 20);
        assertThat(report.holds()).isFalse();
        assertThat(report.text()).contains("66.0 MiB more at most, 64.0 allowed: FAILS");
    }

    @Test
    void norDoesWhatGoesUpAndDown() {
        List<Reading> readings = growing(0);
        readings.set(60, reading(60, 1065, 20));
        assertThat(report(readings, 20).holds()).isFalse();
    }

    @Test
    void norDoesWhatIsLeft() {
        assertThat(report(growing(0), 84).holds()).isTrue();
        assertThat(report(growing(0), 85).holds()).isFalse();
        SoakReport thread = report(growing(0), 20, "thread tokenwise-call-3");
        assertThat(thread.holds()).isFalse();
        assertThat(thread.text()).contains("left when all was closed: [thread tokenwise-call-3]: FAILS");
    }

    @Test
    void norDoWeightsThatStay() {
        Map<String, Long> answers = Map.of("engine", 100L);
        assertThat(report(growing(0), reading(0, 564, 20), answers).holds()).isTrue();
        SoakReport report = report(growing(0), reading(0, 565, 20), answers);
        assertThat(report.holds()).isFalse();
        assertThat(report.text()).contains("565.0 MiB, 1000.0 just before, of which 500.0 at least were weights");
    }

    @Test
    void norDoesAGroupThatAnswersNobody() {
        SoakReport report = report(growing(0), reading(0, 400, 20), Map.of("engine", 100L, "server", 0L));
        assertThat(report.holds()).isFalse();
        assertThat(report.text()).contains("server=0").contains("of callers by {");
    }
}
