package io.tokenwise.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.document.Document;
import dev.langchain4j.data.document.splitter.DocumentSplitters;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.TimeoutException;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.embedding.request.EmbeddingInputType;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.request.EmbeddingRequestParameters;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import io.tokenwise.EmbedRequest;
import io.tokenwise.Embedding;
import io.tokenwise.Engine;
import io.tokenwise.LongTexts;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.testmodels.SmallTextModel;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenwiseEmbeddingModelTest {
    private static final List<String> TEXTS =
            List.of("How do I pay an invoice?", "Invoices are paid by bank transfer, within thirty days of delivery.");

    private static TextEncoder encoder;

    @BeforeAll
    static void open() throws IOException {
        encoder = TextEncoder.open("minilm-acm");
    }

    @AfterAll
    static void close() {
        encoder.close();
    }

    private static TokenwiseEmbeddingModel.Builder builder() {
        return TokenwiseEmbeddingModel.builder().encoder(encoder);
    }

    private static EmbeddingRequest.Builder request() {
        return EmbeddingRequest.builder().inputs(TEXTS.toArray(String[]::new));
    }

    @Test
    void vectorsAreTheEnginesBitForBit() {
        var segments = TEXTS.stream().map(TextSegment::from).toList();
        var response = builder().build().embedAll(segments);
        assertThat(response.content())
                .extracting(dev.langchain4j.data.embedding.Embedding::vector)
                .containsExactlyElementsOf(
                        encoder.embed(TEXTS).stream().map(Embedding::vector).toList());
    }

    @Test
    void theDefaultBudgetHoldsWhereACallNamesNone() {
        var response = builder().budget(0.5).build().embed(request().build());
        assertIsOfBudget(response.embeddings(), Budget.of(0.5));
        assertThat(response.embeddings().getFirst().vector())
                .isNotEqualTo(encoder.embed(TEXTS.getFirst()).vector());
    }

    @Test
    void aCallsBudgetHoldsInsteadOfTheDefaultOne() {
        var parameters =
                TokenwiseEmbeddingRequestParameters.builder().budget(0.35).build();
        var response = builder()
                .budget(0.7)
                .build()
                .embed(request().parameters(parameters).build());
        assertIsOfBudget(response.embeddings(), Budget.of(0.35));
        assertThat(parameters.budget()).isEqualTo(Budget.of(0.35));
    }

    @Test
    void aBudgetInFlopsIsOneToo() {
        var parameters = TokenwiseEmbeddingRequestParameters.builder()
                .budget(Budget.hard(0.5))
                .build();
        var response = builder().build().embed(request().parameters(parameters).build());
        assertIsOfBudget(response.embeddings(), Budget.hard(0.5));
    }

    private static void assertIsOfBudget(List<dev.langchain4j.data.embedding.Embedding> embeddings, Budget budget) {
        assertThat(embeddings)
                .extracting(dev.langchain4j.data.embedding.Embedding::vector)
                .containsExactlyElementsOf(encoder.embed(TEXTS, budget).stream()
                        .map(Embedding::vector)
                        .toList());
    }

    @Test
    void metadataSaysWhatWasSpentAndCountsEveryToken() {
        var response = builder().budget(0.5).build().embed(request().build());
        assertThat(response.metadata()).isInstanceOfSatisfying(TokenwiseEmbeddingResponseMetadata.class, metadata -> {
            assertThat(metadata.budget()).isEqualTo(Budget.of(0.5));
            assertThat(metadata.embeddings())
                    .extracting(Embedding::spent)
                    .containsExactlyElementsOf(encoder.embed(TEXTS, Budget.of(0.5)).stream()
                            .map(Embedding::spent)
                            .toList());
            assertThat(metadata.modelName()).isEqualTo("minilm-acm");
        });
        // [CLS] how do i pay an in ##vo ##ice ? [SEP]
        var alone = builder().build().embed(TEXTS.getFirst());
        assertThat(alone.tokenUsage().inputTokenCount()).isEqualTo(11);
    }

    @Test
    void theModelSaysWhatItIs() {
        var model = builder().build();
        assertThat(model.modelName()).isEqualTo("minilm-acm");
        assertThat(model.dimension()).isEqualTo(384);
        assertThat(model.provider()).isEqualTo(ModelProvider.OTHER);
        assertThat(model.supportedParameters())
                .containsExactlyInAnyOrder(
                        TokenwiseEmbeddingRequestParameters.BUDGET, TokenwiseEmbeddingRequestParameters.DEADLINE);
        assertThat(model.defaultRequestParameters().parameter(TokenwiseEmbeddingRequestParameters.BUDGET))
                .isEqualTo(Budget.FULL);
    }

    @Test
    void queriesAndDocumentsHaveTheirPrefixes() throws IOException {
        try (var e5 = TextEncoder.open("e5-small")) {
            var model = TokenwiseEmbeddingModel.builder().encoder(e5).build();
            assertThat(model.supportedParameters()).contains(EmbeddingRequestParameters.INPUT_TYPE);
            var queries =
                    model.embed(request().inputType(EmbeddingInputType.QUERY).build());
            assertThat(queries.embeddings().getFirst().vector())
                    .isEqualTo(e5.embedQuery(TEXTS.getFirst(), Budget.FULL).vector());
            var documents =
                    model.embed(request().inputType(EmbeddingInputType.DOCUMENT).build());
            assertThat(documents.embeddings())
                    .extracting(dev.langchain4j.data.embedding.Embedding::vector)
                    .containsExactlyElementsOf(e5.embedPassages(TEXTS, Budget.FULL).stream()
                            .map(Embedding::vector)
                            .toList());
            assertThat(queries.embeddings()).isNotEqualTo(documents.embeddings());
        }
    }

    @Test
    void vectorsHaveFewerValuesWhereTheModelWasTrainedForIt(@TempDir Path folder) throws IOException {
        assertThat(builder().build().supportedParameters()).doesNotContain(EmbeddingRequestParameters.DIMENSIONS);
        SmallTextModel.writeMatryoshka(folder);
        try (var model =
                TokenwiseEmbeddingModel.builder().modelName(folder.toString()).build()) {
            assertThat(model.embed(request().dimensions(8).build()).embeddings())
                    .allMatch(embedding -> embedding.dimension() == 8);
            var other = request().dimensions(9).build();
            assertThatThrownBy(() -> model.embed(other)).hasMessageContaining("8, 16 or 24, for which it was trained");
        }
    }

    @Test
    void longTextsAreCutOrSplit() {
        String text = TEXTS.getLast().repeat(50);
        var cut = details(
                builder().build().embed(EmbeddingRequest.builder().input(text).build()));
        assertThat(cut.truncated()).isTrue();
        assertThat(cut.tokens()).isEqualTo(encoder.maxTokens());
        var split = details(builder()
                .longTexts(LongTexts.SPLIT)
                .build()
                .embed(EmbeddingRequest.builder().input(text).build()));
        assertThat(split.truncated()).isFalse();
        assertThat(split.tokens()).isGreaterThanOrEqualTo(encoder.countTokens(text));
        assertThat(split.vector())
                .isEqualTo(encoder.embed(EmbedRequest.of(text).withLongTexts(LongTexts.SPLIT))
                        .getFirst()
                        .vector());
    }

    private static Embedding details(EmbeddingResponse response) {
        return ((TokenwiseEmbeddingResponseMetadata) response.metadata())
                .embeddings()
                .getFirst();
    }

    @Test
    void documentsAreSplitWhereTheModelStopsReading() {
        var model = builder().build();
        var splitter = DocumentSplitters.recursive(encoder.maxTokens(), 0, model.tokenCountEstimator());
        var segments = splitter.split(Document.from((TEXTS.getLast() + "\n\n").repeat(50)));
        assertThat(segments).hasSizeGreaterThan(1);
        var response = model.embed(EmbeddingRequest.builder()
                .inputs(segments.stream().map(TextSegment::text).toArray(String[]::new))
                .build());
        assertThat(((TokenwiseEmbeddingResponseMetadata) response.metadata()).embeddings())
                .noneMatch(Embedding::truncated);
    }

    @Test
    void aDeadlineThatHasPassedIsLangChain4jsTimeout() {
        var parameters = TokenwiseEmbeddingRequestParameters.builder()
                .deadline(Deadline.in(Duration.ZERO))
                .build();
        var late = request().parameters(parameters).build();
        var model = builder().build();
        assertThatThrownBy(() -> model.embed(late))
                .isInstanceOf(TimeoutException.class)
                .hasCauseInstanceOf(DeadlineException.class);
        assertThat(parameters.deadline().hasPassed()).isTrue();
    }

    @Test
    void modelsOfOneEngineShareIt() {
        try (var engine = Engine.open()) {
            var first = TokenwiseEmbeddingModel.builder()
                    .engine(engine)
                    .modelName("minilm-acm")
                    .build();
            try (var second = TokenwiseEmbeddingModel.builder()
                    .engine(engine)
                    .modelName("minilm-acm")
                    .build()) {
                first.close();
                assertThat(second.embed(TEXTS.getFirst()).content().vector())
                        .isEqualTo(encoder.embed(TEXTS.getFirst()).vector());
            }
            var nameless = TokenwiseEmbeddingModel.builder().engine(engine);
            assertThatThrownBy(nameless::build)
                    .hasMessage("modelName: is absent; say which model the engine is to open");
        }
    }

    @Test
    void closingLeavesAnothersEncoderOpen() {
        builder().build().close();
        assertThat(encoder.embed("still open").vector()).hasSize(384);
        var own = TokenwiseEmbeddingModel.builder().modelName("minilm-acm").build();
        own.close();
        assertThatThrownBy(() -> own.embed("closed")).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void wrongSettingsAreSaidInOneLine() {
        var builder = TokenwiseEmbeddingModel.builder();
        assertThatThrownBy(() -> builder.encoder(null)).hasMessage("encoder");
        assertThatThrownBy(() -> builder.engine(null)).hasMessage("engine");
        assertThatThrownBy(() -> builder().budget(1.5)).hasMessage("budget 1.5 is outside 0..1");
        var tooLittle = builder().budget(Budget.hard(0.001));
        assertThatThrownBy(tooLittle::build).hasMessageStartingWith("a hard budget of 0.001 does not reach");
        var both = builder().modelName("minilm-acm");
        assertThatThrownBy(both::build)
                .hasMessage("encoder: is a model in an engine already; leave modelName and engine out");
        var absent = TokenwiseEmbeddingModel.builder().modelName("no-such-model");
        assertThatThrownBy(absent::build).isInstanceOf(BadFileException.class).hasMessageContaining("no-such-model");
    }
}
