package io.tokenwise.spring;

import io.micrometer.core.instrument.binder.MeterBinder;
import io.tokenwise.Engine;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.context.annotation.Bean;

/** Meters of the engine, where the application has Micrometer's. */
@AutoConfiguration(after = {TokenwiseEmbeddingAutoConfiguration.class, TokenwiseTranscriptionAutoConfiguration.class})
@ConditionalOnClass(MeterBinder.class)
@ConditionalOnBean(Engine.class)
public class TokenwiseMetricsAutoConfiguration {
    /** Made by Spring Boot. */
    public TokenwiseMetricsAutoConfiguration() {}

    @Bean
    MeterBinder tokenwiseEngineMeters(Engine engine) {
        return new EngineMeters(engine);
    }
}
