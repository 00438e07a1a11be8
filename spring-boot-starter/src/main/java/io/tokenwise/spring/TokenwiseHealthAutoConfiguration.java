package io.tokenwise.spring;

import io.tokenwise.TextEncoder;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/** Health of the encoder, where the application has Boot's health; {@code management.health.tokenwise.enabled=false} turns it off. */
@AutoConfiguration(after = TokenwiseEmbeddingAutoConfiguration.class)
@ConditionalOnClass(HealthIndicator.class)
@ConditionalOnBean(TextEncoder.class)
@ConditionalOnProperty(name = "management.health.tokenwise.enabled", matchIfMissing = true)
public class TokenwiseHealthAutoConfiguration {
    /** Made by Spring Boot. */
    public TokenwiseHealthAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean(name = "tokenwiseHealthIndicator")
    HealthIndicator tokenwiseHealthIndicator(TextEncoder encoder) {
        return new TokenwiseHealthIndicator(encoder);
    }
}
