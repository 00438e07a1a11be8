package io.tokenwise.server;

import java.util.LinkedHashMap;
import java.util.Map;

/** Errors as text-embeddings-inference 1.9 writes them: {@code {"error", "error_type"}}, and 422 where a field is wrong. */
final class TeiErrors implements ErrorForm {
    /** Of an error for an empty list or text, which is 400 there. */
    static final String EMPTY = "empty";

    @Override
    public ApiError told(ApiError error) {
        boolean field = error.status() == 400 && error.param() != null;
        return field
                ? ApiError.of(422, error.getMessage()).withParam(error.param()).withCode(error.code())
                : error;
    }

    @Override
    public Object body(ApiError error) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("error", error.getMessage());
        body.put("error_type", type(error));
        return body;
    }

    private static String type(ApiError error) {
        return switch (error.status()) {
            case 424, 500 -> "Backend";
            case 429, 504 -> "Overloaded";
            case 503 -> "Unhealthy";
            default -> EMPTY.equals(error.code()) ? "Empty" : "Validation";
        };
    }
}
