package io.tokenwise.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tokenwise.Engine;
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

    @Test
    void tokensAreCountedWhereThereAreMeters() {
        context.withBean(MeterRegistry.class, SimpleMeterRegistry::new)
                .run(run -> assertThat(run).hasSingleBean(EmbeddingModelMeterObservationHandler.class));
    }

    @Test
    void anEnginesCallsAndMemoryAreGauges() {
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(TokenwiseMetricsAutoConfiguration.class))
                .withBean(Engine.class, Engine::open)
                .run(run -> {
                    var registry = new SimpleMeterRegistry();
                    run.getBean(MeterBinder.class).bindTo(registry);
                    assertThat(registry.get("tokenwise.calls.running").gauge().value())
                            .isZero();
                    assertThat(registry.get("tokenwise.calls.waiting").gauge().value())
                            .isZero();
                    Engine engine = run.getBean(Engine.class);
                    try (var encoder = engine.textEncoder("minilm-acm")) {
                        encoder.embed("a cat");
                        assertThat(registry.get("tokenwise.workspace").gauge().value())
                                .isPositive()
                                .isEqualTo(engine.state().getWorkspaceBytes());
                    }
                });
    }

    @Test
    void withoutMicrometersMetersNothingFails() {
        context.withClassLoader(new FilteredClassLoader("io.micrometer.core"))
                .run(run ->
                        assertThat(run).hasNotFailed().doesNotHaveBean(EmbeddingModelMeterObservationHandler.class));
    }
}
