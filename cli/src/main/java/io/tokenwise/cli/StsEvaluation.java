package io.tokenwise.cli;

import io.tokenwise.Embedding;
import io.tokenwise.api.BadFileException;
import io.tokenwise.model.TextKind;
import io.tokenwise.testdata.Spearman;
import io.tokenwise.testdata.StsPairs;
import io.tokenwise.testdata.StsPairs.Pair;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Semantic textual similarity: pairs of sentences with human scores, judged by Spearman's rank correlation.
 *
 * @param maxTokens longer sentences are cut
 */
record StsEvaluation(List<Pair> pairs, int maxTokens) implements EvalTask {
    /**
     * Reads a file of sentence1,sentence2,score.
     *
     * @throws IOException if it is not such a file
     * @throws BadFileException if all scores are the same: they have no ranks
     */
    static StsEvaluation read(Path file, int maxTokens) throws IOException {
        List<Pair> pairs = StsPairs.read(file);
        if (pairs.stream().mapToDouble(Pair::score).distinct().count() < 2) {
            throw new BadFileException(
                    file.toString(),
                    "has the score " + pairs.getFirst().score() + " only; two or more different ones are needed");
        }
        return new StsEvaluation(pairs, maxTokens);
    }

    @Override
    public String name() {
        return "sts";
    }

    @Override
    public String data() {
        return pairs.size() + " pairs";
    }

    @Override
    public long inputs() {
        return 2L * pairs.size();
    }

    @Override
    public List<Json.EvalRow> rows(EvalRuns runs, Progress progress) throws InterruptedException {
        List<String> texts = Stream.concat(
                        pairs.stream().map(Pair::first), pairs.stream().map(Pair::second))
                .toList();
        double[] scores = pairs.stream().mapToDouble(Pair::score).toArray();
        var correlations = new HashMap<EvalRun, Double>();
        runs.encode(
                new EvalInputs.Texts(texts, TextKind.TEXT, maxTokens),
                progress,
                (run, vectors) -> correlations.put(run, Spearman.correlation(similarities(vectors), scores)));
        return EvalRows.of(runs.all(), run -> Map.of(Metric.SPEARMAN, correlations.get(run)));
    }

    private double[] similarities(float[][] vectors) {
        double[] similarities = new double[pairs.size()];
        for (int i = 0; i < similarities.length; i++) {
            similarities[i] = Embedding.cosine(vectors[i], vectors[pairs.size() + i]);
        }
        return similarities;
    }
}
