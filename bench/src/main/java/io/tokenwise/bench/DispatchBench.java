package io.tokenwise.bench;

import io.tokenwise.nn.Block;
import io.tokenwise.tensor.Tensor;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.IntSupplier;
import java.util.stream.IntStream;

/**
 * What grouping tokens by learner count costs, on one thread. First, all tokens want the same k: gate, grouping and k learners beside a
 * plain MLP as wide as k learners. Then each token wants a random k: the time beside the straight line through k = 1 and k = N, at the mean
 * of k. Or else the straight line that fits the times of random counts best, as the paper draws it (Wójcik et al., arXiv 2312.10193).
 */
final class DispatchBench {
    static final int LEARNERS = 4;
    private static final Interleaved TIMES = new Interleaved(21, 1_500_000_000L, 20_000_000L);

    /** Of the time of the plain MLP; small batches may pay more. */
    private static final double MOST_FOR_MANY = 1.05;

    private static final double MOST_FOR_FEW = 1.15;

    /** Of the straight line's time. */
    private static final double MOST_FROM_LINE = 1.08;

    private static final int MANY = 128;

    /** Tokens that are computed one by one too, and how much faster all together must be at least, with half of the learners on average. */
    private static final int ONE_BY_ONE = 64;

    private static final double LEAST_GAIN = 1.5;

    /** Of the line: how many means of k it goes through. */
    private static final int MEANS = 9;

    private static final Interleaved LINE_TIMES = new Interleaved(9, 1_000_000_000L, 20_000_000L);

    private final DispatchModules modules;
    private final PrintWriter out;

    /** What a token may have, but none. */
    private final int[] counts;

    /** MLPs as wide as those. */
    private final List<List<Block>> plain = new ArrayList<>();

    private DispatchBench(DispatchModules modules, PrintWriter out) {
        this.modules = modules;
        this.out = out;
        counts = modules.counts();
        for (int k : counts) {
            plain.add(modules.mlps(k));
        }
    }

    /** Measures and prints with what must hold; returns whether all of it does. */
    static boolean run(
            OwnEngine engine, DispatchSizes sizes, int trained, boolean gated, boolean line, PrintWriter out) {
        try (var modules = new DispatchModules(engine, sizes, DispatchModules.LAYERS, 1, LEARNERS, trained, gated)) {
            var bench = new DispatchBench(modules, out);
            boolean good = true;
            out.printf(
                    "%s, %s, %d learners of %d%s units, tokens with up to %d or all, %d modules in turn, medians%n",
                    engine.name(),
                    sizes.label(),
                    LEARNERS,
                    sizes.units() / LEARNERS,
                    gated ? " gated" : "",
                    trained,
                    DispatchModules.LAYERS);
            if (line) {
                for (int tokens : sizes.tokens()) {
                    bench.line(tokens);
                }
                return true;
            }
            out.printf("%n%6s %22s %10s %10s %8s %6s%n", "tokens", "k of all tokens", "us", "MLP us", "ratio", "most");
            for (int tokens : sizes.tokens()) {
                good &= bench.sameForAll(tokens);
            }
            out.printf("%n%6s %22s %10s %10s %8s %6s%n", "tokens", "k at random", "us", "line us", "ratio", "most");
            for (int tokens : sizes.tokens()) {
                good &= tokens < MANY || bench.random(tokens);
            }
            out.printf("%n%6s %22s %10s %10s %8s %6s%n", "tokens", "k", "us", "by one us", "ratio", "most");
            return bench.oneByOne() && good;
        }
    }

    /** Beside the same tokens one by one: two of three want one learner, the third wants all. */
    private boolean oneByOne() {
        var wanted = new int[ONE_BY_ONE];
        Arrays.setAll(wanted, i -> i % 3 == 2 ? LEARNERS : 1);
        Tensor x = modules.tokens(wanted);
        modules.check(x, wanted);
        double[] seconds = TIMES.medians(List.of(modules.adaptive(x), modules.oneByOne(x)));
        return print(ONE_BY_ONE, "1, 1, all in turn", seconds[0], seconds[1], 1 / LEAST_GAIN);
    }

    private boolean sameForAll(int tokens) {
        var work = new ArrayList<Runnable>();
        for (int i = 0; i < counts.length; i++) {
            var wanted = new int[tokens];
            Arrays.fill(wanted, counts[i]);
            Tensor x = modules.tokens(wanted);
            modules.check(x, wanted);
            work.add(modules.adaptive(x));
            work.add(modules.plain(plain.get(i), x));
        }
        double[] seconds = TIMES.medians(work);
        double most = tokens < MANY ? MOST_FOR_FEW : MOST_FOR_MANY;
        boolean good = true;
        for (int i = 0; i < counts.length; i++) {
            good &= print(tokens, String.valueOf(counts[i]), seconds[2 * i], seconds[2 * i + 1], most);
        }
        return good;
    }

