package io.tokenwise.cli;

import io.tokenwise.Embedding;
import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.api.Budget;
import io.tokenwise.cli.Row.Mode;
import io.tokenwise.distill.Agreement;
import io.tokenwise.model.InputKind;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.Objective;
import io.tokenwise.session.OpenModel;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * The table of a distillation: the dense teacher, the adaptive model at some budgets, and the controls on the same weights, on texts or images that
 * were not trained on.
 */
final class BudgetMeasurements {
    private static final int SHORT_TOKENS = 16;
    private static final int LONG_TOKENS = 128;
    private static final List<Double> TIMES = List.of(0.35, 0.5, 0.7, 0.85, 1.0);
    private static final List<Double> FLOPS = List.of(0.25, 0.35, 0.5, 0.75, 1.0);
    private static final int ROUNDS = 60;
    private static final int TIMED_TEXTS = 8;
    private static final int NEIGHBOURS = 10;

    private final Data data;
    private final PrintWriter err;
    private final List<Double> budgets;
    private final List<Way> ways;

    /** A line of the table before it is measured. */
    private record Way(Mode mode, double budget, Budget how) {
        OpenModel choose(OpenModel teacher, OpenModel model) {
            return mode == Mode.DENSE ? teacher : model;
        }
    }

    /** Everything of a row but its times. */
    record Quality(Measurement heldOut, double agreement, double kept) {}

    /**
     * What is measured on: token sequences, pixels of images, or samples of recordings.
     *
     * @param heldOut compared with the teacher, and timed
     * @param corpus what is searched; may be empty
     * @param queries what it is searched for
     */
    record Data(List<int[]> heldOut, List<int[]> corpus, List<int[]> queries) {
        /** Fewer texts are not searched: ten of them would be near anything. */
        private static final int LEAST_SEARCHED = 200;

        /** All from one list, of what gets vectors a fifth to search for in the rest, if that is enough. */
        static Data of(List<int[]> heldOut, ModelDescription model) {
            int queries = heldOut.size() / 5;
            return !isSearched(model) || heldOut.size() - queries < LEAST_SEARCHED
                    ? new Data(heldOut, List.of(), List.of())
                    : new Data(heldOut, heldOut.subList(queries, heldOut.size()), heldOut.subList(0, queries));
        }
    }

    /** @param unit what the model's budgets are shares of */
    BudgetMeasurements(Data data, Budget.Unit unit, long seed, PrintWriter err) {
        this.data = data;
        this.err = err;
        budgets = unit == Budget.Unit.TIME ? TIMES : FLOPS;
        ways = ways(budgets, unit, seed);
    }

    private static List<Way> ways(List<Double> budgets, Budget.Unit unit, long seed) {
        var ways = new ArrayList<Way>();
        ways.add(new Way(Mode.DENSE, 1, Budget.FULL));
        for (double budget : budgets) {
            // At full budget everything runs, whoever decides.
            List<Mode> modes = budget < 1 ? List.of(Mode.LEARNED, Mode.STATIC, Mode.RANDOM) : List.of(Mode.LEARNED);
            modes.forEach(mode -> ways.add(new Way(mode, budget, mode.budget(budget, unit, seed))));
        }
        return ways;
    }

    /** What each way gives and costs, the dense model first. */
    List<Quality> quality(OpenModel teacher, OpenModel model) throws InterruptedException {
        var qualities = new ArrayList<Quality>();
        try (var progress = new Progress(err, "measure quality", "runs", ways.size())) {
            float[][][] dense = teacher.sessions().rows(data.heldOut(), Budget.FULL, null);
            Kept kept = kept(teacher, dense);
            for (Way way : ways) {
                OpenModel encoder = way.choose(teacher, model);
                var measured = new Measurement(encoder, way.how);
                float[][][] found = measured.rows(data.heldOut());
                qualities.add(new Quality(
                        measured,
                        Agreement.of(teacher.files().description(), found, dense),
                        kept.share(encoder, way.how, found)));
                progress.update(qualities.size(), way.mode.label());
            }
        }
        return qualities;
    }

    /** How much of what the dense model finds is found still. */
    private interface Kept {
        /** @param found what the model gives for the inputs */
        double share(OpenModel model, Budget how, float[][][] found);
    }

