package io.tokenwise.recipes.quarkus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.langchain4j.model.embedding.EmbeddingModel;
import io.quarkus.arc.ClientProxy;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import org.junit.jupiter.api.Test;

/** The recipe's bean in Quarkus itself. */
@QuarkusTest
class InQuarkusTest {
    @Inject
    EmbeddingModel model;

    @Inject
    EmbeddingModel again;

    @Test
    void theModelIsInjected() {
        assertEquals(384, model.embed("How do I pay an invoice?").content().dimension());
        assertSame(ClientProxy.unwrap(model), ClientProxy.unwrap(again));
    }
}
