package io.tokenwise.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.errors.BadRequestException;
import com.openai.models.embeddings.CreateEmbeddingResponse;
import com.openai.models.embeddings.EmbeddingCreateParams;
import io.tokenwise.api.Budget;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** OpenAI's own Java client, which asks for base64 unless it is told otherwise. */
class OpenAiJavaClientTest {
    private static Served served;
    private static OpenAIClient client;

    @BeforeAll
    static void start() throws Exception {
        served = Served.start();
        client = OpenAIOkHttpClient.builder()
                .baseUrl(served.url())
                .apiKey("none")
                .maxRetries(0)
                .build();
    }

    @AfterAll
    static void stop() {
        client.close();
        served.close();
    }

    private static EmbeddingCreateParams.Builder params(String model) {
        return EmbeddingCreateParams.builder().model(model).inputOfArrayOfStrings(Served.TEXTS);
    }

    private static List<float[]> vectors(EmbeddingCreateParams params) {
        List<float[]> vectors = new ArrayList<>();
        for (var embedding : client.embeddings().create(params).data()) {
            var vector = new float[embedding.embedding().size()];
            for (int i = 0; i < vector.length; i++) {
                vector[i] = embedding.embedding().get(i);
            }
            vectors.add(vector);
        }
        return vectors;
    }

    @Test
    void vectorsAndTokensAreTheLibrarys() {
        CreateEmbeddingResponse response =
                client.embeddings().create(params(Served.MODEL).build());
        assertThat(response.usage().promptTokens()).isEqualTo(served.tokens());
        assertThat(response.model()).isEqualTo(Served.MODEL);
        assertThat(vectors(params(Served.MODEL).build())).containsExactlyElementsOf(served.vectors(Budget.FULL));
        assertThat(vectors(params(Served.MODEL)
                        .encodingFormat(EmbeddingCreateParams.EncodingFormat.FLOAT)
                        .build()))
                .containsExactlyElementsOf(served.vectors(Budget.FULL));
    }

    @Test
    void aBudgetIsPartOfTheNameOrAFieldOrAHeader() {
        List<float[]> expected = served.vectors(Budget.of(.5));
        assertThat(vectors(params(Served.MODEL + "@0.5").build())).containsExactlyElementsOf(expected);
        assertThat(vectors(params(Served.MODEL)
                        .putAdditionalBodyProperty("budget", JsonValue.from(.5))
                        .build()))
                .containsExactlyElementsOf(expected);
        assertThat(vectors(params(Served.MODEL)
                        .putAdditionalHeader("x-tokenwise-budget", "0.5")
                        .build()))
                .containsExactlyElementsOf(expected);
    }

    @Test
    void theServersModelsAreListed() {
        assertThat(client.models().list().data())
                .extracting(model -> model.id())
                .contains(Served.MODEL);
    }

    @Test
    void whatIsRefusedSaysWhy() {
        assertThatExceptionOfType(BadRequestException.class)
                .isThrownBy(() -> vectors(params(Served.MODEL + "@2").build()))
                .withMessageContaining("from 0 to 1");
    }
}
