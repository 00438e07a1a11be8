package io.tokenwise.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.vectorstore.SearchRequest;
import org.springframework.ai.vectorstore.SimpleVectorStore;
import org.springframework.ai.vectorstore.VectorStore;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.context.annotation.ImportCandidates;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.annotation.Bean;
import org.springframework.core.io.support.SpringFactoriesLoader;

/** A Boot application that knows Spring AI's interfaces only, configured as the README says. */
@SpringBootTest(properties = {"tokenwise.model=minilm-acm", "tokenwise.budget=0.7", "tokenwise.threads=1"})
class ApplicationTest {
    private static final String INVOICES = "Invoices are paid by bank transfer.";

    @SpringBootConfiguration
    @EnableAutoConfiguration
    static class Application {
        @Bean
        VectorStore store(EmbeddingModel model) {
            return SimpleVectorStore.builder(model).build();
        }
    }

    private final VectorStore store;
    private final EmbeddingModel model;

    @Autowired
    ApplicationTest(VectorStore store, EmbeddingModel model) {
        this.store = store;
        this.model = model;
    }

    @Test
    void findsWhatIsMeant() {
        store.add(List.of(new Document(INVOICES), new Document("The cat sat on the mat.")));
        List<Document> found = store.similaritySearch(
                SearchRequest.builder().query("How do I pay a bill?").topK(1).build());
        assertThat(found).extracting(Document::getText).containsExactly(INVOICES);
    }

    @Test
    void bootFindsAllThatIsHere() {
        assertThat(ImportCandidates.load(AutoConfiguration.class, null))
                .contains(
                        TokenwiseEmbeddingAutoConfiguration.class.getName(),
                        TokenwiseHealthAutoConfiguration.class.getName(),
                        TokenwiseMetricsAutoConfiguration.class.getName(),
                        TokenwiseRerankerAutoConfiguration.class.getName(),
                        TokenwiseTranscriptionAutoConfiguration.class.getName());
        // Boot's own ones want arguments, without which they are left out.
        assertThat(SpringFactoriesLoader.forDefaultResourceLocation().load(FailureAnalyzer.class, (_, _, _) -> {}))
                .hasAtLeastOneElementOfType(ModelFailureAnalyzer.class);
    }

    @Test
    void vectorsAreTheLibrarysBitForBit() throws Exception {
        try (var encoder = TextEncoder.open("minilm-acm")) {
            assertThat(model.embed(INVOICES))
                    .containsExactly(encoder.embed(INVOICES, Budget.of(.7)).vector());
        }
    }
}
