package io.tokenwise.bench.load;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a controller made of a load.
 *
 * @param requests that were due
 * @param within of them, the share that was answered within the target
 * @param shed the share that was refused or dropped
 * @param failed the share without any answer, or with another error
 * @param unanswered how many were not answered, by status or failure
 * @param goodput answers within the target, a second
 * @param p50Millis of what was answered, as the other latencies
 * @param cosine of answered requests that are not pinned, to the vectors at full budget: the mean
 * @param p5Cosine their fifth percentile: 95 % of them have at least so much
 * @param spent of their dense time, the mean
 * @param pinned answered requests that are pinned; all of them must have the bits of the library
 * @param settledSeconds after a change of the rate, the longest time until which requests were late or shed; 0 if none was, NaN without a change
 * @param p99DelayMillis by which the generator was late to send
 */
record LoadRow(
        String load,
        String controller,
        long seed,
        int requests,
        double within,
        double shed,
        double failed,
        Map<String, Integer> unanswered,
        double goodput,
        double p50Millis,
        double p99Millis,
        double p999Millis,
        double cosine,
        double p5Cosine,
        double spent,
        int pinned,
        int pinnedWrong,
        double settledSeconds,
        double p99DelayMillis) {
    /** Whether a load has settled is seen by windows of this length, in which at most one of a hundred requests is late. */
    private static final double WINDOW_SECONDS = 0.25;

    private static final double LATE = 0.01;

    static LoadRow of(Load load, Controller controller, long seed, Outcome[] outcomes, long targetNanos) {
        List<Outcome> all = Arrays.asList(outcomes);
        double[] latencies = sorted(all.stream().filter(Outcome::answered), outcome -> outcome.latencyNanos() / 1e6);
        double[] delays = sorted(all.stream(), outcome -> outcome.delayNanos() / 1e6);
        List<Outcome> floating = all.stream()
                .filter(outcome -> outcome.answered() && !outcome.arrival().pinned())
                .toList();
        List<Outcome> pinned = all.stream()
                .filter(outcome -> outcome.answered() && outcome.arrival().pinned())
                .toList();
        double[] cosines = sorted(floating.stream(), Outcome::cosine);
        double within = share(all, outcome -> outcome.answeredWithin(targetNanos));
        return new LoadRow(
                load.name(),
                controller.label(),
                seed,
                outcomes.length,
                within,
                share(all, Outcome::shed),
                share(all, Outcome::failed),
                counts(all, outcome -> !outcome.answered()),
                within * outcomes.length / load.seconds(),
                quantile(latencies, 0.5),
                quantile(latencies, 0.99),
                quantile(latencies, 0.999),
                Arrays.stream(cosines).average().orElse(Double.NaN),
                quantile(cosines, 0.05),
                floating.stream().mapToDouble(Outcome::spent).average().orElse(Double.NaN),
                pinned.size(),
                (int) pinned.stream().filter(outcome -> !outcome.sameBits()).count(),
                settled(load, all, targetNanos),
                quantile(delays, 0.99));
    }

    private static double[] sorted(Stream<Outcome> outcomes, ToDoubleFunction<Outcome> value) {
        return outcomes.mapToDouble(value).sorted().toArray();
    }

    /** How many of each kind, of some outcomes. */
    static Map<String, Integer> counts(List<Outcome> outcomes, Predicate<Outcome> which) {
        return outcomes.stream()
                .filter(which)
                .collect(Collectors.toMap(Outcome::kind, outcome -> 1, Integer::sum, TreeMap::new));
    }

    private static double share(List<Outcome> outcomes, Predicate<Outcome> which) {
        return outcomes.stream().filter(which).count() / (double) Math.max(1, outcomes.size());
    }

    /** The value at a share of sorted values, without interpolation; NaN if there is none. */
    static double quantile(double[] sorted, double share) {
        return sorted.length == 0 ? Double.NaN : sorted[Math.max(0, (int) Math.ceil(share * sorted.length) - 1)];
    }

    /** Of all phases after the first, the longest time from a begin to the end of the last window in which too many were late. */
    private static double settled(Load load, List<Outcome> outcomes, long targetNanos) {
        double longest = load.phases().size() == 1 ? Double.NaN : 0;
        for (int phase = 1; phase < load.phases().size(); phase++) {
            double begin = load.begin(phase);
            int windows = (int) Math.ceil(load.phases().get(phase).seconds() / WINDOW_SECONDS);
            var count = new int[windows];
            var late = new int[windows];
            for (Outcome outcome : outcomes) {
                if (outcome.arrival().phase() == phase) {
                    int window = (int) ((outcome.arrival().atNanos() / 1e9 - begin) / WINDOW_SECONDS);
                    count[window]++;
                    late[window] += outcome.answeredWithin(targetNanos) ? 0 : 1;
                }
            }
            for (int window = 0; window < windows; window++) {
                // A window has few requests: one that is late is chance.
                if (late[window] > Math.max(1, LATE * count[window])) {
                    longest = Math.max(longest, (window + 1) * WINDOW_SECONDS);
                }
            }
        }
        return longest;
    }
}
