package io.tokenwise.cli;

import io.tokenwise.Embedding;
import io.tokenwise.testdata.Spearman;
import io.tokenwise.testdata.StsPairs.Pair;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Semantic textual similarity: pairs of sentences with human scores, judged by Spearman's rank correlation. */
record StsEvaluation(List<Pair> pairs) implements EvalTask {
    @Override
    public String name() {
        return "sts";
    }

    @Override
    public String data() {
        return pairs.size() + " pairs";
    }

    @Override
    public long texts() {
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
                texts,
                Embed.Kind.TEXT,
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
