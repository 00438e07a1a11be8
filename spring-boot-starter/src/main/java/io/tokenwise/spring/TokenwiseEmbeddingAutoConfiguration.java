package io.tokenwise.spring;

import io.micrometer.observation.ObservationRegistry;
import io.tokenwise.Engine;
import io.tokenwise.TextEncoder;
import java.io.IOException;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.BatchingStrategy;
import org.springframework.ai.embedding.TokenCountBatchingStrategy;
import org.springframework.ai.embedding.observation.EmbeddingModelObservationConvention;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Import;

/**
 * A {@link TextEncoder} and Spring AI's {@code EmbeddingModel} on it, unless the application has another one and does not ask for this by
 * {@code spring.ai.model.embedding=tokenwise}.
 */
// After the models of Spring AI, so that they are seen; vector stores, whose batching strategies are for OpenAI's
// models, come after.
@AutoConfiguration(
        afterName = {
            "org.springframework.ai.model.bedrock.cohere.autoconfigure.BedrockCohereEmbeddingAutoConfiguration",
            "org.springframework.ai.model.bedrock.titan.autoconfigure.BedrockTitanEmbeddingAutoConfiguration",
            "org.springframework.ai.model.google.genai.autoconfigure.embedding.GoogleGenAiTextEmbeddingAutoConfiguration",
            "org.springframework.ai.model.mistralai.autoconfigure.MistralAiEmbeddingAutoConfiguration",
            "org.springframework.ai.model.ollama.autoconfigure.OllamaEmbeddingAutoConfiguration",
            "org.springframework.ai.model.openai.autoconfigure.OpenAiEmbeddingAutoConfiguration",
            "org.springframework.ai.model.postgresml.autoconfigure.PostgresMlEmbeddingAutoConfiguration",
            "org.springframework.ai.model.transformers.autoconfigure.TransformersEmbeddingModelAutoConfiguration",
            "org.springframework.ai.model.vertexai.autoconfigure.embedding.VertexAiTextEmbeddingAutoConfiguration"
        })
@Conditional(WantedEmbedding.class)
@Import(TokenwiseEngineConfiguration.class)
public class TokenwiseEmbeddingAutoConfiguration {
    /** Made by Spring Boot. */
    public TokenwiseEmbeddingAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean
    TextEncoder tokenwiseTextEncoder(Engine engine, TokenwiseProperties properties) throws IOException {
        return engine.textEncoder(properties.model());
    }

    @Bean
    @ConditionalOnMissingBean
    TokenwiseEmbeddingModel tokenwiseEmbeddingModel(
            TextEncoder encoder,
            TokenwiseProperties properties,
            ObjectProvider<ObservationRegistry> observations,
            ObjectProvider<EmbeddingModelObservationConvention> convention) {
        return new TokenwiseEmbeddingModel(
                encoder,
                new TokenwiseEmbeddingModel.Settings(
                        properties.documents(),
                        properties.queries(),
                        properties.longTexts(),
                        properties.timeout(),
                        properties.metadataMode(),
                        observations.getIfUnique(() -> ObservationRegistry.NOOP),
                        convention.getIfAvailable()));
    }

    /** Before the application says that it is ready. */
    @Bean
    @ConditionalOnProperty("tokenwise.warm-up")
    ApplicationRunner tokenwiseTextWarmUp(TextEncoder encoder) {
        return arguments -> encoder.warmUp();
    }

    @Bean
    @ConditionalOnMissingBean(BatchingStrategy.class)
    TokenCountBatchingStrategy tokenwiseBatchingStrategy(TextEncoder encoder, TokenwiseProperties properties) {
        int batchTokens = Math.max(properties.documentBatchTokens(), encoder.maxTokens());
        int most = switch (properties.longTexts()) {
            case CUT -> encoder.maxTokens();
            case SPLIT -> batchTokens;
        };
        return new TokenCountBatchingStrategy(
                new TokenwiseTokenCountEstimator(encoder, most),
                batchTokens,
                0,
                Document.DEFAULT_CONTENT_FORMATTER,
                properties.metadataMode());
    }
}
