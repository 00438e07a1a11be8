package io.tokenwise.spring;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/** Up if the encoder gives a vector. */
final class TokenwiseHealthIndicator extends AbstractHealthIndicator {
    private final TextEncoder encoder;

    TokenwiseHealthIndicator(TextEncoder encoder) {
        super("the encoder gives no vector");
        this.encoder = encoder;
    }

    @Override
    protected void doHealthCheck(Health.Builder builder) {
        encoder.embed("health", Budget.FULL);
        builder.up().withDetail("model", encoder.description().name());
    }
}
