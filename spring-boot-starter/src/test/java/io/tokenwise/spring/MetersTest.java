package io.tokenwise.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tokenwise.Engine;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.EngineOptions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.springframework.ai.embedding.observation.EmbeddingModelMeterObservationHandler;
import org.springframework.ai.model.embedding.observation.autoconfigure.EmbeddingObservationAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** Spring AI's meters of tokens, which the starter brings, and the engine's. */
class MetersTest {
    private final ApplicationContextRunner context = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    EmbeddingObservationAutoConfiguration.class, TokenwiseMetricsAutoConfiguration.class));

    private final ApplicationContextRunner engines = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(TokenwiseMetricsAutoConfiguration.class));

    @Test
    void tokensAreCountedWhereThereAreMeters() {
        context.withBean(MeterRegistry.class, SimpleMeterRegistry::new)
                .run(run -> assertThat(run).hasSingleBean(EmbeddingModelMeterObservationHandler.class));
    }

    @Test
    void anEnginesCallsAndMemoryAreGaugesAndItsTotalsCounters() {
        engines.withBean(
                        Engine.class, () -> Engine.open(EngineOptions.defaults().withConcurrentCalls(1)))
                .run(run -> {
                    var registry = new SimpleMeterRegistry();
                    run.getBean(MeterBinder.class).bindTo(registry);
                    Engine engine = run.getBean(Engine.class);
                    try (var encoder = engine.textEncoder("minilm-acm")) {
                        encoder.embed("a cat");
                        assertThat(value(registry, "tokenwise.calls.running")).isZero();
                        assertThat(total(registry, "tokenwise.inputs")).isEqualTo(1);
                        assertThat(total(registry, "tokenwise.tokens")).isEqualTo(encoder.countTokens("a cat"));
                        assertThat(calls(registry, "answered")).isEqualTo(1);
                        for (String outcome : List.of("refused", "expired", "cancelled", "failed")) {
                            assertThat(calls(registry, outcome)).isZero();
                        }
                        assertThat(value(registry, "tokenwise.workspace"))
                                .isPositive()
                                .isEqualTo(engine.state().getWorkspaceBytes());
                        CompletableFuture<?> other =
                                encoder.model().lend(Deadline.NONE, _ -> whileItsOnlyCallRuns(encoder, registry));
                        assertThat(other).succeedsWithin(Duration.ofMinutes(1));
                    }
                });
    }

    /** Starts another call, which waits. */
    private static CompletableFuture<?> whileItsOnlyCallRuns(TextEncoder encoder, MeterRegistry registry) {
        assertThat(value(registry, "tokenwise.calls.waiting")).isZero();
        var other = CompletableFuture.supplyAsync(() -> encoder.embed("a dog"));
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        while (value(registry, "tokenwise.calls.waiting") < 1 && System.nanoTime() < end) {
            LockSupport.parkNanos(1_000_000);
        }
        assertThat(value(registry, "tokenwise.calls.waiting")).isEqualTo(1);
        assertThat(value(registry, "tokenwise.calls.running")).isEqualTo(1);
        return other;
    }

    private static double value(MeterRegistry registry, String gauge) {
        return registry.get(gauge).gauge().value();
    }

    private static double total(MeterRegistry registry, String counter) {
        return registry.get(counter).functionCounter().count();
    }

    private static double calls(MeterRegistry registry, String outcome) {
        return registry.get("tokenwise.calls")
                .tag("outcome", outcome)
                .functionCounter()
                .count();
    }

    @Test
    void ofSeveralEnginesThePrimaryIsToldOrNone() {
        var first = engines.withBean("first", Engine.class, Engine::open);
        first.withBean("second", Engine.class, Engine::open)
                .run(run -> assertThat(run).hasNotFailed().doesNotHaveBean(MeterBinder.class));
        first.withBean("second", Engine.class, Engine::open, bean -> bean.setPrimary(true))
                .run(run -> assertThat(run).hasNotFailed().hasSingleBean(MeterBinder.class));
    }

    @Test
    void withoutMicrometersMetersNothingFails() {
        context.withBean(Engine.class, Engine::open)
                .withClassLoader(new FilteredClassLoader("io.micrometer.core"))
                .run(run -> assertThat(run)
                        .hasNotFailed()
                        .doesNotHaveBean(EmbeddingModelMeterObservationHandler.class)
                        .doesNotHaveBean("tokenwiseEngineMeters"));
    }
}
