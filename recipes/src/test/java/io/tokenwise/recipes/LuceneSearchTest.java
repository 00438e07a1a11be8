package io.tokenwise.recipes;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import io.tokenwise.recipes.lucene.LuceneSearch;
import java.util.List;
import org.apache.lucene.store.ByteBuffersDirectory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LuceneSearchTest {
    private static final List<String> PASSAGES = List.of(
            "Invoices are paid by bank transfer.", "The cat sat on the mat.", "Our office is closed on Sundays.");

    @ParameterizedTest
    @EnumSource
    void theNearestPassageIsFoundWithQueriesOfAnyBudget(LuceneSearch.Vectors vectors) throws Exception {
        try (var encoder = TextEncoder.open("minilm-acm");
                var directory = new ByteBuffersDirectory()) {
            var search = new LuceneSearch(encoder, directory, vectors);
            search.add(PASSAGES);
            for (var budget : List.of(Budget.FULL, Budget.of(0.7), Budget.of(0.5))) {
                assertThat(search.search("How do I pay what I ordered?", budget, 2))
                        .hasSize(2)
                        .first()
                        .isEqualTo(PASSAGES.get(0));
                assertThat(search.search("When can I visit you?", budget, 1)).containsExactly(PASSAGES.get(2));
            }
        }
    }
}
