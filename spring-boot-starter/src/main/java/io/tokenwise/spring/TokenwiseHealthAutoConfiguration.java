package io.tokenwise.spring;

import io.tokenwise.TextEncoder;
import java.time.Duration;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/** Health of the application's only or primary encoder, where it has Boot's health; {@code management.health.tokenwise.enabled=false} turns it off. */
@AutoConfiguration(after = TokenwiseEmbeddingAutoConfiguration.class)
@ConditionalOnClass(HealthIndicator.class)
@ConditionalOnSingleCandidate(TextEncoder.class)
@ConditionalOnEnabledHealthIndicator("tokenwise")
public class TokenwiseHealthAutoConfiguration {
    /** From here on Boot itself calls an indicator slow. */
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(10);

    /** Made by Spring Boot. */
    public TokenwiseHealthAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean(name = "tokenwiseHealthIndicator")
    HealthIndicator tokenwiseHealthIndicator(TextEncoder encoder) {
        return new TokenwiseHealthIndicator(encoder, LONGEST_WAIT);
    }
}
