package io.tokenwise.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.micrometer.common.KeyValues;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.tck.TestObservationRegistry;
import io.micrometer.observation.tck.TestObservationRegistryAssert;
import io.tokenwise.EmbedRequest;
import io.tokenwise.InputType;
import io.tokenwise.LongTexts;
import io.tokenwise.Spent;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.testmodels.SmallTextModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.content.MediaContent;
import org.springframework.ai.document.Document;
import org.springframework.ai.document.MetadataMode;
import org.springframework.ai.embedding.BatchingStrategy;
import org.springframework.ai.embedding.Embedding;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.embedding.TokenCountBatchingStrategy;
import org.springframework.ai.embedding.observation.DefaultEmbeddingModelObservationConvention;
import org.springframework.ai.embedding.observation.EmbeddingModelObservationContext;

class TokenwiseEmbeddingModelTest {
    private static final List<String> TEXTS =
            List.of("Invoices are paid by bank transfer.", "The cat sat on the mat, and slept until the evening.", "");

    private static TextEncoder encoder;

    private final TestObservationRegistry observations = TestObservationRegistry.create();

    @BeforeAll
    static void open() throws Exception {
        encoder = TextEncoder.open("minilm-acm", EngineOptions.defaults().withThreads(1));
    }

    @AfterAll
    static void close() {
        encoder.close();
    }

    @Test
    void vectorsTokensAndPlacesAreTheLibrarys() {
        EmbeddingResponse response = model(Budget.FULL, Budget.FULL).embedForResponse(TEXTS);
        List<io.tokenwise.Embedding> expected = encoder.embed(TEXTS);
        assertThat(response.getResults())
                .extracting(Embedding::getOutput)
                .containsExactlyElementsOf(
                        expected.stream().map(io.tokenwise.Embedding::vector).toList());
        assertThat(response.getResults()).extracting(Embedding::getIndex).containsExactly(0, 1, 2);
        int tokens = expected.stream().mapToInt(io.tokenwise.Embedding::tokens).sum();
        assertThat(response.getMetadata().getUsage().getPromptTokens()).isEqualTo(tokens);
        assertThat(response.getMetadata().getUsage().getTotalTokens()).isEqualTo(tokens);
        assertThat(response.getMetadata().getModel()).isEqualTo("minilm-acm");
    }

    @Test
    void aCallsBudgetIsHeldAndSpendingIsTold() {
        EmbeddingResponse response =
                model(Budget.FULL, Budget.FULL).call(new EmbeddingRequest(TEXTS, TokenwiseEmbeddingOptions.budget(.5)));
        List<io.tokenwise.Embedding> expected = encoder.embed(TEXTS, Budget.of(.5));
        assertThat(response.getResults())
                .extracting(Embedding::getOutput)
                .containsExactlyElementsOf(
                        expected.stream().map(io.tokenwise.Embedding::vector).toList());
        List<Spent> spent = response.getMetadata().get(TokenwiseEmbeddingModel.SPENT);
        assertThat(spent)
                .containsExactlyElementsOf(
                        expected.stream().map(io.tokenwise.Embedding::spent).toList());
        assertThat(spent.getFirst().time()).isLessThan(1);
    }

    @Test
    void nothingIsComputedAfterTheDeadline() {
        var options = TokenwiseEmbeddingOptions.DEFAULT.withDeadline(Deadline.in(Duration.ZERO));
        assertThatExceptionOfType(DeadlineException.class)
                .isThrownBy(() -> model(Budget.FULL, Budget.FULL).call(new EmbeddingRequest(TEXTS, options)));
    }

    @Test
    void aLongTextIsCutAndTheResponseSaysSo() {
        EmbeddingResponse response =
                model(Budget.FULL, Budget.FULL).embedForResponse(List.of("a cat", "cat ".repeat(1_000)));
        List<Boolean> truncated = response.getMetadata().get(TokenwiseEmbeddingModel.TRUNCATED);
        assertThat(truncated).containsExactly(false, true);
    }

    @Test
    void aLongTextIsSplitIfThatIsAskedFor() {
        String text = "The cat sat on the mat, and slept until the evening. ".repeat(50);
        var options = TokenwiseEmbeddingOptions.DEFAULT.withLongTexts(LongTexts.SPLIT);
        float[] vector = model(Budget.FULL, Budget.FULL)
                .call(new EmbeddingRequest(List.of(text), options))
                .getResult()
                .getOutput();
        var request = EmbedRequest.of(text);
        assertThat(vector)
                .containsExactly(encoder.embed(request.withLongTexts(LongTexts.SPLIT))
                        .getFirst()
                        .vector())
                .isNotEqualTo(encoder.embed(request).getFirst().vector());
    }

