package io.tokenwise.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.errors.NotFoundException;
import io.tokenwise.api.Budget;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.ai.embedding.Embedding;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.openai.OpenAiEmbeddingModel;
import org.springframework.ai.openai.OpenAiEmbeddingOptions;

/** Spring AI's OpenAI model with another URL: the library's vectors, bit for bit. */
class SpringAiClientTest {
    private static Served served;

    @BeforeAll
    static void start() throws Exception {
        served = Served.start();
    }

    @AfterAll
    static void stop() {
        served.close();
    }

    private static OpenAiEmbeddingModel client(String model) {
        return OpenAiEmbeddingModel.builder()
                .options(OpenAiEmbeddingOptions.builder()
                        .baseUrl(served.url())
                        .apiKey("none")
                        .model(model)
                        .build())
                .build();
    }

    @Test
    void vectorsAndTokensAreTheLibrarys() {
        EmbeddingResponse response = client(Served.MODEL).embedForResponse(Served.TEXTS);
        assertThat(response.getResults())
                .extracting(Embedding::getOutput)
                .containsExactlyElementsOf(served.vectors(Budget.FULL));
        assertThat(response.getMetadata().getUsage().getPromptTokens()).isEqualTo(served.tokens());
        assertThat(response.getMetadata().getModel()).isEqualTo(Served.MODEL);
    }

    @Test
    void aBudgetIsPartOfTheModelsName() {
        assertThat(client(Served.MODEL + "@0.5").embed(Served.TEXTS))
                .containsExactlyElementsOf(served.vectors(Budget.of(.5)));
    }

    @Test
    void anUnknownModelIsTheClientsOwnException() {
        assertThatThrownBy(() -> client("unknown").embed("a text"))
                .isInstanceOf(NotFoundException.class)
                .hasMessageContaining("model");
    }
}
