package io.tokenwise.spring;

import io.micrometer.observation.ObservationRegistry;
import io.tokenwise.Engine;
import io.tokenwise.Reranker;
import java.io.IOException;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.util.StringUtils;

/** A {@link Reranker}, and a {@link TokenwiseDocumentReranker} on it, if the application names a cross-encoder. */
@AutoConfiguration
@ConditionalOnProperty(TokenwiseRerankerAutoConfiguration.MODEL)
@Import(TokenwiseEngineConfiguration.class)
public class TokenwiseRerankerAutoConfiguration {
    static final String MODEL = "tokenwise.reranker.model";

    /** Made by Spring Boot. */
    public TokenwiseRerankerAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean
    Reranker tokenwiseReranker(Engine engine, TokenwiseProperties properties) throws IOException {
        String model = properties.reranker().model();
        if (!StringUtils.hasText(model)) {
            throw new IllegalStateException(
                    MODEL + " is empty; set it to a folder with a cross-encoder, or leave it out");
        }
        return engine.reranker(model);
    }

    /** Before the application says that it is ready. */
    @Bean
    @ConditionalOnProperty("tokenwise.warm-up")
    ApplicationRunner tokenwiseRerankerWarmUp(Reranker reranker) {
        return arguments -> reranker.warmUp();
    }

    @Bean
    @ConditionalOnMissingBean
    TokenwiseDocumentReranker tokenwiseDocumentReranker(
            Reranker reranker, TokenwiseProperties properties, ObjectProvider<ObservationRegistry> observations) {
        return new TokenwiseDocumentReranker(
                reranker,
                new TokenwiseDocumentReranker.Settings(
                        properties.reranking(),
                        properties.timeout(),
                        observations.getIfUnique(() -> ObservationRegistry.NOOP)));
    }
}
