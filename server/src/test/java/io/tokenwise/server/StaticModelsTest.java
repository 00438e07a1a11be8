package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TextEncoder;
import io.tokenwise.testmodels.SmallTextModel;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A model without layers over HTTP. */
class StaticModelsTest {
    private static final String UNKNOWN = "\ud83d\ude00";

    @TempDir
    private static Path folder;

    private static TokenwiseServer server;
    private static JsonClient client;

    @BeforeAll
    static void start() throws IOException {
        SmallTextModel.writeStatic(folder);
        server = TokenwiseServer.start(ServerOptions.of(0, folder.toString()));
        client = new JsonClient(server.port());
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
    }

    private static float[] vector(JsonNode numbers) {
        var vector = new float[numbers.size()];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = numbers.get(i).floatValue();
        }
        return vector;
    }

    @Test
    void itGivesItsVectors() throws Exception {
        float[] expected;
        try (TextEncoder encoder = TextEncoder.open(folder.toString())) {
            expected = encoder.embed("who wrote Faust?").vector();
        }
        JsonNode tei = client.answer("/embed", Map.of("inputs", List.of("who wrote Faust?", UNKNOWN)));
        assertThat(vector(tei.get(0))).containsExactly(expected);
        assertThat(vector(tei.get(1))).containsOnly(0).hasSize(24);
        JsonNode openAi = client.answer(
                "/v1/embeddings",
                Map.of(
                        "input",
                        "who wrote Faust?",
                        "model",
                        folder.getFileName().toString()));
        assertThat(vector(openAi.at("/data/0/embedding"))).containsExactly(expected);
    }

    @Test
    void aTextWithoutKnownWordsIsLikeNoOther() throws Exception {
        List<String> sentences = List.of(UNKNOWN, "who wrote Faust?");
        for (String source : List.of(UNKNOWN, "Faust")) {
            JsonNode cosines = client.answer(
                    "/similarity", Map.of("inputs", Map.of("source_sentence", source, "sentences", sentences)));
            assertThat(cosines.valueStream()).hasSize(2).allMatch(JsonNode::isNumber);
            assertThat(cosines.get(0).doubleValue()).isZero();
            assertThat(cosines.get(1).doubleValue() != 0).isEqualTo(source.equals("Faust"));
        }
    }

    @Test
    void itIsDescribed() throws Exception {
        JsonNode info = new JsonMapper().readTree(client.get("/info"));
        // Where its tokenizer.json cuts, which is sooner than model2vec does.
        assertThat(info.get("max_input_length").intValue()).isEqualTo(128);
        assertThat(info.at("/model_type/embedding").isObject()).isTrue();
    }

    /** Without marks, and without what is left out. */
    @Test
    void itsTokensAreThoseThatCount() throws Exception {
        JsonNode tokens = client.answer("/tokenize", Map.of("inputs", "who " + UNKNOWN + " wrote"));
        assertThat(tokens.get(0).valueStream().map(token -> token.get("text").stringValue()))
                .containsExactly("who", "wrote");
    }

    @Test
    void thePageShowsAText() throws Exception {
        JsonNode state = new JsonMapper().readTree(client.get("/page/state"));
        String model = state.at("/models/0/name").stringValue();
        JsonNode answer = client.answer(
                "/page/text", Map.of("model", model, "budget", .5, "text", "who wrote", "others", List.of(UNKNOWN)));
        assertThat(answer.get("layers").intValue()).isZero();
        assertThat(answer.get("tokens").size()).isEqualTo(2);
        assertThat(answer.at("/others/0").isNull()).isTrue();
        HttpResponse<String> refused =
                client.post("/page/text", Map.of("model", model, "budget", .5, "text", UNKNOWN, "others", List.of()));
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains("text has no word");
    }
}
