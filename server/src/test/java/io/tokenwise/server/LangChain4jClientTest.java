package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import io.tokenwise.Embedding;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** LangChain4j's client for OpenAI: one URL changed, and the library's vectors come back, bit for bit. */
@ExtendWith(SharedServer.class)
class LangChain4jClientTest {
    private static final List<String> TEXTS =
            List.of("How do I pay an invoice?", "Invoices are paid by bank transfer.", "Größe: 3 µm, 日本");

    private static SharedServer.Running server;
    private static TextEncoder encoder;

    @BeforeAll
    static void open(SharedServer.Running shared) throws IOException {
        server = shared;
        encoder = TextEncoder.open("minilm-acm");
    }

    @AfterAll
    static void close() {
        encoder.close();
    }

    private static OpenAiEmbeddingModel.OpenAiEmbeddingModelBuilder client() {
        return OpenAiEmbeddingModel.builder()
                .baseUrl("http://127.0.0.1:" + server.port() + "/v1")
                .apiKey("none")
                .modelName("minilm-acm")
                .maxRetries(0);
    }

    private static void assertAreOfBudget(OpenAiEmbeddingModel model, Budget budget) {
        var response = model.embedAll(TEXTS.stream().map(TextSegment::from).toList());
        List<Embedding> expected = encoder.embed(TEXTS, budget);
        assertThat(response.content())
                .extracting(dev.langchain4j.data.embedding.Embedding::vector)
                .containsExactlyElementsOf(
                        expected.stream().map(Embedding::vector).toList());
        assertThat(response.tokenUsage().inputTokenCount())
                .isEqualTo(expected.stream().mapToInt(Embedding::tokens).sum());
    }

    @ParameterizedTest
    @ValueSource(strings = {"float", "base64"})
    void vectorsAreTheLibrarysInBothEncodings(String encoding) {
        assertAreOfBudget(client().encodingFormat(encoding).build(), Budget.FULL);
    }

    @Test
    void aBudgetIsPartOfTheNameOrAFieldOrAHeader() {
        assertAreOfBudget(client().modelName("minilm-acm@0.5").build(), Budget.of(0.5));
        assertAreOfBudget(client().customParameters(Map.of("budget", 0.5)).build(), Budget.of(0.5));
        assertAreOfBudget(
                client().customHeaders(Map.of("x-tokenwise-budget", "0.5")).build(), Budget.of(0.5));
    }

    @Test
    void anUnknownModelIsTheClientsOwnException() {
        var model = client().modelName("unknown").build();
        assertThatThrownBy(() -> model.embed("a text"))
                .isInstanceOf(ModelNotFoundException.class)
                .hasMessageContaining("model_not_found");
    }
}
