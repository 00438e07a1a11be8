package io.tokenwise.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.tck.TestObservationRegistry;
import io.micrometer.observation.tck.TestObservationRegistryAssert;
import io.tokenwise.Engine;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.DeadlineException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.ai.document.Document;
import org.springframework.ai.document.MetadataMode;
import org.springframework.ai.embedding.AbstractEmbeddingModel;
import org.springframework.ai.embedding.BatchingStrategy;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.embedding.observation.DefaultEmbeddingModelObservationConvention;
import org.springframework.ai.embedding.observation.EmbeddingModelObservationConvention;
import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class TokenwiseEmbeddingAutoConfigurationTest {
    private final ApplicationContextRunner context = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    TokenwiseEmbeddingAutoConfiguration.class, TokenwiseHealthAutoConfiguration.class))
            .withPropertyValues("tokenwise.threads=1");

    /** Where only presence is asked for: no model is opened. */
    private final ApplicationContextRunner lazy = context.withBean(
            LazyInitializationBeanFactoryPostProcessor.class, LazyInitializationBeanFactoryPostProcessor::new);

    /** A model of somebody else. */
    private static final class Other extends AbstractEmbeddingModel {
        @Override
        public EmbeddingResponse call(EmbeddingRequest request) {
            throw new UnsupportedOperationException("never asked");
        }

        @Override
        public float[] embed(Document document) {
            throw new UnsupportedOperationException("never asked");
        }
    }

    @Test
    void aloneItIsTheEmbeddingModelUntilTheContextCloses() {
        var opened = new TextEncoder[1];
        context.run(run -> {
            assertThat(run).hasSingleBean(EmbeddingModel.class).hasSingleBean(TokenwiseEmbeddingModel.class);
            opened[0] = run.getBean(TextEncoder.class);
            assertThat(run.getBean(EmbeddingModel.class).embed("a cat"))
                    .containsExactly(opened[0].embed("a cat").vector());
        });
        assertThatIllegalStateException().isThrownBy(() -> opened[0].embed("a cat"));
    }

    @Test
    void besideAnotherItStaysAway() {
        lazy.withBean("other", Other.class)
                .run(run -> assertThat(run)
                        .hasNotFailed()
                        .hasSingleBean(EmbeddingModel.class)
                        .hasSingleBean(Other.class)
                        .doesNotHaveBean(TextEncoder.class)
                        .doesNotHaveBean(Engine.class)
                        .doesNotHaveBean(BatchingStrategy.class)
                        .doesNotHaveBean(HealthIndicator.class));
    }

    @Test
    void besideAnotherItComesIfAskedFor() {
        lazy.withBean("other", Other.class)
                .withPropertyValues("spring.ai.model.embedding=tokenwise")
                .run(run -> assertThat(run)
                        .hasSingleBean(TokenwiseEmbeddingModel.class)
                        .hasSingleBean(Other.class));
    }

    @Test
    void itStaysAwayIfAnotherIsAskedFor() {
        context.withPropertyValues("spring.ai.model.embedding=openai")
                .run(run -> assertThat(run).hasNotFailed().doesNotHaveBean(EmbeddingModel.class));
    }

    @Test
    void theApplicationsOwnEncoderIsTaken() {
        lazy.withBean(TextEncoder.class, () -> open("minilm-acm"))
                .run(run -> assertThat(run)
                        .hasSingleBean(TextEncoder.class)
                        .hasSingleBean(TokenwiseEmbeddingModel.class)
                        .doesNotHaveBean("tokenwiseTextEncoder"));
    }

    @Test
    void aBudgetThatTheModelCannotKeepIsFoundAtTheStart() {
        context.withPropertyValues("tokenwise.budget-mode=hard", "tokenwise.query-budget=0.001")
                .run(run -> assertThat(run)
                        .getFailure()
                        .rootCause()
                        .hasMessageStartingWith("a hard budget of 0.001 does not reach"));
    }

    @Test
    void propertiesReachTheModel() {
        context.withPropertyValues(
                        "tokenwise.budget=0.7",
                        "tokenwise.query-budget=0.5",
                        "tokenwise.metadata-mode=none",
                        "tokenwise.backend=vector",
                        "tokenwise.precision=f32",
                        "tokenwise.concurrent-calls=2",
                        "tokenwise.batch-tokens=300")
                .run(run -> {
                    var properties = run.getBean(TokenwiseProperties.class);
                    TextEncoder encoder = run.getBean(TextEncoder.class);
                    assertThat(run.getBean(Engine.class).description())
                            .startsWith("vector")
                            .endsWith("f32, 1 thread");
                    var options = run.getBean(Engine.class).options();
                    assertThat(options.concurrentCalls()).isEqualTo(2);
                    assertThat(options.batchTokens()).isEqualTo(300);
                    EmbeddingModel model = run.getBean(EmbeddingModel.class);
                    String text = "The cat sat on the mat, and slept until the evening.";
                    assertThat(model.embed(text))
                            .containsExactly(
                                    encoder.embed(text, properties.queries()).vector());
                    assertThat(model.embed(List.of(text)))
                            .containsExactly(
                                    encoder.embed(text, properties.documents()).vector());
                    var document = new Document(text, Map.of("title", "The cat"));
                    assertThat(model.getEmbeddingContent(document))
                            .isEqualTo(document.getFormattedContent(MetadataMode.NONE));
                });
    }

    @Test
    void aDocumentThatIsTooLongIsNoReasonToFailAndHealthIsUpWhileTheEncoderIsOpen() {
        context.withPropertyValues("tokenwise.document-batch-tokens=1").run(run -> {
            var documents = List.of(new Document("cat ".repeat(1_000)), new Document("a cat"), new Document("a dog"));
            List<List<Document>> batches = run.getBean(BatchingStrategy.class).batch(documents);
            assertThat(batches).containsExactly(documents.subList(0, 1), documents.subList(1, 3));

            var health = run.getBean(HealthIndicator.class);
            assertThat(health.health().getStatus()).isEqualTo(Status.UP);
            assertThat(health.health().getDetails()).containsEntry("model", "minilm-acm");
            var late = new TokenwiseHealthIndicator(run.getBean(TextEncoder.class), Duration.ZERO).health();
            assertThat(late.getStatus()).isEqualTo(Status.OUT_OF_SERVICE);
            assertThat(late.getDetails()).containsKeys("model", "waits");
            run.getBean(TextEncoder.class).close();
            assertThat(health.health().getStatus()).isEqualTo(Status.DOWN);
        });
    }

    @Test
    void aDocumentThatIsSplitIsNeverTooLong() {
        context.withPropertyValues("tokenwise.document-batch-tokens=600", "tokenwise.long-texts=split")
                .run(run -> {
                    var documents = List.of(new Document("cat ".repeat(1_000)), new Document("a cat"));
                    assertThat(run.getBean(BatchingStrategy.class).batch(documents))
                            .containsExactly(documents.subList(0, 1), documents.subList(1, 2));
                    int most = run.getBean(TextEncoder.class).maxTokens();
                    List<Boolean> truncated = run.getBean(EmbeddingModel.class)
                            .embedForResponse(List.of("cat ".repeat(most)))
                            .getMetadata()
                            .get(TokenwiseEmbeddingModel.TRUNCATED);
                    assertThat(truncated).containsExactly(false);
                });
    }

    @Test
    void metadataThatStandsBeforeADocumentFillsABatch() {
        var documents = List.of(
                new Document("a cat", Map.of("about", "cat ".repeat(150))),
                new Document("a dog", Map.of("about", "dog ".repeat(150))));
        var batches = context.withPropertyValues("tokenwise.document-batch-tokens=256");
        batches.run(run -> assertThat(run.getBean(BatchingStrategy.class).batch(documents))
                .containsExactly(documents.subList(0, 1), documents.subList(1, 2)));
        batches.withPropertyValues("tokenwise.metadata-mode=none")
                .run(run -> assertThat(run.getBean(BatchingStrategy.class).batch(documents))
                        .containsExactly(documents));
    }

    @Test
    void warmingUpIsARunnerOfTheApplicationIfItIsAskedFor() {
        lazy.run(run -> assertThat(run).doesNotHaveBean(ApplicationRunner.class));
        context.withPropertyValues("tokenwise.warm-up=true").run(run -> {
            // Which takes seconds, unless it fails at once.
            run.getBean(TextEncoder.class).close();
            assertThatIllegalStateException()
                    .isThrownBy(() -> run.getBean(ApplicationRunner.class).run(null));
        });
    }

    @Test
    void thereIsNoHealthWhereItIsTurnedOffOrTheApplicationHasNone() {
        for (String off : List.of("management.health.tokenwise.enabled", "management.health.defaults.enabled")) {
            lazy.withPropertyValues(off + "=false")
                    .run(run -> assertThat(run).hasNotFailed().doesNotHaveBean(HealthIndicator.class));
        }
        lazy.withClassLoader(new FilteredClassLoader(HealthIndicator.class))
                .run(run -> assertThat(run).hasNotFailed().hasSingleBean(EmbeddingModel.class));
    }

    @Test
    void ofSeveralEncodersHealthIsThePrimarysOrThereIsNone() {
        var other = lazy.withBean("other", Other.class).withBean("first", TextEncoder.class, () -> open("minilm-acm"));
        other.withBean("second", TextEncoder.class, () -> open("minilm-acm"))
                .run(run -> assertThat(run).hasNotFailed().doesNotHaveBean(HealthIndicator.class));
        other.withBean("second", TextEncoder.class, () -> open("minilm-acm"), bean -> bean.setPrimary(true))
                .run(run -> assertThat(run).hasNotFailed().hasSingleBean(HealthIndicator.class));
    }

    @Test
    void theApplicationsOwnBatchingStrategyIsTaken() {
        BatchingStrategy own = List::of;
        lazy.withBean("own", BatchingStrategy.class, () -> own)
                .run(run -> assertThat(run)
                        .hasSingleBean(EmbeddingModel.class)
                        .getBean(BatchingStrategy.class)
                        .isSameAs(own));
    }

    @Test
    void callsAreToldToTheApplicationsObservationsByItsConvention() {
        var observations = TestObservationRegistry.create();
        var convention = new DefaultEmbeddingModelObservationConvention() {
            @Override
            public String getName() {
                return "its.own.name";
            }
        };
        context.withBean(ObservationRegistry.class, () -> observations)
                .withBean(EmbeddingModelObservationConvention.class, () -> convention)
                .run(run -> run.getBean(EmbeddingModel.class).embed("a cat"));
        TestObservationRegistryAssert.assertThat(observations).hasObservationWithNameEqualTo("its.own.name");
    }

    @Test
    void aModelThatIsNotThereIsSaidInOneLine() {
        context.withPropertyValues("tokenwise.model=no-such-model").run(run -> {
            assertThat(run).hasFailed();
            Throwable failure = run.getStartupFailure();
            assertThat(failure).hasRootCauseInstanceOf(BadFileException.class);
            var analysis = new ModelFailureAnalyzer().analyze(failure);
            assertThat(analysis.getDescription())
                    .startsWith("Tokenwise cannot open a model: no-such-model")
                    .doesNotContain("\n");
            assertThat(analysis.getAction()).contains("tokenwise.model");
        });
    }

    @Test
    void aTimeoutIsADeadlineOfEachCall() {
        context.withPropertyValues("tokenwise.timeout=1ns")
                .run(run -> assertThatExceptionOfType(DeadlineException.class)
                        .isThrownBy(() -> run.getBean(EmbeddingModel.class).embed("a cat")));
    }

    private static TextEncoder open(String model) {
        try {
            return TextEncoder.open(model);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
