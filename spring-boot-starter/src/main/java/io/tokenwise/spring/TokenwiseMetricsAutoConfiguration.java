package io.tokenwise.spring;

import io.micrometer.core.instrument.binder.MeterBinder;
import io.tokenwise.Engine;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;

/** Meters of the application's only or primary engine, where it has Micrometer's. */
@AutoConfiguration(
        after = {
            TokenwiseEmbeddingAutoConfiguration.class,
            TokenwiseRerankerAutoConfiguration.class,
            TokenwiseTranscriptionAutoConfiguration.class
        })
@ConditionalOnClass(MeterBinder.class)
@ConditionalOnSingleCandidate(Engine.class)
public class TokenwiseMetricsAutoConfiguration {
    /** Made by Spring Boot. */
    public TokenwiseMetricsAutoConfiguration() {}

    @Bean
    MeterBinder tokenwiseEngineMeters(Engine engine) {
        return new EngineMeters(engine);
    }
}
