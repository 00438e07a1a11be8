package io.tokenwise.langchain4j.minilmacm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.document.Document;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.rag.content.retriever.EmbeddingStoreContentRetriever;
import dev.langchain4j.rag.query.Query;
import dev.langchain4j.store.embedding.EmbeddingStoreIngestor;
import dev.langchain4j.store.embedding.inmemory.InMemoryEmbeddingStore;
import org.junit.jupiter.api.Test;

class MinilmAcmEmbeddingModelFactoryTest {
    @Test
    void ingestorAndRetrieverFindTheModelByThemselves() {
        var store = new InMemoryEmbeddingStore<TextSegment>();
        var ingested = EmbeddingStoreIngestor.builder()
                .embeddingStore(store)
                .build()
                .ingest(
                        Document.from("Invoices are paid by bank transfer."),
                        Document.from("The cat sat on the mat."),
                        Document.from("Our office is closed on Sundays."));
        // With [CLS] and [SEP], the stops, and "invoices" in three pieces.
        assertThat(ingested.tokenUsage().inputTokenCount()).isEqualTo(11 + 9 + 9);

        var retriever = EmbeddingStoreContentRetriever.builder()
                .embeddingStore(store)
                .maxResults(1)
                .build();
        assertThat(retriever.retrieve(Query.from("How do I pay?")))
                .extracting(content -> content.textSegment().text())
                .containsExactly("Invoices are paid by bank transfer.");
    }

    @Test
    void allGetOneModelWhichIsNotTheirsToClose() throws Exception {
        var model = new MinilmAcmEmbeddingModelFactory().create();
        assertThat(new MinilmAcmEmbeddingModelFactory().create()).isSameAs(model);
        ((AutoCloseable) model).close();
        assertThat(model.embed("still open").content().dimension()).isEqualTo(384);
    }
}
