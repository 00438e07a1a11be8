package io.tokenwise.bench.scale;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.bench.scale.Cluster.Hazards;
import io.tokenwise.bench.scale.Cluster.Shuffle;
import io.tokenwise.bench.scale.Cluster.Start;
import io.tokenwise.bench.scale.Cluster.Store;
import io.tokenwise.bench.scale.Outcome.Activity;
import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Against sums made by hand. */
class SimulationTest {
    private static final Offset<Double> EXACT = within(1e-6);

    /** 10 MB a second for each request, 20 for each executor, never short; a request waits .5 s and moves 4 MB. */
    private static final Store STORE = new Store(10, 20, Double.POSITIVE_INFINITY, 0.5, 4);

    private static Cluster cluster(int executors, int cores) {
        return new Cluster(executors, cores, 0, Start.NOTHING, STORE, new Shuffle(0.01), Hazards.NONE);
    }

    private static Outcome run(Cluster cluster, Stage... stages) {
        Outcome outcome = Simulation.run(cluster, List.of(stages), 1);
        double all = outcome.seconds() * cluster.allCores();
        assertThat(outcome.coreSeconds().values().stream()
                        .mapToDouble(Double::doubleValue)
                        .sum())
                .as("each second of each core went somewhere")
                .isCloseTo(all, within(1e-6 * all));
        return outcome;
    }

    private static double spent(Outcome outcome, Activity activity) {
        return outcome.coreSeconds().get(activity);
    }

    @Test
    void oneCoreTakesTheSumOfItsTasks() {
        Outcome outcome = run(cluster(1, 1), Stage.whole(7, 0, 3, 0, 0));
        assertThat(outcome.seconds()).isCloseTo(21, EXACT);
        assertThat(spent(outcome, Activity.COMPUTING)).isCloseTo(21, EXACT);
        assertThat(outcome.bound()).isEqualTo("cores");
    }

    @Test
    void coresThatHaveNoTaskLeftAreIdle() {
        Outcome outcome = run(cluster(2, 2), Stage.whole(5, 0, 3, 0, 0));
        assertThat(outcome.seconds()).isCloseTo(6, EXACT);
        assertThat(spent(outcome, Activity.IDLE)).isCloseTo(9, EXACT);
    }

    @Test
    void readingAndWritingTakeRequestsAndBandwidth() {
        // 10 MB are three requests and a second, 2 MB are one and .2 s.
        Outcome outcome = run(cluster(1, 1), Stage.whole(2, 10, 1, 0, 2));
        assertThat(outcome.seconds()).isCloseTo(2 * (1.5 + 1 + 1 + 0.5 + 0.2), EXACT);
        assertThat(outcome.requests()).isEqualTo(8);
        assertThat(outcome.readMegabytes()).isCloseTo(20, EXACT);
        assertThat(outcome.writtenMegabytes()).isCloseTo(4, EXACT);
    }

    @Test
    void coresOfAnExecutorShareItsNetwork() {
        Cluster four = new Cluster(1, 4, 0, Start.NOTHING, new Store(10, 20, 1e9, 0, 4), new Shuffle(0), Hazards.NONE);
        assertThat(run(four, Stage.whole(4, 10, 0, 0, 0)).seconds()).isCloseTo(2, EXACT);
    }

    @Test
    void allShareWhatTheStoreGives() {
        // Each of 100 cores could take 10 MB a second, the store gives 50.
        var store = new Store(10, 10, 50, 0, 4);
        Cluster starved = new Cluster(100, 1, 0, Start.NOTHING, store, new Shuffle(0), Hazards.NONE);
        Outcome outcome = run(starved, Stage.whole(200, 10, 0.1, 0, 0));
        assertThat(outcome.seconds()).as("2,000 MB").isBetween(40.0, 40.3);
        assertThat(outcome.shortSeconds()).isGreaterThan(39.8);
        assertThat(outcome.bound()).isEqualTo("object store");
        double twice = run(
                        new Cluster(200, 1, 0, Start.NOTHING, store, new Shuffle(0), Hazards.NONE),
                        Stage.whole(200, 10, 0.1, 0, 0))
                .seconds();
        assertThat(twice).as("more cores do not help").isBetween(40.0, 40.3);
    }

    @Test
    void aTransferThatBeginsLaterGetsItsPartFromThenOn() {
        // The first has 10 MB/s for a second; then two share 10 until its last 10 MB are through; then the second one
        // is alone.
        Cluster two = new Cluster(2, 1, 1, Start.NOTHING, new Store(10, 10, 10, 0, 4), new Shuffle(0), Hazards.NONE);
        Outcome outcome = run(two, Stage.whole(2, 20, 0, 0, 0));
        assertThat(outcome.seconds())
                .as("launched at 1 and 2; 40 MB at 10 MB/s")
                .isCloseTo(5, EXACT);
        assertThat(spent(outcome, Activity.IDLE)).as("the first ends at 4").isCloseTo(1, EXACT);
    }

