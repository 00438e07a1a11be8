package io.tokenwise.spring;

import io.tokenwise.EmbedRequest;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import java.time.Duration;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/** Up if the encoder gives a vector; out of service if other calls keep it from doing so for long. */
final class TokenwiseHealthIndicator extends AbstractHealthIndicator {
    private final TextEncoder encoder;
    private final Duration longestWait;

    TokenwiseHealthIndicator(TextEncoder encoder, Duration longestWait) {
        super("the encoder gives no vector");
        this.encoder = encoder;
        this.longestWait = longestWait;
    }

    @Override
    protected void doHealthCheck(Health.Builder builder) {
        builder.withDetail("model", encoder.name());
        try {
            encoder.embed(EmbedRequest.of("health").withDeadline(Deadline.in(longestWait)));
            builder.up();
        } catch (DeadlineException e) {
            builder.outOfService().withDetail("waits", "a text waited " + longestWait.toSeconds() + " s for its turn");
        }
    }
}
