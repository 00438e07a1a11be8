package io.tokenwise.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.Budget;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The controller in the simulator, whose clock is virtual: no machine is too slow for it. */
class ControllerTest {
    private static SimulationResult run(Simulation.Setting setting) {
        return new Simulation(setting).run();
    }

    private static Simulation.Setting auto(double load, long seed) {
        return Simulation.Setting.of(Loads.AUTO, second -> load, seed);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void aThirdTooMuchLoadIsHeldByTheBudget(long seed) {
        var result = run(auto(1.3, seed));

        assertThat(result.shareInTime()).isGreaterThanOrEqualTo(0.99);
        assertThat(result.shed()).isZero();
        assertThat(result.meanCosine()).isGreaterThanOrEqualTo(0.96);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void atTwiceTheLoadMoreIsDoneThanBySheddingAlone(long seed) {
        var both = run(auto(2, seed));
        var shedding = run(Simulation.Setting.of(Loads.AUTO.with(false, false, true), second -> 2, seed));

        assertThat((double) both.inTime() / both.offered())
                .isGreaterThanOrEqualTo(1.2 * shedding.inTime() / shedding.offered());
        assertThat(shedding.shareInTime()).isGreaterThan(0.9);
    }

    /** Three times is about what least budgets can do; pinned requests overtake what waits. */
    @ParameterizedTest
    @CsvSource({"3, false", "3, true", "5, false", "5, true"})
    void farTooMuchIsRefusedAndNotAnsweredLate(double load, boolean withDeadlines) {
        var result = run(auto(load, 1).withClients(0.05, withDeadlines)).between(5, 20);

        assertThat(result.shareInTime()).isGreaterThanOrEqualTo(0.98);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void itSettlesWithinASecondAfterAStep(long seed) {
        var result = run(Simulation.Setting.of(Loads.AUTO, Loads.STEP, seed));

        for (int second = 0; second < 20; second++) {
            assertThat(result.between(second, second + 1).shareInTime())
                    .as("second %d", second)
                    .isGreaterThanOrEqualTo(0.99);
        }
        assertThat(result.between(6, 12).meanShare()).isBetween(0.7, 0.95);
        assertThat(result.between(13, 20).meanCosine()).isGreaterThan(0.998);
    }

    @Test
    void withoutLoadEverythingHasItsLargestBudget() {
        var result = run(auto(0.4, 1));

        assertThat(result.meanShare()).isEqualTo(1);
        assertThat(result.shed()).isZero();
    }

    @Test
    void pinnedRequestsKeepTheirBudgetAndTheOthersTheTarget() {
        var result = run(auto(1.3, 1).withClients(0.3, false));

        assertThat(result.answered().stream().filter(request -> request.pinned))
                .hasSizeGreaterThan(2000)
                .allMatch(request -> request.budget.equals(Budget.FULL));
        assertThat(result.shareInTime()).isGreaterThanOrEqualTo(0.99);
        assertThat(result.shed()).isZero();
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.7, 1.3})
    void aWrongCostCurveIsCorrected(double slowness) {
        var result = run(auto(1.2, 1).withSlowness(second -> slowness));

        assertThat(result.shareInTime()).isGreaterThanOrEqualTo(0.99);
        assertThat(result.shed()).isZero();
    }

    /** As by a machine that was busy then: of 16 tokens a third of a second has been seen, where they take less than a millisecond. */
    @ParameterizedTest
    @CsvSource({
        "20, 0.2, false",
        "20, 0.5, false",
        "600, 0.2, false",
        "600, 0.5, false",
        "20, 0.5, true",
        "600, 0.5, true"
    })
    void costsThatWereMeasuredFarTooHighAreForgottenWithinASecond(double times, double load, boolean withDeadlines) {
        var result = run(auto(load, 1).withClients(0, withDeadlines).withCostsTooHigh(times));

        assertThat(result.shed() + result.expired()).isLessThan(5);
        assertThat(result.shedSeconds()).allMatch(second -> second < 0.5);
        assertThat(result.between(0.5, 20).meanShare()).isEqualTo(1);
        assertThat(result.shareInTime()).isGreaterThanOrEqualTo(0.99);
    }

    @Test
    void aNoisyNeighbourIsSurvived() {
        var result = run(auto(0.8, 1).withSlowness(second -> second >= 8 && second < 12 ? 2 : 1));

        assertThat(result.shareInTime()).isGreaterThanOrEqualTo(0.99);
        assertThat(result.between(14, 20).meanCosine()).isGreaterThan(0.99);
    }

    @Test
    void severalWorkersShareTheLoad() {
        var result = run(auto(1.3, 1).withWorkers(4));

        assertThat(result.shareInTime()).isGreaterThanOrEqualTo(0.99);
        assertThat(result.meanCosine()).isGreaterThanOrEqualTo(0.96);
    }

    @Test
    void whatIsKnownOfLossesIsWorthSomething() {
        var priced = run(auto(1.3, 1));
        var even = run(auto(1.3, 1).withoutLosses());

        assertThat(priced.meanCosine()).isGreaterThan(even.meanCosine() + 0.005);
    }
}
