package io.tokenwise.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.tck.TestObservationRegistry;
import io.micrometer.observation.tck.TestObservationRegistryAssert;
import io.tokenwise.Engine;
import io.tokenwise.Reranker;
import io.tokenwise.Reranker.Ranked;
import io.tokenwise.TextEncoder;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.session.OpenModel;
import io.tokenwise.testmodels.SmallTextModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.ai.content.Media;
import org.springframework.ai.document.Document;
import org.springframework.ai.document.MetadataMode;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.util.MimeTypeUtils;

class TokenwiseRerankerTest {
    private static final String QUERY = "who wrote a letter?";

    /** What a vector store puts into the metadata must not matter. */
    private static final List<Document> FOUND = List.of(
            new Document("rivers run to the sea", Map.of("distance", 0.25)),
            new Document("a man wrote a letter", Map.of("distance", 0.5)),
            new Document("", Map.of("distance", 0.75)));

    private static String model;

    private final ApplicationContextRunner none = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(TokenwiseRerankerAutoConfiguration.class))
            .withPropertyValues("tokenwise.threads=1");

    private final ApplicationContextRunner context = none.withPropertyValues("tokenwise.reranker.model=" + model);

    @BeforeAll
    static void write(@TempDir Path folder) throws Exception {
        Path written = folder.resolve("scores");
        SmallTextModel.writeScores(written);
        model = written.toString();
    }

    @Test
    void documentsComeInTheLibrarysOrderWithItsScoresUntilTheContextCloses() {
        var opened = new Reranker[1];
        context.run(run -> {
            assertThat(run).hasSingleBean(Reranker.class).doesNotHaveBean(EmbeddingModel.class);
            opened[0] = run.getBean(Reranker.class);
            List<Ranked> expected =
                    opened[0].rank(QUERY, FOUND.stream().map(Document::getText).toList());
            var reranker = run.getBean(TokenwiseDocumentReranker.class);
            List<Document> ranked = reranker.rerank(QUERY, FOUND, FOUND.size());
            assertThat(ranked).hasSameSizeAs(FOUND);
            for (int i = 0; i < ranked.size(); i++) {
                Document document = FOUND.get(expected.get(i).index());
                assertThat(ranked.get(i).getId()).isEqualTo(document.getId());
                assertThat(ranked.get(i).getText()).isEqualTo(document.getText());
                assertThat(ranked.get(i).getMetadata()).isEqualTo(document.getMetadata());
                assertThat(ranked.get(i).getScore()).isEqualTo(expected.get(i).probability());
            }
            assertThat(reranker.rerank(QUERY, FOUND, 2))
                    .extracting(Document::getId)
                    .containsExactly(ranked.get(0).getId(), ranked.get(1).getId());
            assertThat(reranker.rerank(QUERY, List.of(), 2)).isEmpty();
        });
        assertThatIllegalStateException().isThrownBy(() -> opened[0].rank(QUERY, List.of("a")));
    }

    @Test
    void withoutAModelThereIsNone() {
        none.run(run -> assertThat(run)
                .hasNotFailed()
                .doesNotHaveBean(Reranker.class)
                .doesNotHaveBean(TokenwiseDocumentReranker.class)
                .doesNotHaveBean(Engine.class));
        none.withPropertyValues("tokenwise.reranker.model=")
                .run(
                        run -> assertThat(run)
                                .getFailure()
                                .rootCause()
                                .hasMessage(
                                        "tokenwise.reranker.model is empty; set it to a folder with a cross-encoder, or leave it out"));
    }

    @Test
    void itSharesTheEngineAndTheApplicationsOwnRerankerIsTaken() {
        context.withConfiguration(AutoConfigurations.of(TokenwiseEmbeddingAutoConfiguration.class))
                .run(run -> {
                    assertThat(run).hasSingleBean(Engine.class).hasSingleBean(TextEncoder.class);
                    assertThat(run.getBean(Engine.class).state().getModels())
                            .containsExactlyInAnyOrder(model, "minilm-acm");
                });
        context.withBean("own", Reranker.class, () -> {
                    try {
                        return Reranker.open(model);
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                })
                .run(run -> assertThat(run)
                        .hasSingleBean(Reranker.class)
                        .hasSingleBean(TokenwiseDocumentReranker.class)
                        .doesNotHaveBean("tokenwiseReranker"));
    }

    @Test
    void aModelThatIsNoneIsSaidInOneLine() {
        none.withPropertyValues("tokenwise.reranker.model=minilm-acm").run(run -> {
            var analysis = new ModelFailureAnalyzer().analyze(run.getStartupFailure());
            assertThat(analysis.getDescription())
                    .isEqualTo(
                            "Tokenwise cannot open a model: minilm-acm: is a text encoder; a cross-encoder is wanted here");
            assertThat(analysis.getAction()).contains("tokenwise.reranker.model");
        });
    }

    @Test
    void aTimeoutReachesItsCalls() {
        context.withPropertyValues("tokenwise.timeout=1ns")
                .run(run -> assertThatExceptionOfType(DeadlineException.class)
                        .isThrownBy(() ->
                                run.getBean(TokenwiseDocumentReranker.class).rerank(QUERY, FOUND, 1)));
    }

    @Test
    void aBudgetReachesItsCalls(@TempDir Path folder) throws Exception {
        Path adaptive = folder.resolve("adaptive");
        writeAdaptive(adaptive);
        none.withPropertyValues(
                        "tokenwise.reranker.model=" + adaptive,
                        "tokenwise.reranker.budget=0.5",
                        "tokenwise.budget-mode=flops")
                .run(run -> assertThat(
                                run.getBean(TokenwiseDocumentReranker.class).rerank(QUERY, FOUND, 3))
                        .extracting(Document::getScore)
                        .isEqualTo(scores(run.getBean(Reranker.class), Budget.flops(.5)))
                        .isNotEqualTo(scores(run.getBean(Reranker.class), Budget.FULL)));
    }

    private static List<Double> scores(Reranker reranker, Budget budget) {
        List<String> texts = FOUND.stream().map(Document::getText).toList();
        return reranker.rank(QUERY, texts, 3, budget, Deadline.NONE).stream()
                .map(Ranked::probability)
                .toList();
    }

    /** The same model, whose MLPs have learners, with gates that know nothing. */
    private static void writeAdaptive(Path folder) throws IOException {
        try (Reranker dense = Reranker.open(model)) {
            OpenModel opened = dense.model();
            List<int[]> tokens =
                    List.of(opened.files().tokenizer().encode(QUERY).ids());
            Acmizer.replace(
                    opened.encoder().parameters(),
                    opened.encoder().slots(),
                    AdaptiveLayers.mlps(4),
                    () -> opened.sessions().encode(tokens, Budget.FULL, null));
            opened.encoder().save(folder, opened.files().tokenizer(), ModelWriter.Existing.KEEP);
        }
    }

    @Test
    void documentsKeepWhatFormatsThem() {
        var document = new Document("a man wrote a letter", Map.of("title", "Faust"));
        document.setContentFormatter((each, mode) -> mode + " " + each.getText());
        context.run(run -> assertThat(run.getBean(TokenwiseDocumentReranker.class)
                        .rerank(QUERY, List.of(document), 1)
                        .getFirst()
                        .getFormattedContent(MetadataMode.ALL))
                .isEqualTo("ALL a man wrote a letter"));
    }

    @Test
    void callsAreObservedByTheNamesOfSpringAi() {
        var observations = TestObservationRegistry.create();
        context.withBean(ObservationRegistry.class, () -> observations).run(run -> {
            var reranker = run.getBean(TokenwiseDocumentReranker.class);
            reranker.rerank(QUERY, FOUND, 1);
            TestObservationRegistryAssert.assertThat(observations)
                    .hasSingleObservationThat()
                    .hasNameEqualTo("gen_ai.client.operation")
                    .hasContextualNameEqualTo("rerank " + model)
                    .hasLowCardinalityKeyValue("gen_ai.operation.name", "rerank")
                    .hasLowCardinalityKeyValue("gen_ai.system", "tokenwise")
                    .hasLowCardinalityKeyValue("gen_ai.request.model", model)
                    .hasLowCardinalityKeyValue("gen_ai.response.model", model)
                    .hasBeenStarted()
                    .hasBeenStopped();
            observations.clear();
            var picture = new Media(MimeTypeUtils.IMAGE_PNG, new ByteArrayResource(new byte[1]));
            assertThatNullPointerException()
                    .isThrownBy(() -> reranker.rerank(QUERY, List.of(new Document(picture, Map.of())), 1))
                    .withMessage("rerank: text 1 of 1 is null; leave it out, or give \"\"");
            TestObservationRegistryAssert.assertThat(observations)
                    .hasSingleObservationThat()
                    .hasError()
                    .hasBeenStopped();
        });
    }

    @Test
    void warmingUpIsARunnerOfTheApplicationIfItIsAskedFor() {
        context.run(run -> assertThat(run).doesNotHaveBean(ApplicationRunner.class));
        context.withPropertyValues("tokenwise.warm-up=true").run(run -> {
            // Which takes seconds, unless it fails at once.
            run.getBean(Reranker.class).close();
            assertThatIllegalStateException()
                    .isThrownBy(() -> run.getBean(ApplicationRunner.class).run(null));
        });
    }
}
