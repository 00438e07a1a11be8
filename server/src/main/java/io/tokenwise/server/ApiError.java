package io.tokenwise.server;

import java.time.Duration;

/** What a client is told instead of an answer: a status and one line. It is written in the form of the API that was called, {@link ErrorForm}. */
final class ApiError extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int status;

    /** The field that is wrong, or null. */
    private final String param;

    /** A word for programs, or null. */
    private final String code;

    /** When to come back, or null. */
    private final Duration retryAfter;

    private ApiError(int status, String message, String param, String code, Duration retryAfter) {
        super(message, null, false, false);
        this.status = status;
        this.param = param;
        this.code = code;
        this.retryAfter = retryAfter;
    }

    /** @param message one line that names what is wrong and says what would be right; no path, class name or stack */
    static ApiError of(int status, String message) {
        return new ApiError(status, message, null, null, null);
    }

    /** A field of the request is wrong. */
    static ApiError field(String param, String message) {
        return new ApiError(400, message, param, null, null);
    }

    /** Too much is going on; the client may try again later. */
    static ApiError busy(int status, String message, Duration retryAfter) {
        return new ApiError(status, message, null, status == 429 ? "rate_limit_exceeded" : null, retryAfter);
    }

    ApiError withCode(String newCode) {
        return new ApiError(status, getMessage(), param, newCode, retryAfter);
    }

    ApiError withParam(String newParam) {
        return new ApiError(status, getMessage(), newParam, code, retryAfter);
    }

    int status() {
        return status;
    }

    String param() {
        return param;
    }

    String code() {
        return code;
    }

    Duration retryAfter() {
        return retryAfter;
    }
}