    private static boolean isSearched(ModelDescription model) {
        return model.objective() == Objective.VECTORS;
    }

    private Kept kept(OpenModel teacher, float[][][] dense) {
        ModelDescription description = teacher.files().description();
        if (isSearched(description)) {
            int[][] nearest = nearest(teacher, Budget.FULL);
            return (model, how, _) -> shareKept(nearest, nearest(model, how));
        }
        if (description.reads() == InputKind.SOUND) {
            WrittenWords words = WrittenWords.of(teacher, data.heldOut(), Budget.FULL, null);
            return (model, how, _) ->
                    WrittenWords.of(model, data.heldOut(), how, null).kept(words);
        }
        return (_, _, found) -> Agreement.kept(description, found, dense);
    }

    /** The table: what was measured before, and times of the models as they are opened now. */
    Results results(List<Quality> qualities, OpenModel teacher, OpenModel model) throws InterruptedException {
        String learners = Measurement.learnersTitle(model);
        ModelDescription description = model.files().description();
        switch (description.reads()) {
            case IMAGE -> {
                double[] millis = millis("one image", data.heldOut().subList(0, 1), teacher, model);
                return Results.ofImages(learners, rows(qualities, millis, millis));
            }
            case SOUND -> {
                double[] millis = millis("one recording", data.heldOut().subList(0, 1), teacher, model);
                return Results.ofRecordings(learners, rows(qualities, millis, millis));
            }
            case TEXT -> {}
        }
        int longest = description.maxTokens();
        int shortTokens = Math.min(SHORT_TOKENS, longest);
        int longTokens = Math.min(LONG_TOKENS, longest);
        double[] shortMillis = millis(shortTokens, teacher, model);
        double[] longMillis = millis(longTokens, teacher, model);
        List<Row> rows = rows(qualities, shortMillis, longMillis);
        return isSearched(description)
                ? Results.ofTexts(shortTokens, longTokens, learners, rows)
                : Results.ofTexts(
                        shortTokens,
                        longTokens,
                        learners,
                        Agreement.name(description),
                        Agreement.keptName(description),
                        rows);
    }

    private List<Row> rows(List<Quality> qualities, double[] shortMillis, double[] longMillis) {
        return IntStream.range(0, ways.size())
                .mapToObj(i -> row(ways.get(i), qualities.get(i), shortMillis[i], longMillis[i]))
                .toList();
    }

    /** What each module runs at each budget as the gates decide. */
    ModuleLearners moduleLearners(OpenModel model) {
        var learners = new ModuleLearners(model.encoder().modules());
        budgets.forEach(budget -> {
            learners.begin(budget);
            run(model, data.heldOut(), model.encoder().budget(budget), learners);
        });
        return learners;
    }

    /** Only what modules spend is of interest. */
    static void run(OpenModel model, List<int[]> inputs, Budget budget, LearnerObserver observer) {
        if (model.files().description().reads() == InputKind.SOUND) {
            WrittenWords.of(model, inputs, budget, observer);
        } else {
            model.sessions().rows(inputs, budget, observer);
        }
    }

    /** For each query the numbers of the most similar texts of the corpus. */
    private int[][] nearest(OpenModel encoder, Budget budget) {
        float[][] corpus = encoder.sessions().encode(data.corpus(), budget, null);
        float[][] queries = encoder.sessions().encode(data.queries(), budget, null);
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

    private double[] millis(int tokens, OpenModel teacher, OpenModel model) throws InterruptedException {
        List<int[]> timed = LatencyTable.textsOf(tokens, data.heldOut(), TIMED_TEXTS);
        return millis("texts of " + tokens + " tokens", timed, teacher, model);
    }

    private double[] millis(String what, List<int[]> inputs, OpenModel teacher, OpenModel model)
            throws InterruptedException {
        var table = new LatencyTable(inputs, model.encoder());
        ways.forEach(way -> table.add(way.choose(teacher, model), way.how));
        var round = new int[1];
        try (var progress = new Progress(err, "time " + what, "rounds", LatencyTable.allRounds(ROUNDS))) {
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
                quality.agreement,
                quality.kept,
                OptionalDouble.empty());
    }
}
