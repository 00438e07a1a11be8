package io.tokenwise.cli;

import io.tokenwise.TextEncoder;
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
    private final TextEncoder reference;
    private final TextEncoder teacher;
    private final TextEncoder model;
    private final List<Pair> pairs;
    private final double[] scores;
    private final Progress progress;
    private final List<Json.EvalRow> rows = new ArrayList<>();
    private float[][] referenceVectors;

    /**
     * @param reference the dense model in float32, whose vectors the others are compared with
     * @param teacher the dense model, which may be the reference itself
     * @param model adaptive, or the teacher itself
     * @param progress counts texts, {@link #texts} in all
     */
    StsEvaluation(TextEncoder reference, TextEncoder teacher, TextEncoder model, List<Pair> pairs, Progress progress) {
        this.reference = reference;
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
        if (reference != teacher) {
            referenceVectors = reference.sessions().encode(sequences(reference), Budget.FULL, null);
        }
        measure(teacher, "dense", 1, Budget.FULL);
        if (!model.encoder().acms().isEmpty()) {
            for (double budget : budgets) {
                measure(model, "soft", budget, Budget.of(budget));
                if (budget < 1) {
                    measure(model, "static", budget, Budget.fixed(budget));
                    measure(model, "random", budget, Budget.shuffled(budget, seed));
                }
            }
        }
        return List.copyOf(rows);
    }

    private void measure(TextEncoder encoder, String mode, double budget, Budget how) throws InterruptedException {
        List<int[]> sequences = sequences(encoder);
        Measurement measured = Measurement.of(encoder, sequences, how);
        if (encoder == reference) {
            referenceVectors = measured.vectors();
        }
        rows.add(new Json.EvalRow(
                budget,
                mode,
                "spearman",
                Spearman.correlation(similarities(measured.vectors()), scores),
                measured.meanCosine(referenceVectors),
                Double.isNaN(measured.meanLearners()) ? null : measured.meanLearners(),
                measured.spent(),
                measured.flopsPerToken(),
                measured.millisPerText()));
        progress.update((long) rows.size() * sequences.size(), mode);
    }

    private List<int[]> sequences(TextEncoder encoder) {
        return Stream.concat(pairs.stream().map(Pair::first), pairs.stream().map(Pair::second))
                .map(encoder.tokenizer()::encode)
                .map(Tokenizer.Encoded::ids)
                .toList();
    }

    private double[] similarities(float[][] vectors) {
        double[] similarities = new double[pairs.size()];
        for (int i = 0; i < similarities.length; i++) {
            similarities[i] = Measurement.cosine(vectors[i], vectors[pairs.size() + i]);
        }
        return similarities;
    }
}
