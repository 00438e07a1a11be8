package io.tokenwise.bench;

import io.tokenwise.model.TextKind;
import io.tokenwise.testdata.Spearman;
import io.tokenwise.testdata.StsPairs;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** STS-B's development set: pairs of sentences with people's scores of how alike they are. */
final class SentencePairs implements QualityTask {
    /** Each sorts all pairs anew. */
    private static final PairedBootstrap BOOTSTRAP = new PairedBootstrap(1000, 1);

    private final List<String> sentences;
    private final double[] scores;
    private final float[][] dense;

    /** @param reference the dense model in float32 */
    SentencePairs(List<StsPairs.Pair> pairs, Embedder reference) {
        sentences = pairs.stream()
                .flatMap(pair -> Stream.of(pair.first(), pair.second()))
                .toList();
        scores = pairs.stream().mapToDouble(StsPairs.Pair::score).toArray();
        dense = reference.embed(TextKind.TEXT, sentences);
    }

    @Override
    public String what() {
        return "STS-B's development set, " + scores.length + " pairs";
    }

    @Override
    public Map<Metric, Score> judge(Embedder embedder) {
        float[][] vectors = embedder.embed(TextKind.TEXT, sentences);
        var likeness = new double[scores.length];
        Arrays.setAll(likeness, i -> Quality.dot(vectors[2 * i], vectors[2 * i + 1]));
        double[] drawn = BOOTSTRAP.figures(scores.length, pairs -> spearman(likeness, pairs));
        var correlation =
                new Score(Spearman.correlation(likeness, scores), PairedBootstrap.standardError(drawn), new double[0]);
        return QualityTask.with(Map.of(Metric.SPEARMAN_STS, correlation), Metric.COSINE_SENTENCES, dense, vectors);
    }

    private double spearman(double[] likeness, int[] pairs) {
        return Spearman.correlation(
                Arrays.stream(pairs).mapToDouble(i -> likeness[i]).toArray(),
                Arrays.stream(pairs).mapToDouble(i -> scores[i]).toArray());
    }
}
