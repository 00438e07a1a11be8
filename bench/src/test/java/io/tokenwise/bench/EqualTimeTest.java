package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.bench.Candidate.Kind;
import io.tokenwise.bench.Candidate.Series;
import io.tokenwise.bench.EqualTime.Placed;
import io.tokenwise.bench.FrontierResults.Comparison;
import io.tokenwise.bench.FrontierResults.Verdict;
import io.tokenwise.bench.TimeCurve.Point;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class EqualTimeTest {
    private static final Candidate DENSE = candidate("dense", Kind.DENSE, false, "");

    private final List<Placed> placed = new ArrayList<>();

    private static Candidate candidate(String key, Kind kind, boolean reachesDense, String setting) {
        return new Candidate(new Series(key, key, kind, reachesDense, false), setting, null);
    }

    /** A candidate whose quality in the draws is by so much less and so much more. */
    private void place(Candidate candidate, double time, double value, double spread) {
        placed.add(new Placed(candidate, new Point(time, value, new double[] {value - spread, value + spread})));
    }

    private EqualTime equalTime() {
        return EqualTime.of("128", Metric.NDCG_CRANFIELD, DENSE, placed);
    }

    private void list(double atHalf) {
        place(candidate("words", Kind.RIVAL, true, "0.5"), 0.5, atHalf, 0);
    }

    private void ours(double atHalf, double spread) {
        place(candidate("ours", Kind.OURS, false, "0.5"), 0.5, atHalf, spread);
        place(candidate("ours", Kind.OURS, false, "1"), 1, 0.5, 0);
    }

    @Test
    void holdsIfOursLosesAtMostHalfAndSurelySo() {
        place(DENSE, 1, 0.5, 0);
        list(0.46);
        ours(0.485, 0.005);
        Verdict verdict = equalTime().verdict(0.5);
        assertThat(verdict.bestRival()).isEqualTo("words");
        assertThat(verdict.holds()).isTrue();
        assertThat(verdict.sentence()).contains("ours 0.4850", "(words) 0.4600", "difference +0.0250");
        // The list goes on to dense: at .7 it has .476, ours .491.
        Verdict later = equalTime().verdict(0.7);
        assertThat(later.holds()).isTrue();
        assertThat(later.sentence()).contains("ours 0.4910", "(words) 0.4760");
    }

    @Test
    void failsIfOursLosesMoreThanHalf() {
        place(DENSE, 1, 0.5, 0);
        list(0.46);
        ours(0.479, 0);
        assertThat(equalTime().verdict(0.5).holds()).isFalse();
    }

    @Test
    void failsIfTheDifferenceMayBeChance() {
        place(DENSE, 1, 0.5, 0);
        list(0.46);
        ours(0.49, 0.031);
        assertThat(equalTime().verdict(0.5).holds()).isFalse();
    }

    @Test
    void theBestRivalDecidesAndASlowOneDoesNotCount() {
        place(DENSE, 1, 0.5, 0);
        list(0.46);
        place(candidate("static", Kind.RIVAL, false, ""), 0.002, 0.47, 0);
        place(candidate("int8", Kind.RIVAL, false, ""), 1.3, 0.499, 0);
        ours(0.49, 0);
        assertThat(equalTime().verdict(0.5).bestRival()).isEqualTo("static");
        assertThat(equalTime().atOurTimes().stream()
                        .filter(comparison -> comparison.timeShare() == 0.5)
                        .map(Comparison::rival))
                .containsExactly("words", "static");
    }

    @Test
    void ofARivalThatBeatsDenseHalfTheLossIsNoLossButMore() {
        place(DENSE, 1, 0.5, 0);
        list(0.52);
        ours(0.505, 0);
        Comparison comparison = equalTime().atOurTimes().getFirst();
        assertThat(comparison.difference()).isCloseTo(-0.015, within(1e-12));
        assertThat(comparison.halfTheirLoss()).isFalse();
    }

    @Test
    void withoutSomethingSoFastOursFailsAndWithoutRivalsNothingIsJudged() {
        place(DENSE, 1, 0.5, 0);
        list(0.46);
        place(candidate("ours", Kind.OURS, false, "1"), 0.8, 0.5, 0);
        assertThat(equalTime().verdict(0.5).holds()).isFalse();
        placed.removeIf(one -> one.candidate().name().equals("words-0.5"));
        assertThat(equalTime().verdict(0.8).holds()).isNull();
    }

    @Test
    void theThresholdNamesWhatIsJudged() {
        assertThat(EqualTime.THRESHOLD).contains("128 tokens and bulk", ".7 and .5");
        assertThat(EqualTime.THRESHOLD_SHARES).isEqualTo(Arrays.asList(0.7, 0.5));
    }
}
