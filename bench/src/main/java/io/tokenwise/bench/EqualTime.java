package io.tokenwise.bench;

import io.tokenwise.bench.Candidate.Kind;
import io.tokenwise.bench.FrontierResults.Comparison;
import io.tokenwise.bench.FrontierResults.Verdict;
import io.tokenwise.bench.TimeCurve.Point;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Ours and its rivals at equal time, at one length and by one metric.
 *
 * @param length of the texts
 * @param metric a mean over queries
 * @param dense the base: time 1
 * @param ours its curve
 * @param rivals their curves, by the keys of their series
 */
record EqualTime(String length, Metric metric, Point dense, TimeCurve ours, Map<String, TimeCurve> rivals) {
    /** What was written down before anything was measured (issue 22). */
    static final String THRESHOLD =
            "At .7 and .5 of dense time, 128 tokens and bulk, our loss of nDCG@10 (Cranfield and"
                    + " gloss search) is at most half of the best rival's, the untrained list included, and the 95 % interval of"
                    + " the difference is above 0.";

    static final List<Double> THRESHOLD_SHARES = List.of(0.7, 0.5);
    static final List<String> THRESHOLD_LENGTHS = List.of("128", TimedTexts.BULK);

    /** By which the comparisons are. */
    static final List<Metric> METRICS = List.of(Metric.NDCG_CRANFIELD, Metric.NDCG_GLOSSES);

    /**
     * A candidate's time and quality.
     *
     * @param point its time as a share of the base's, and its quality
     */
    record Placed(Candidate candidate, Point point) {}

    /** Makes curves of the candidates' points. */
    static EqualTime of(String length, Metric metric, Candidate base, List<Placed> placed) {
        Point dense = placed.stream()
                .filter(one -> one.candidate.equals(base))
                .findFirst()
                .orElseThrow()
                .point;
        Map<String, List<Point>> rivals = new LinkedHashMap<>();
        var ours = new ArrayList<Point>();
        for (Placed one : placed) {
            Candidate.Series series = one.candidate.series();
            if (series.kind() == Kind.OURS) {
                ours.add(one.point);
            } else if (!one.candidate.equals(base)) {
                rivals.computeIfAbsent(
                                series.key(), _ -> new ArrayList<>(series.reachesDense() ? List.of(dense) : List.of()))
                        .add(one.point);
            }
        }
        var curves = new LinkedHashMap<String, TimeCurve>();
        rivals.forEach((key, points) -> curves.put(key, TimeCurve.of(points)));
        return new EqualTime(length, metric, dense, TimeCurve.of(ours), curves);
    }

    /** Ours at each of its own settings against each rival that is as fast. */
    List<Comparison> atOurTimes() {
        return ours.points().stream()
                .flatMap(point -> at(point.time(), point).stream())
                .toList();
    }

    private List<Comparison> at(double time, Point our) {
        var comparisons = new ArrayList<Comparison>();
        rivals.forEach(
                (key, curve) -> curve.at(time).ifPresent(their -> comparisons.add(compare(time, our, key, their))));
        return comparisons;
    }

    private Comparison compare(double time, Point our, String rival, Point their) {
        var differences = new double[our.drawn().length];
        for (int i = 0; i < differences.length; i++) {
            differences[i] = our.drawn()[i] - their.drawn()[i];
        }
        PairedBootstrap.Interval interval = PairedBootstrap.interval(differences);
        return new Comparison(
                length,
                time,
                metric.key(),
                rival,
                dense.value(),
                our.value(),
                their.value(),
                our.value() - their.value(),
                interval.low(),
                interval.high(),
                dense.value() - our.value() <= (dense.value() - their.value()) / 2);
    }

    /** Whether the threshold holds at a share of dense time. */
    Verdict verdict(double share) {
        Optional<Point> our = ours.at(share);
        if (our.isEmpty()) {
            return verdict(share, null, false, "ours has nothing so fast");
        }
        Optional<Comparison> best = at(share, our.get()).stream().max(Comparator.comparingDouble(Comparison::theirs));
        if (best.isEmpty()) {
            return verdict(share, null, null, "no rival is so fast");
        }
        Comparison c = best.get();
        return verdict(
                share,
                c.rival(),
                c.halfTheirLoss() && c.low() > 0,
                String.format(
                        Locale.ROOT,
                        "dense %.4f, ours %.4f, best rival (%s) %.4f: ours loses %.4f, it %.4f; difference %+.4f, 95 %%"
                                + " interval %+.4f to %+.4f",
                        c.dense(),
                        c.ours(),
                        c.rival(),
                        c.theirs(),
                        c.dense() - c.ours(),
                        c.dense() - c.theirs(),
                        c.difference(),
                        c.low(),
                        c.high()));
    }

    private Verdict verdict(double share, String rival, Boolean holds, String sentence) {
        return new Verdict(length, share, metric.key(), rival, holds, sentence);
    }
}
