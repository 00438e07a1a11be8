package io.tokenwise.bench;

import io.tokenwise.model.TextKind;
import io.tokenwise.search.BeirFolder;
import io.tokenwise.search.BeirFolder.Document;
import io.tokenwise.search.BeirFolder.Query;
import io.tokenwise.search.Ranking;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Search in Cranfield: 225 questions of engineers, 1,400 abstracts about flight, judged by people. */
final class CranfieldSearch implements QualityTask {
    private static final int CUTOFF = 10;

    private final List<Query> queries;
    private final List<Document> documents;
    private final float[][] dense;

    /**
     * Reads the collection.
     *
     * @param reference the dense model in float32
     */
    CranfieldSearch(Path folder, Embedder reference) throws IOException {
        var collection = BeirFolder.open(folder, "test");
        queries = collection.queries();
        try (var reader = collection.read()) {
            documents = reader.next(Integer.MAX_VALUE);
        }
        dense = reference.embed(TextKind.PASSAGE, texts());
    }

    private List<String> texts() {
        return documents.stream().map(Document::text).toList();
    }

    @Override
    public String what() {
        return "Cranfield, " + queries.size() + " queries over " + documents.size() + " abstracts";
    }

    @Override
    public Map<Metric, Score> judge(Embedder embedder) {
        float[][] found = embedder.embed(TextKind.PASSAGE, texts());
        float[][] asked =
                embedder.embed(TextKind.QUERY, queries.stream().map(Query::text).toList());
        var each = new double[asked.length];
        for (int q = 0; q < each.length; q++) {
            var ranking = new Ranking(CUTOFF);
            for (int d = 0; d < found.length; d++) {
                ranking.offer(documents.get(d).id(), Quality.dot(asked[q], found[d]));
            }
            each[q] = ranking.ndcg(queries.get(q).gains(), CUTOFF);
        }
        return QualityTask.with(Map.of(Metric.NDCG_CRANFIELD, Score.mean(each)), Metric.COSINE_ABSTRACTS, dense, found);
    }
}
