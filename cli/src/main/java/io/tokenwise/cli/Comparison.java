package io.tokenwise.cli;

import io.tokenwise.Reranker;
import io.tokenwise.TextEncoder;
import java.util.ArrayList;
import java.util.List;

/** Compares what a model gives with what is known of it. */
final class Comparison {
    private Comparison() {}

    /** Row by row, one for each source and text. */
    static List<Json.Compared> compare(TextEncoder encoder, KnownModels.Known known) {
        List<Json.Compared> rows = new ArrayList<>();
        for (KnownModels.Vector vector : known.vectors()) {
            float[] ours = encoder.embed(vector.text()).vector();
            double most = 0;
            for (int i = 0; i < vector.places().size(); i++) {
                int place = vector.places().get(i);
                double given = place < ours.length ? ours[place] : Double.NaN;
                most = largest(most, given - vector.values().get(i));
            }
            rows.add(row(
                    "numbers of the vector of '" + vector.text() + "'",
                    vector.values().size(),
                    most,
                    vector.tolerance(),
                    vector.source()));
        }
        for (KnownModels.Similarities some : known.similarities()) {
            List<float[]> ours = encoder.embed(some.texts()).stream()
                    .map(embedding -> embedding.vector())
                    .toList();
            double most = 0;
            for (KnownModels.Cosine cosine : some.cosines()) {
                double given = cosine(ours.get(cosine.first()), ours.get(cosine.second()));
                most = largest(most, given - cosine.value());
            }
            rows.add(row(
                    "cosines of " + some.texts().size() + " texts",
                    some.cosines().size(),
                    most,
                    some.tolerance(),
                    some.source()));
        }
        return rows;
    }

    /** The same of scores. */
    static List<Json.Compared> compare(Reranker reranker, KnownModels.Known known) {
        List<Json.Compared> rows = new ArrayList<>();
        for (KnownModels.Scores some : known.scores()) {
            float[] ours = reranker.scores(some.query(), some.texts());
            double most = 0;
            for (int i = 0; i < ours.length; i++) {
                most = largest(most, ours[i] - some.values().get(i));
            }
            rows.add(row(
                    "scores for '" + some.query() + "'", some.values().size(), most, some.tolerance(), some.source()));
        }
        return rows;
    }

    /** A difference that is no number stays. */
    private static double largest(double most, double difference) {
        return Math.max(most, Math.abs(difference));
    }

    private static Json.Compared row(String what, int values, double most, double tolerance, String source) {
        return new Json.Compared(values + " " + what, most, tolerance, most <= tolerance, source);
    }

    private static double cosine(float[] a, float[] b) {
        double product = 0;
        double first = 0;
        double second = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
            first += (double) a[i] * a[i];
            second += (double) b[i] * b[i];
        }
        return product / Math.sqrt(first * second);
    }
}
