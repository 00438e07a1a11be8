package io.tokenwise.recipes.quarkus;

import dev.langchain4j.model.embedding.EmbeddingModel;
import io.tokenwise.langchain4j.TokenwiseEmbeddingModel;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;

/** One model for the application, as a bean of Quarkus or of any CDI container; closed with it. */
@ApplicationScoped
public class EmbeddingModels {
    @Produces
    @ApplicationScoped
    EmbeddingModel open() {
        return TokenwiseEmbeddingModel.builder()
                .modelName("minilm-acm")
                .budget(0.7)
                .build();
    }

    void close(@Disposes EmbeddingModel model) {
        ((TokenwiseEmbeddingModel) model).close();
    }
}
