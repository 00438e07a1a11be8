package io.tokenwise.server;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** The forms in which OpenAI's clients ask for a transcript. */
enum TranscriptFormat {
    JSON,
    TEXT,
    SRT,
    VTT,
    VERBOSE_JSON;

    /** The one that a request calls so, such as {@code verbose_json}; empty if there is none. */
    static Optional<TranscriptFormat> named(String name) {
        return Arrays.stream(values())
                .filter(format -> format.requestName().equals(name))
                .findFirst();
    }

    /** All names, for messages. */
    static String names() {
        return Arrays.stream(values()).map(TranscriptFormat::requestName).collect(Collectors.joining(", "));
    }

    private String requestName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
