package io.tokenwise.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;
import org.springframework.ai.embedding.observation.EmbeddingModelMeterObservationHandler;
import org.springframework.ai.model.embedding.observation.autoconfigure.EmbeddingObservationAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** Spring AI's meters of tokens, which the starter brings. */
class ObservationTest {
    private final ApplicationContextRunner context = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(EmbeddingObservationAutoConfiguration.class));

    @Test
    void tokensAreCountedWhereThereAreMeters() {
        context.withBean(MeterRegistry.class, SimpleMeterRegistry::new)
                .run(run -> assertThat(run).hasSingleBean(EmbeddingModelMeterObservationHandler.class));
    }

    @Test
    void withoutMicrometersMetersNothingFails() {
        context.withClassLoader(new FilteredClassLoader("io.micrometer.core"))
                .run(run ->
                        assertThat(run).hasNotFailed().doesNotHaveBean(EmbeddingModelMeterObservationHandler.class));
    }
}
