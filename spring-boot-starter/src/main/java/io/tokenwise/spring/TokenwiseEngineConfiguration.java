package io.tokenwise.spring;

import io.tokenwise.Engine;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.EngineOptions;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The engine that all models of an application share; there is none where none is wanted. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(TokenwiseProperties.class)
class TokenwiseEngineConfiguration {
    @Bean
    @ConditionalOnMissingBean
    Engine tokenwiseEngine(TokenwiseProperties properties) {
        EngineOptions options = EngineOptions.defaults()
                .withBatchTokens(properties.batchTokens())
                .withBackend(new BackendChoice(properties.backend(), properties.precision()));
        if (properties.threads() != null) {
            options = options.withThreads(properties.threads());
        }
        if (properties.concurrentCalls() != null) {
            options = options.withConcurrentCalls(properties.concurrentCalls());
        }
        return Engine.open(options);
    }
}
