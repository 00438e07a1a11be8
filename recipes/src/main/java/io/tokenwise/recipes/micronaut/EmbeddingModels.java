package io.tokenwise.recipes.micronaut;

import io.micronaut.context.annotation.Bean;
import io.micronaut.context.annotation.Factory;
import io.tokenwise.langchain4j.TokenwiseEmbeddingModel;
import jakarta.inject.Singleton;

/** One model for the application, as a bean of Micronaut; closed with it. */
@Factory
class EmbeddingModels {
    @Singleton
    @Bean(preDestroy = "close")
    TokenwiseEmbeddingModel embeddingModel() {
        return TokenwiseEmbeddingModel.builder()
                .modelName("minilm-acm")
                .budget(0.7)
                .build();
    }
}
