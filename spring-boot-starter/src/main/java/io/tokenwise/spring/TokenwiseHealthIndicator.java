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
    /** From here on Boot itself calls an indicator slow. */
    private static final Duration LONG = Duration.ofSeconds(10);

    private final TextEncoder encoder;

    TokenwiseHealthIndicator(TextEncoder encoder) {
        super("the encoder gives no vector");
        this.encoder = encoder;
    }

    @Override
    protected void doHealthCheck(Health.Builder builder) {
        builder.withDetail("model", encoder.name());
        try {
            encoder.embed(EmbedRequest.of("health").withDeadline(Deadline.in(LONG)));
            builder.up();
        } catch (DeadlineException e) {
            builder.outOfService().withDetail("waits", "a text waited " + LONG.toSeconds() + " s for its turn");
        }
    }
}