    @Test
    void queriesAndDocumentsHaveBudgetsOfTheirOwn() {
        var model = model(Budget.of(.7), Budget.of(.5));
        String text = TEXTS.get(1);
        float[] query = encoder.embed(text, Budget.of(.5)).vector();
        float[] document = encoder.embed(text, Budget.of(.7)).vector();
        assertThat(query).isNotEqualTo(document);
        assertThat(model.embed(text)).containsExactly(query);
        assertThat(model.embed(List.of(text))).containsExactly(document);
        assertThat(model.embed(new Document(text))).containsExactly(document);
        assertThat(model.embed(
                        List.of(new Document(text)),
                        EmbeddingOptions.builder().build(),
                        new TokenCountBatchingStrategy()))
                .containsExactly(document);
    }

    @Test
    void aStringIsAQueryADocumentAPassageAndAListOfTextsWhatItsOptionsSay() {
        List<InputType> asked = new ArrayList<>();
        var model = telling(null, options -> asked.add(options.inputType()));
        String text = TEXTS.getFirst();
        model.embed(text);
        assertThat(Set.copyOf(asked)).containsExactly(InputType.QUERY);
        asked.clear();
        model.embed(new Document(text));
        model.embed(List.of(new Document(text)), null, new TokenCountBatchingStrategy());
        assertThat(Set.copyOf(asked)).containsExactly(InputType.PASSAGE);
        asked.clear();
        model.embed(List.of(text));
        assertThat(Set.copyOf(asked)).containsExactly(InputType.TEXT);
        asked.clear();
        model.call(new EmbeddingRequest(List.of(text), TokenwiseEmbeddingOptions.DEFAULT.as(InputType.QUERY)));
        assertThat(Set.copyOf(asked)).containsExactly(InputType.QUERY);
    }

    @Test
    void aTimeoutIsForEachBatchOfDocumentsADeadlineForAll() {
        Set<Deadline> asked = new HashSet<>();
        var model = telling(Duration.ofHours(1), options -> asked.add(options.deadline()));
        var documents = List.of(new Document(TEXTS.get(0)), new Document(TEXTS.get(1)));
        BatchingStrategy alone = all -> all.stream().map(List::of).toList();
        model.embed(documents, null, alone);
        assertThat(asked).hasSize(2).doesNotContain(Deadline.NONE);
        asked.clear();
        var deadline = Deadline.in(Duration.ofHours(1));
        model.embed(documents, TokenwiseEmbeddingOptions.DEFAULT.withDeadline(deadline), alone);
        assertThat(asked).containsExactly(deadline);
    }

    /** A model that tells which options its calls have. */
    private TokenwiseEmbeddingModel telling(Duration timeout, Consumer<TokenwiseEmbeddingOptions> told) {
        var convention = new DefaultEmbeddingModelObservationConvention() {
            @Override
            public KeyValues getHighCardinalityKeyValues(EmbeddingModelObservationContext context) {
                told.accept((TokenwiseEmbeddingOptions) context.getRequest().getOptions());
                return KeyValues.empty();
            }
        };
        return new TokenwiseEmbeddingModel(
                encoder,
                new TokenwiseEmbeddingModel.Settings(
                        Budget.FULL,
                        Budget.FULL,
                        LongTexts.CUT,
                        timeout,
                        MetadataMode.EMBED,
                        observations,
                        convention));
    }