    @Test
    void theDriverLaunchesOneTaskAfterTheOther() {
        Cluster many = new Cluster(100, 1, 0.01, Start.NOTHING, STORE, new Shuffle(0), Hazards.NONE);
        Outcome outcome = run(many, Stage.whole(10_000, 0, 0.1, 0, 0));
        assertThat(outcome.seconds()).isCloseTo(100.1, EXACT);
        assertThat(outcome.bound()).isEqualTo("driver");
    }

    @Test
    void executorsComeUpOneAfterTheOtherAndAreSlowAtFirst() {
        // Each 20 MB take the driver 2 s: they are up after 5 + 2 and 5 + 4 s; then 1 s to open and 3 s to warm up.
        Cluster cold = new Cluster(2, 1, 0, new Start(5, 20, 10, 1, 3), STORE, new Shuffle(0), Hazards.NONE);
        Outcome outcome = run(cold, Stage.whole(4, 0, 10, 0, 0));
        assertThat(outcome.seconds()).isCloseTo(9 + 4 + 20, EXACT);
        assertThat(spent(outcome, Activity.STARTING)).isCloseTo(7 + 9 + 2 * 4, EXACT);
    }

    @Test
    void aShuffleIsTwoStagesAndABlockForEachTaskOfBoth() {
        // 10 MB leave at the executor's 20 MB/s, and come in 8 blocks of 10 ms each.
        Outcome outcome = run(cluster(1, 1), new Stage(8, 0, 0, 0, 0, 0, 10, 0), new Stage(8, 0, 10, 8, 1, 0, 0, 0));
        assertThat(outcome.seconds()).isCloseTo(8 * 0.5 + 8 * (0.08 + 0.5 + 1), EXACT);
        assertThat(outcome.shuffledMegabytes()).isCloseTo(80, EXACT);
        assertThat(spent(outcome, Activity.SHUFFLING)).isCloseTo(8 * 1.08, EXACT);
    }

    @Test
    void failuresLengthenAndNothingIsMissing() {
        Stage stage = Stage.whole(2000, 1, 30, 0, 1);
        Outcome good = run(cluster(10, 2), stage);
        Cluster failing = new Cluster(10, 2, 0, new Start(10, 0, 1, 0, 0), STORE, new Shuffle(0), new Hazards(0, 5));
        Outcome bad = run(failing, stage);
        assertThat(bad.tasks()).isEqualTo(2000);
        assertThat(bad.repeated()).isBetween(20, 200);
        assertThat(bad.seconds()).isGreaterThan(good.seconds());
        assertThat(spent(bad, Activity.COMPUTING))
                .as("of tasks that came to their end")
                .isCloseTo(60_000, EXACT);
        assertThat(spent(bad, Activity.LOST))
                .as("each loses half a task, more or less")
                .isBetween(bad.repeated() * 10.0, bad.repeated() * 24.0);
    }

    @Test
    void aTaskThatDiesFourTimesEndsTheJob() {
        Cluster failing = new Cluster(1, 1, 0, new Start(1, 0, 1, 0, 0), STORE, new Shuffle(0), new Hazards(0, 3600));
        assertThatThrownBy(() -> Simulation.run(failing, List.of(Stage.whole(1, 0, 1000, 0, 0)), 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("a task died 4 times");
    }

    @Test
    void stragglersAreSlowAsOftenAndAsMuchAsIsSaid() {
        Cluster slow = new Cluster(10, 1, 0, Start.NOTHING, STORE, new Shuffle(0), new Hazards(0.1, 0));
        Outcome outcome = run(slow, Stage.whole(20_000, 0, 1, 0, 0));
        // Of 1.5 / sqrt(u), at most 10, the mean is 3 - 1.5^2 / 10 = 2.775: 1.775 are added in a tenth of the tasks,
        // with a standard error of 3 %.
        assertThat(spent(outcome, Activity.STRAGGLING)).isCloseTo(20_000 * 0.1 * 1.775, within(500.0));
    }

    @Test
    void partitionsDifferByTheirTexts() {
        Stage stage = Stage.whole(10_000, 0, 100, 5, 0);
        Outcome outcome = run(cluster(1, 1), stage);
        // Five standard errors of the mean.
        assertThat(outcome.seconds()).isCloseTo(1e6, within(5.0 * 5 * 100)).isNotEqualTo(1e6);
    }

    @Test
    void aSeedDecidesAll() {
        Cluster cluster =
                new Cluster(10, 2, 0.01, new Start(10, 1, 10, 1, 1), STORE, new Shuffle(0), new Hazards(0.05, 2));
        Stage stage = Stage.whole(500, 5, 20, 3, 5);
        List<Outcome> outcomes = IntStream.of(7, 7, 8)
                .mapToObj(seed -> Simulation.run(cluster, List.of(stage), seed))
                .toList();
        assertThat(outcomes.get(1)).isEqualTo(outcomes.get(0));
        assertThat(outcomes.get(2)).isNotEqualTo(outcomes.get(0));
    }
}
