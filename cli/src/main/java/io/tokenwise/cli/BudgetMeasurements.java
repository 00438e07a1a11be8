package io.tokenwise.cli;

import io.tokenwise.Embedding;
import io.tokenwise.TextEncoder;
import io.tokenwise.cli.Row.Mode;
import io.tokenwise.nn.Budget;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * The table of a distillation: the dense teacher, the adaptive model at some budgets, and the controls on the same weights, on texts that were
 * not trained on.
 */
final class BudgetMeasurements {
    private static final int SHORT_TOKENS = 16;
    private static final int LONG_TOKENS = 128;
    private static final List<Double> BUDGETS = List.of(0.25, 0.35, 0.5, 0.75, 1.0);
    private static final int ROUNDS = 60;
    private static final int TIMED_TEXTS = 8;
    private static final int NEIGHBOURS = 10;

    private final Texts texts;
    private final PrintWriter err;
    private final List<Way> ways;

    /** A line of the table before it is measured. */
    private record Way(Mode mode, double budget, Budget how) {
        TextEncoder choose(TextEncoder teacher, TextEncoder model) {
            return mode == Mode.DENSE ? teacher : model;
        }
    }

    /** Everything of a row but its times. */
    record Quality(Measurement heldOut, double cosine, double neighboursKept) {}

    /**
     * What is measured on: token sequences.
     *
     * @param heldOut compared with the teacher, and timed
     * @param corpus what is searched; may be empty
     * @param queries what it is searched for
     */
    record Texts(List<int[]> heldOut, List<int[]> corpus, List<int[]> queries) {
        /** Fewer texts are not searched: ten of them would be near anything. */
        private static final int LEAST_SEARCHED = 200;

        /** All from one list, a fifth of it to search for in the rest, if that is enough. */
        static Texts of(List<int[]> heldOut) {
            int queries = heldOut.size() / 5;
            return heldOut.size() - queries < LEAST_SEARCHED
                    ? new Texts(heldOut, List.of(), List.of())
                    : new Texts(heldOut, heldOut.subList(queries, heldOut.size()), heldOut.subList(0, queries));
        }
    }

    BudgetMeasurements(Texts texts, long seed, PrintWriter err) {
        this.texts = texts;
        this.err = err;
        ways = ways(seed);
    }

    private static List<Way> ways(long seed) {
        var ways = new ArrayList<Way>();
        ways.add(new Way(Mode.DENSE, 1, Budget.FULL));
        for (double budget : BUDGETS) {
            ways.add(new Way(Mode.LEARNED, budget, Budget.of(budget)));
            // At full budget all learners run, whoever decides.
            if (budget < 1) {
                ways.add(new Way(Mode.STATIC, budget, Budget.fixed(budget)));
                ways.add(new Way(Mode.RANDOM, budget, Budget.shuffled(budget, seed)));
            }
        }
        return ways;
    }

    /** What each way gives and costs, the dense model first. */
    List<Quality> quality(TextEncoder teacher, TextEncoder model) throws InterruptedException {
        var qualities = new ArrayList<Quality>();
        try (var progress = new Progress(err, "measure quality", "ways", ways.size())) {
            float[][] dense = teacher.sessions().encode(texts.heldOut(), Budget.FULL, null);
            int[][] nearest = nearest(teacher, Budget.FULL);
            for (Way way : ways) {
                TextEncoder encoder = way.choose(teacher, model);
                var measured = new Measurement(encoder.model(), way.how);
                float[][] vectors = measured.encode(texts.heldOut());
                double kept = shareKept(nearest, nearest(encoder, way.how));
                qualities.add(new Quality(measured, Measurement.meanCosine(vectors, dense), kept));
                progress.update(qualities.size(), way.mode.label());
            }
        }
        return qualities;
    }

    /** The table: what was measured before, and times of the models as they are opened now. */
    Results results(List<Quality> qualities, TextEncoder teacher, TextEncoder model) throws InterruptedException {
        int shortTokens = Math.min(SHORT_TOKENS, model.tokenizer().maxTokens());
        int longTokens = Math.min(LONG_TOKENS, model.tokenizer().maxTokens());
        double[] shortMillis = millis(shortTokens, teacher, model);
        double[] longMillis = millis(longTokens, teacher, model);
        List<Row> rows = IntStream.range(0, ways.size())
                .mapToObj(i -> row(ways.get(i), qualities.get(i), shortMillis[i], longMillis[i]))
                .toList();
        return new Results(shortTokens, longTokens, rows);
    }

    /** What each module runs at each budget as the gates decide. */
    ModuleLearners moduleLearners(TextEncoder model) {
        var learners = new ModuleLearners(model.encoder().acms());
        BUDGETS.forEach(budget -> {
            learners.begin(budget);
            model.sessions().encode(texts.heldOut(), Budget.of(budget), learners);
        });
        return learners;
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
                similarity[i] = Embedding.cosine(query, corpus[i]);
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
        if (wanted.length == 0) {
            return Double.NaN;
        }
        long kept = 0;
        for (int q = 0; q < wanted.length; q++) {
            int[] others = found[q];
            kept += IntStream.of(wanted[q])
                    .filter(text -> IntStream.of(others).anyMatch(other -> other == text))
                    .count();
        }
        return (double) kept / (wanted.length * NEIGHBOURS);
    }

    private double[] millis(int tokens, TextEncoder teacher, TextEncoder model) throws InterruptedException {
        var table = new LatencyTable(LatencyTable.textsOf(tokens, texts.heldOut(), TIMED_TEXTS));
        ways.forEach(way -> table.add(way.choose(teacher, model), way.how));
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
