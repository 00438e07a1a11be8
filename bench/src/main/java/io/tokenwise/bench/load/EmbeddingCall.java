package io.tokenwise.bench.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.json.JsonMapper;

/** Requests to {@code /v1/embeddings} as OpenAI's clients send them, and the vectors of the answers. */
public final class EmbeddingCall {
    private static final JsonMapper JSON = new JsonMapper();

    private EmbeddingCall() {}

    /**
     * A request for the vectors of texts.
     *
     * @param model with its budget, as {@code minilm-acm@auto}
     * @param deadlineMillis of the server's deadline header; 0 for none
     */
    public static byte[] request(String model, List<String> texts, long deadlineMillis) {
        String input = texts.stream().map(JSON::writeValueAsString).collect(Collectors.joining(","));
        String json = "{\"model\":%s,\"input\":%s,\"encoding_format\":\"base64\"}"
                .formatted(JSON.writeValueAsString(model), texts.size() == 1 ? input : "[" + input + "]");
        return HttpConnection.post(
                "/v1/embeddings",
                json,
                deadlineMillis == 0 ? Map.of() : Map.of("x-tokenwise-deadline-ms", String.valueOf(deadlineMillis)));
    }

    /** The vector of an answer that has one. */
    static float[] vector(HttpConnection.Response response) throws IOException {
        String body = new String(response.body(), StandardCharsets.ISO_8859_1);
        String name = "\"embedding\":\"";
        int from = body.indexOf(name) + name.length();
        int to = body.indexOf('"', from);
        if (from < name.length() || to < 0) {
            throw new IOException("an answer without a vector in base64: " + body);
        }
        var floats = ByteBuffer.wrap(Base64.getDecoder().decode(body.substring(from, to)))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
        var vector = new float[floats.remaining()];
        floats.get(vector);
        return vector;
    }
}
