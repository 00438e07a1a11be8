package io.tokenwise.cli;

import io.tokenwise.model.TextKind;
import io.tokenwise.model.VectorStep;
import io.tokenwise.search.BeirFolder;
import io.tokenwise.search.BeirFolder.Document;
import io.tokenwise.search.BeirFolder.Query;
import io.tokenwise.search.Ranking;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Search: every query against the whole corpus by cosine, judged by nDCG@10 and recall@100, means over the queries.
 *
 * @param maxTokens longer texts are cut
 */
record RetrievalEvaluation(BeirFolder collection, int maxTokens, boolean fullQueries) implements EvalTask {
    private static final int NDCG_CUTOFF = 10;
    private static final int RECALL_CUTOFF = 100;

    @Override
    public String name() {
        return "retrieval";
    }

    @Override
    public String data() {
        return collection.queries().size() + " queries, " + collection.documents() + " documents";
    }

    @Override
    public long inputs() {
        return collection.queries().size() + collection.documents();
    }

    @Override
    public List<Json.EvalRow> rows(EvalRuns runs, Progress progress) throws IOException, InterruptedException {
        var searches = new HashMap<EvalRun, Search>();
        List<String> queries = collection.queries().stream().map(Query::text).toList();
        EvalInputs asked = texts(queries, TextKind.QUERY);
        if (fullQueries) {
            runs.all().forEach(run -> searches.put(run, new Search(run.fullVectors(asked))));
        } else {
            runs.encode(asked, progress, (run, vectors) -> searches.put(run, new Search(vectors)));
        }
        try (var documents = collection.read()) {
            for (List<Document> block = documents.next(EvalRuns.BLOCK);
                    !block.isEmpty();
                    block = documents.next(EvalRuns.BLOCK)) {
                List<Document> found = block;
                runs.encode(
                        texts(block.stream().map(Document::text).toList(), TextKind.PASSAGE),
                        progress,
                        (run, vectors) -> searches.get(run).offer(found, vectors));
            }
        }
        return EvalRows.of(runs.all(), run -> scores(searches.get(run)));
    }

    private EvalInputs texts(List<String> texts, TextKind kind) {
        return new EvalInputs.Texts(texts, kind, maxTokens);
    }

    private Map<Metric, Double> scores(Search search) {
        double ndcg = 0;
        double recall = 0;
        int count = collection.queries().size();
        for (int q = 0; q < count; q++) {
            Map<String, Integer> gains = collection.queries().get(q).gains();
            ndcg += search.rankings.get(q).ndcg(gains, NDCG_CUTOFF) / count;
            recall += search.rankings.get(q).recall(gains, RECALL_CUTOFF) / count;
        }
        var scores = new LinkedHashMap<Metric, Double>();
        scores.put(Metric.NDCG, ndcg);
        scores.put(Metric.RECALL, recall);
        return scores;
    }

    /** One run's queries and what they have found so far. */
    private static final class Search {
        private final float[][] queries;
        private final List<Ranking> rankings = new ArrayList<>();

        Search(float[][] vectors) {
            // As long as 1, or zeros: then dot products are cosines.
            queries = Arrays.stream(vectors).map(VectorStep.Normalize::scaled).toArray(float[][]::new);
            for (int q = 0; q < queries.length; q++) {
                rankings.add(new Ranking(RECALL_CUTOFF));
            }
        }

        void offer(List<Document> documents, float[][] vectors) {
            for (int d = 0; d < vectors.length; d++) {
                float[] vector = VectorStep.Normalize.scaled(vectors[d]);
                for (int q = 0; q < queries.length; q++) {
                    rankings.get(q).offer(documents.get(d).id(), dot(queries[q], vector));
                }
            }
        }

        /** Four sums, because additions to one would wait for each other. */
        private static double dot(float[] a, float[] b) {
            double s0 = 0;
            double s1 = 0;
            double s2 = 0;
            double s3 = 0;
            int i = 0;
            for (; i + 3 < a.length; i += 4) {
                s0 += (double) a[i] * b[i];
                s1 += (double) a[i + 1] * b[i + 1];
                s2 += (double) a[i + 2] * b[i + 2];
                s3 += (double) a[i + 3] * b[i + 3];
            }
            for (; i < a.length; i++) {
                s0 += (double) a[i] * b[i];
            }
            return s0 + s1 + s2 + s3;
        }
    }
}
