package io.tokenwise.cli;

import io.tokenwise.Embedding;
import io.tokenwise.Reranker;
import io.tokenwise.SparseEncoder;
import io.tokenwise.SparseVector;
import io.tokenwise.TextEncoder;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextOutput;
import java.util.ArrayList;
import java.util.List;

/** Compares what a model gives with what is known of it. */
final class Comparison {
    private Comparison() {}

    /** Whether what is known is what such a model gives: vectors, scores, or products of sparse vectors. */
    static boolean isOf(KnownModels.Known known, ModelDescription model) {
        if (!(model instanceof TextDescription text)) {
            return false;
        }
        if (text.output() instanceof TextOutput.Sparse) {
            return !known.products().isEmpty();
        }
        return text.output().isScore()
                ? !known.scores().isEmpty()
                : text.output() instanceof TextOutput.Vectors
                        && !(known.vectors().isEmpty() && known.similarities().isEmpty());
    }

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
            List<float[]> ours =
                    encoder.embed(some.texts()).stream().map(Embedding::vector).toList();
            double most = 0;
            for (KnownModels.Cosine cosine : some.cosines()) {
                double given = Embedding.cosine(ours.get(cosine.first()), ours.get(cosine.second()));
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

    /** The same of a query's sparse vector with those of texts. */
    static List<Json.Compared> compare(SparseEncoder encoder, KnownModels.Known known) {
        List<Json.Compared> rows = new ArrayList<>();
        for (KnownModels.Scores some : known.products()) {
            SparseVector query = encoder.embedQuery(some.query());
            List<SparseVector> texts = encoder.embedPassages(some.texts());
            double most = 0;
            for (int i = 0; i < texts.size(); i++) {
                most = largest(most, query.dot(texts.get(i)) - some.values().get(i));
            }
            rows.add(row(
                    "products with '" + some.query() + "'",
                    some.values().size(),
                    most,
                    some.tolerance(),
                    some.source()));
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
}
