package io.tokenwise.server;

import java.util.LinkedHashMap;
import java.util.Map;

/** How an API writes errors. */
interface ErrorForm {
    /** OpenAI's: {@code {"error": {"message", "type", "param", "code"}}}. */
    ErrorForm OPENAI = error -> {
        Map<String, Object> inner = new LinkedHashMap<>();
        inner.put("message", error.getMessage());
        inner.put("type", openAiType(error.status()));
        inner.put("param", error.param());
        inner.put("code", error.code());
        return Map.of("error", inner);
    };

    /** Text-embeddings-inference's. */
    ErrorForm TEI = new TeiErrors();

    /** The error as this API has it. */
    default ApiError told(ApiError error) {
        return error;
    }

    /** What Jackson writes as the error's body. */
    Object body(ApiError error);

    private static String openAiType(int status) {
        return switch (status) {
            case 401 -> "authentication_error";
            case 403 -> "permission_error";
            case 429 -> "rate_limit_error";
            default -> status >= 500 ? "server_error" : "invalid_request_error";
        };
    }
}