    /** Counts from none on, by a coin for each that is more likely from mean to mean. */
    private void line(int tokens) {
        var random = new Random(2);
        var means = new double[MEANS];
        var work = new ArrayList<Runnable>();
        for (int i = 0; i < MEANS; i++) {
            double share = i / (MEANS - 1.);
            Draw draw = draw("binomial", tokens, () -> {
                int choice = coins(random, counts.length, share);
                return choice == 0 ? 0 : counts[choice - 1];
            });
            Tensor x = modules.tokens(draw.counts);
            modules.check(x, draw.counts);
            means[i] = draw.mean();
            work.add(modules.adaptive(x));
        }
        Tensor x = modules.tokens(new int[tokens]);
        work.add(modules.plain(plain.getLast(), x));
        double[] seconds = LINE_TIMES.medians(work);
        var micros = new double[MEANS];
        Arrays.setAll(micros, i -> seconds[i] * 1e6 / DispatchModules.LAYERS);
        out.printf("%n%6s %8s %10s %10s%n", "tokens", "mean k", "us", "line us");
        StraightLine line = StraightLine.through(means, micros);
        for (int i = 0; i < MEANS; i++) {
            out.printf("%6d %8.3f %10s %10s%n", tokens, means[i], round(micros[i]), round(line.at(means[i])));
        }
        out.printf(
                "%6d %.1f us + %.1f us for each learner, R^2 %.5f; dense MLP %.1f us%n",
                tokens, line.start(), line.slope(), line.fit(), seconds[MEANS] * 1e6 / DispatchModules.LAYERS);
    }

    /** How k is drawn. */
    private record Draw(String name, int[] counts) {
        double mean() {
            return Arrays.stream(counts).average().orElseThrow();
        }
    }

    private boolean random(int tokens) {
        List<Draw> draws = draws(tokens);
        var work = new ArrayList<Runnable>();
        for (Draw draw : draws) {
            Tensor x = modules.tokens(draw.counts);
            modules.check(x, draw.counts);
            work.add(modules.adaptive(x));
        }
        double[] seconds = TIMES.medians(work);
        int last = draws.size() - 1;
        double slope = (seconds[last] - seconds[0]) / (LEARNERS - 1);
        boolean good = true;
        for (int i = 1; i < last; i++) {
            double line = seconds[0] + slope * (draws.get(i).mean() - 1);
            String name = draws.get(i).name + ", mean " + round(draws.get(i).mean());
            good &= print(tokens, name, seconds[i], line, MOST_FROM_LINE);
        }
        return good;
    }

    /** All 1 first and all N last; between them a low, an even and a high spread, and two extremes in equal parts. */
    private List<Draw> draws(int tokens) {
        var draws = new ArrayList<Draw>();
        var random = new Random(2);
        draws.add(draw("all 1", tokens, () -> 1));
        draws.add(draw("binomial", tokens, () -> binomial(random, 0.25)));
        draws.add(draw("even", tokens, () -> counts[random.nextInt(counts.length)]));
        if (counts.length > 2) {
            draws.add(draw("1 or N", tokens, () -> random.nextBoolean() ? 1 : LEARNERS));
        }
        draws.add(draw("binomial", tokens, () -> binomial(random, 0.75)));
        draws.add(draw("all N", tokens, () -> LEARNERS));
        return draws;
    }

    private static Draw draw(String name, int tokens, IntSupplier k) {
        var counts = new int[tokens];
        Arrays.setAll(counts, _ -> k.getAsInt());
        return new Draw(name, counts);
    }

    private int binomial(Random random, double share) {
        return counts[coins(random, counts.length - 1, share)];
    }

    private static int coins(Random random, int coins, double share) {
        return (int) IntStream.range(0, coins)
                .filter(_ -> random.nextDouble() < share)
                .count();
    }

    /** Prints a line; the times are of one module. */
    private boolean print(int tokens, String name, double seconds, double bound, double most) {
        boolean good = seconds <= most * bound;
        out.printf(
                "%6d %22s %10s %10s %8.3f %6.2f %s%n",
                tokens,
                name,
                round(seconds * 1e6 / DispatchModules.LAYERS),
                round(bound * 1e6 / DispatchModules.LAYERS),
                seconds / bound,
                most,
                good ? "holds" : "FAILS");
        return good;
    }

    private static String round(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }
}
