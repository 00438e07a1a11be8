package io.tokenwise.cli;

import io.tokenwise.TextEncoder;
import io.tokenwise.acm.Acm;
import io.tokenwise.io.Tokenizer;
import io.tokenwise.nn.Budget;
import io.tokenwise.testdata.StsPairs.Pair;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Measures a model on pairs of sentences with human scores: at each budget as its gates decide, and beside it two controls, every
 * token getting the same at equal FLOPs, and the gates' numbers dealt to random tokens.
 */
final class StsEvaluation {
    /** Texts that a model runs before it is timed, for the JVM to compile its code. */
    private static final int WARM_UP = 256;

    private final TextEncoder teacher;
    private final TextEncoder model;
    private final List<Pair> pairs;
    private final double[] scores;
    private final Progress progress;
    private final List<Json.EvalRow> rows = new ArrayList<>();
    private float[][] teacherVectors;

    /**
     * @param teacher the dense model that the vectors are compared with
     * @param model adaptive, or the teacher itself
     * @param progress counts texts, {@link #texts} in all
     */
    StsEvaluation(TextEncoder teacher, TextEncoder model, List<Pair> pairs, Progress progress) {
        this.teacher = teacher;
        this.model = model;
        this.pairs = pairs;
        this.progress = progress;
        scores = pairs.stream().mapToDouble(Pair::score).toArray();
    }

    /** Texts that run through the models. */
    static long texts(TextEncoder model, List<Pair> pairs, List<Double> budgets) {
        long learned = budgets.size();
        long controls = 2 * budgets.stream().filter(budget -> budget < 1).count();
        return 2L * pairs.size() * (1 + (model.encoder().acms().isEmpty() ? 0 : learned + controls));
    }

    /** The rows: the teacher first, then for each budget the model and its controls. */
    List<Json.EvalRow> run(List<Double> budgets, long seed) throws InterruptedException {
        measure(teacher, "dense", 1, Budget.FULL);
        if (!model.encoder().acms().isEmpty()) {
            for (double budget : budgets) {
                double spent = measure(model, "soft", budget, Budget.of(budget));
                if (budget < 1) {
                    measure(model, "static", budget, Budget.fixed(Math.min(1, spent)));
                    measure(model, "random", budget, Budget.shuffled(budget, seed));
                }
            }
        }
        return List.copyOf(rows);
    }

    /** Adds a row and returns the share of the dense FLOPs that was spent. */
    private double measure(TextEncoder encoder, String mode, double budget, Budget how) throws InterruptedException {
        List<int[]> sequences = Stream.concat(
                        pairs.stream().map(Pair::first), pairs.stream().map(Pair::second))
                .map(encoder.tokenizer()::encode)
                .map(Tokenizer.Encoded::ids)
                .toList();
        List<Acm> acms = encoder.encoder().acms();
        var spent = new Spent(acms, how.routing() != Budget.Routing.STATIC);
        encoder.sessions().encode(sequences.subList(0, Math.min(WARM_UP, sequences.size())), how, null);
        long start = System.nanoTime();
        float[][] vectors = encoder.sessions().encode(sequences, how, spent);
        double millis = (System.nanoTime() - start) / 1e6;
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        teacherVectors = mode.equals("dense") ? vectors : teacherVectors;
        double share = acms.isEmpty() ? 1 : spent.share();
        rows.add(new Json.EvalRow(
                budget,
                mode,
                "spearman",
                Spearman.correlation(similarities(vectors), scores),
                meanCosine(vectors),
                acms.isEmpty() ? null : spent.meanLearners(),
                share,
                encoder.encoder().flopsPerToken(tokensThatATokenSees(sequences), share),
                millis / sequences.size()));
        progress.update((long) rows.size() * sequences.size(), mode);
        return share;
    }

    /** Attention's cost for a token grows with its text's length: the mean over tokens, not over texts. */
    private static int tokensThatATokenSees(List<int[]> sequences) {
        double tokens = sequences.stream().mapToDouble(ids -> ids.length).sum();
        return (int) Math.round(sequences.stream()
                        .mapToDouble(ids -> (double) ids.length * ids.length)
                        .sum()
                / tokens);
    }

    private double[] similarities(float[][] vectors) {
        double[] similarities = new double[pairs.size()];
        for (int i = 0; i < similarities.length; i++) {
            similarities[i] = cosine(vectors[i], vectors[pairs.size() + i]);
        }
        return similarities;
    }

    private double meanCosine(float[][] vectors) {
        double sum = 0;
        for (int i = 0; i < vectors.length; i++) {
            sum += cosine(vectors[i], teacherVectors[i]);
        }
        return sum / vectors.length;
    }

    private static double cosine(float[] a, float[] b) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < a.length; i++) {
            ab += (double) a[i] * b[i];
            aa += (double) a[i] * a[i];
            bb += (double) b[i] * b[i];
        }
        return ab / Math.sqrt(aa * bb);
    }
}
