package io.tokenwise.recipes.lucene;

import io.tokenwise.Embedding;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.document.KnnByteVectorField;
import org.apache.lucene.document.KnnFloatVectorField;
import org.apache.lucene.document.StoredField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.IndexableField;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.KnnByteVectorQuery;
import org.apache.lucene.search.KnnFloatVectorQuery;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.store.Directory;

/**
 * Search by meaning in a Lucene index. Passages are all embedded with one budget, for ever: vectors of several budgets compare worse, and nothing in an index tells
 * which one a vector had. A query's vector is thrown away after the search, so its budget may follow the load.
 */
public final class LuceneSearch {
    /** Never to be changed for an index that exists. */
    private static final Budget PASSAGES = Budget.of(0.7);

    private static final int BATCH = 64;

    private final TextEncoder encoder;
    private final Directory directory;
    private final Vectors vectors;

    /** How an index holds its vectors. */
    public enum Vectors {
        /** Four bytes a value. */
        FLOATS,
        /** One byte a value: a quarter of the disk, and of the memory that a search reads. */
        BYTES
    }

    public LuceneSearch(TextEncoder encoder, Directory directory, Vectors vectors) {
        this.encoder = encoder;
        this.directory = directory;
        this.vectors = vectors;
    }

    /** Adds passages to the index. */
    public void add(List<String> passages) throws IOException {
        try (var writer = new IndexWriter(directory, new IndexWriterConfig())) {
            for (int from = 0; from < passages.size(); from += BATCH) {
                List<String> batch = passages.subList(from, Math.min(from + BATCH, passages.size()));
                List<Embedding> embeddings = encoder.embedPassages(batch, PASSAGES);
                for (int i = 0; i < batch.size(); i++) {
                    writer.addDocument(List.of(new StoredField("text", batch.get(i)), field(embeddings.get(i))));
                }
            }
        }
    }

    private IndexableField field(Embedding embedding) {
        return switch (vectors) {
            // Vectors have length 1, so that their dot product is the cosine.
            case FLOATS -> new KnnFloatVectorField("vector", embedding.vector(), VectorSimilarityFunction.DOT_PRODUCT);
            // Each has a scale of its own, which the cosine does not see.
            case BYTES -> new KnnByteVectorField("vector", embedding.int8().values(), VectorSimilarityFunction.COSINE);
        };
    }

    /** The passages nearest to a query, nearest first. */
    public List<String> search(String query, Budget budget, int most) throws IOException {
        Embedding embedding = encoder.embedQuery(query, budget);
        var nearest = switch (vectors) {
            case FLOATS -> new KnnFloatVectorQuery("vector", embedding.vector(), most);
            case BYTES -> new KnnByteVectorQuery("vector", embedding.int8().values(), most);
        };
        // A service keeps a SearcherManager instead.
        try (var reader = DirectoryReader.open(directory)) {
            var searcher = new IndexSearcher(reader);
            var found = new ArrayList<String>();
            for (ScoreDoc hit : searcher.search(nearest, most).scoreDocs) {
                found.add(searcher.storedFields().document(hit.doc).get("text"));
            }
            return found;
        }
    }
}