    @Test
    void nullIsRefusedAsSpringAiDoes() {
        var model = model(Budget.FULL, Budget.FULL);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.embed((String) null))
                .withMessage("Text must not be null");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.embed((Document) null))
                .withMessage("Document must not be null");
    }

    @Test
    void metadataThatIsMeantForEmbeddingStandsBeforeTheText() {
        var model = model(Budget.FULL, Budget.FULL);
        var document = new Document("It sleeps.", Map.of("title", "The cat"));
        String content = document.getFormattedContent(MetadataMode.EMBED);
        assertThat(content).contains("The cat").contains("It sleeps.");
        assertThat(model.embed(document)).containsExactly(encoder.embed(content).vector());
        assertThat(model.embed(List.of(document), null, new TokenCountBatchingStrategy()))
                .containsExactly(encoder.embed(content).vector());
        document.setContentFormatter((d, mode) -> mode + " " + d.getText());
        assertThat(model.getEmbeddingContent(document)).isEqualTo("EMBED It sleeps.");
    }

    @Test
    void dimensionsAreKnownWithoutACall() {
        assertThat(model(Budget.FULL, Budget.FULL).dimensions()).isEqualTo(384);
        TestObservationRegistryAssert.assertThat(observations).doesNotHaveAnyObservation();
    }

    @Test
    void anotherModelAndOtherDimensionsAreRefused() {
        var model = model(Budget.FULL, Budget.FULL);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.call(new EmbeddingRequest(
                        TEXTS,
                        EmbeddingOptions.builder()
                                .model("text-embedding-3-small")
                                .build())))
                .withMessage("model text-embedding-3-small is asked for, tokenwise.model is minilm-acm");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.call(new EmbeddingRequest(
                        TEXTS, EmbeddingOptions.builder().dimensions(256).build())))
                .withMessage("dimensions 256 are asked for, vectors of minilm-acm have 384");
    }

    @Test
    void vectorsHaveFewerValuesWhereTheModelWasTrainedForIt(@TempDir Path folder) throws Exception {
        SmallTextModel.writeMatryoshka(folder);
        try (var small = TextEncoder.open(folder.toString())) {
            var model = new TokenwiseEmbeddingModel(small, settings(Budget.FULL, Budget.FULL, observations));
            var eight = EmbeddingOptions.builder().dimensions(8).build();
            assertThat(model.call(new EmbeddingRequest(TEXTS, eight)).getResults())
                    .allMatch(result -> result.getOutput().length == 8);
            var nine = EmbeddingOptions.builder().dimensions(9).build();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> model.call(new EmbeddingRequest(TEXTS, nine)))
                    .withMessageContaining("have 24 or one of [8, 16]");
        }
    }

    @Test
    void aCallIsObservedByTheConventions() {
        model(Budget.FULL, Budget.FULL).embedForResponse(List.of("a cat"));
        TestObservationRegistryAssert.assertThat(observations)
                .hasObservationWithNameEqualTo("gen_ai.client.operation")
                .that()
                .hasContextualNameEqualTo("embedding minilm-acm")
                .hasLowCardinalityKeyValue("gen_ai.operation.name", "embedding")
                .hasLowCardinalityKeyValue("gen_ai.system", "tokenwise")
                .hasLowCardinalityKeyValue("gen_ai.request.model", "minilm-acm")
                .hasLowCardinalityKeyValue("gen_ai.response.model", "minilm-acm")
                .hasHighCardinalityKeyValue("gen_ai.request.embedding.dimensions", "384")
                .hasHighCardinalityKeyValue("gen_ai.usage.input_tokens", "4")
                .hasHighCardinalityKeyValue("gen_ai.usage.total_tokens", "4")
                .hasBeenStarted()
                .hasBeenStopped();
    }

    @Test
    void aFailureIsObservedToo() throws Exception {
        var closed = TextEncoder.open("minilm-acm", EngineOptions.defaults().withThreads(1));
        closed.close();
        var model = new TokenwiseEmbeddingModel(closed, settings(Budget.FULL, Budget.FULL, observations));
        assertThatIllegalStateException().isThrownBy(() -> model.embed("a cat"));
        TestObservationRegistryAssert.assertThat(observations)
                .hasSingleObservationThat()
                .hasError()
                .hasBeenStopped();
    }

    @Test
    void tokensAreCountedAsTheModelReadsThem() {
        var estimator = new TokenwiseTokenCountEstimator(encoder, encoder.maxTokens());
        for (String text : TEXTS) {
            assertThat(estimator.estimate(text)).isEqualTo(encoder.embed(text).tokens());
        }
        String tooLong = "cat ".repeat(1_000);
        assertThat(estimator.estimate(tooLong)).isEqualTo(encoder.embed(tooLong).tokens());
        assertThat(new TokenwiseTokenCountEstimator(encoder, 10_000).estimate(tooLong))
                .isEqualTo(1_002);
        List<MediaContent> messages = List.of(new UserMessage(TEXTS.get(0)), new UserMessage(TEXTS.get(1)));
        assertThat(estimator.estimate(messages))
                .isEqualTo(estimator.estimate(TEXTS.get(0)) + estimator.estimate(TEXTS.get(1)));
        assertThat(estimator.estimate((String) null)).isZero();
    }

    /** As e5 has them. */
    @Test
    void whatStandsBeforeADocumentIsCounted(@TempDir Path folder) throws Exception {
        SmallTextModel.write(folder);
        Files.writeString(
                folder.resolve("config_sentence_transformers.json"),
                "{\"prompts\": {\"query\": \"\", \"document\": \"a long passage: \"}}");
        try (var small = TextEncoder.open(folder.toString())) {
            int tokens = new TokenwiseTokenCountEstimator(small, small.maxTokens()).estimate("a cat");
            assertThat(tokens)
                    .isEqualTo(small.embedPassages(List.of("a cat")).getFirst().tokens())
                    .isEqualTo(small.countTokens("a cat") + 4);
        }
    }

    private TokenwiseEmbeddingModel model(Budget documents, Budget queries) {
        return new TokenwiseEmbeddingModel(encoder, settings(documents, queries, observations));
    }

    private static TokenwiseEmbeddingModel.Settings settings(
            Budget documents, Budget queries, ObservationRegistry observations) {
        return new TokenwiseEmbeddingModel.Settings(
                documents, queries, LongTexts.CUT, null, MetadataMode.EMBED, observations, null);
    }
}
