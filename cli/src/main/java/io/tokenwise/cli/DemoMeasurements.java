package io.tokenwise.cli;

import io.tokenwise.TextEncoder;
import io.tokenwise.cli.Row.Mode;
import io.tokenwise.nn.Budget;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/** The demo's table: the dense teacher, the adaptive model at some budgets, and the controls on the same weights. */
final class DemoMeasurements {
    static final int SHORT_TOKENS = 16;
    static final int LONG_TOKENS = 128;
    private static final List<Double> BUDGETS = List.of(0.25, 0.35, 0.5, 0.75, 1.0);
    private static final int ROUNDS = 60;
    private static final int TIMED_TEXTS = 8;
    private static final int NEIGHBOURS = 10;

    private final TextEncoder teacher;
    private final TextEncoder model;
    private final DemoTexts texts;
    private final PrintWriter err;
    private final long seed;

    /** A line of the table before it is measured. */
    private record Way(Mode mode, double budget, TextEncoder model, Budget how) {}

    /** Everything of a row but its times. */
    private record Quality(Measurement heldOut, double cosine, double neighboursKept) {}

    /** Both models are timed as they were opened. */
    DemoMeasurements(TextEncoder teacher, TextEncoder model, DemoTexts texts, long seed, PrintWriter err) {
        this.teacher = teacher;
        this.model = model;
        this.texts = texts;
        this.seed = seed;
        this.err = err;
    }

    Results run() throws InterruptedException {
        var ways = new ArrayList<Way>();
        var qualities = new ArrayList<Quality>();
        measureQuality(ways, qualities);
        double[] shortMillis = millis(ways, SHORT_TOKENS);
        double[] longMillis = millis(ways, LONG_TOKENS);
        List<Row> rows = IntStream.range(0, ways.size())
                .mapToObj(i -> row(ways.get(i), qualities.get(i), shortMillis[i], longMillis[i]))
                .toList();
        return new Results(SHORT_TOKENS, LONG_TOKENS, rows);
    }

    private void measureQuality(List<Way> ways, List<Quality> qualities) throws InterruptedException {
        int total = 1 + 3 * BUDGETS.size() - 2;
        try (var progress = new Progress(err, "measure quality", "ways", total)) {
            Measurement dense = Measurement.of(teacher, texts.heldOut(), Budget.FULL);
            int[][] nearest = nearest(teacher, Budget.FULL);
            ways.add(new Way(Mode.DENSE, 1, teacher, Budget.FULL));
            qualities.add(new Quality(dense, 1, 1));
            for (double budget : BUDGETS) {
                add(new Way(Mode.LEARNED, budget, model, Budget.of(budget)), ways, qualities, dense, nearest);
                if (budget < 1) {
                    add(new Way(Mode.STATIC, budget, model, Budget.fixed(budget)), ways, qualities, dense, nearest);
                    add(
                            new Way(Mode.RANDOM, budget, model, Budget.shuffled(budget, seed)),
                            ways,
                            qualities,
                            dense,
                            nearest);
                }
                progress.update(ways.size(), "");
            }
        }
    }

    private void add(Way way, List<Way> ways, List<Quality> qualities, Measurement dense, int[][] nearest)
            throws InterruptedException {
        Measurement measured = Measurement.of(way.model, texts.heldOut(), way.how);
        ways.add(way);
        qualities.add(new Quality(
                measured, measured.meanCosine(dense.vectors()), shareKept(nearest, nearest(way.model, way.how))));
    }

    /** For each query the numbers of the most similar texts of the corpus. */
    private int[][] nearest(TextEncoder encoder, Budget budget) {
        float[][] corpus = encoder.sessions().encode(texts.corpus(), budget, null);
        float[][] queries = encoder.sessions().encode(texts.queries(), budget, null);
        var nearest = new int[queries.length][];
        for (int q = 0; q < queries.length; q++) {
            float[] query = queries[q];
            var similarity = new double[corpus.length];
            for (int i = 0; i < corpus.length; i++) {
                similarity[i] = Measurement.cosine(query, corpus[i]);
            }
            nearest[q] = IntStream.range(0, corpus.length)
                    .boxed()
                    .sorted((a, b) -> Double.compare(similarity[b], similarity[a]))
                    .limit(NEIGHBOURS)
                    .mapToInt(Integer::intValue)
                    .toArray();
        }
        return nearest;
    }

    private static double shareKept(int[][] wanted, int[][] found) {
        long kept = 0;
        for (int q = 0; q < wanted.length; q++) {
            int[] others = found[q];
            kept += IntStream.of(wanted[q])
                    .filter(text -> IntStream.of(others).anyMatch(other -> other == text))
                    .count();
        }
        return (double) kept / (wanted.length * NEIGHBOURS);
    }

    private double[] millis(List<Way> ways, int tokens) throws InterruptedException {
        var table = new LatencyTable(LatencyTable.textsOf(tokens, texts.heldOut(), TIMED_TEXTS));
        ways.forEach(way -> table.add(way.model, way.how));
        var round = new int[1];
        try (var progress =
                new Progress(err, "time texts of " + tokens + " tokens", "rounds", LatencyTable.allRounds(ROUNDS))) {
            return table.medians(ROUNDS, () -> progress.update(++round[0], ""));
        }
    }

    private static Row row(Way way, Quality quality, double shortMillis, double longMillis) {
        return new Row(
                way.mode,
                way.budget,
                quality.heldOut.meanLearners(),
                quality.heldOut.flopsPerToken(),
                shortMillis,
                longMillis,
                quality.cosine,
                quality.neighboursKept,
                OptionalDouble.empty());
    }
}
