package io.tokenwise.server;

import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** What a request, or the server's default, says of budgets. */
sealed interface AskedBudget {
    /** In requests, the word for {@link Auto}. */
    String AUTO = "auto";

    /**
     * A budget that load never changes.
     *
     * @param share 0 to 1, of the dense model's time, or of its FLOPs where the model knows no other
     */
    record Share(double share) implements AskedBudget {
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%.4g", share);
        }
    }

    /** As much as load allows. */
    record Auto() implements AskedBudget {
        @Override
        public String toString() {
            return AUTO;
        }
    }

    /** All of it. */
    AskedBudget FULL = new Share(1);

    /**
     * Reads a budget that is written as text.
     *
     * @param where what to call it in messages
     * @throws ApiError 400 if it is neither auto nor a number from 0 to 1
     */
    static AskedBudget parse(String where, String text) {
        return parsed(text).orElseThrow(() -> wrong(where));
    }

    /** A budget that is written as text; empty if it is none. */
    static Optional<AskedBudget> parsed(String text) {
        if (text.equals(AUTO)) {
            return Optional.of(new Auto());
        }
        try {
            // Java's own spellings (1d, 0x1p-1, blanks) are not ours.
            return text.matches("[0-9.eE+-]{1,20}") ? share(Double.parseDouble(text)) : Optional.empty();
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** @throws IllegalArgumentException if a budget that is written as text is none */
    static void check(String text) {
        try {
            parse("budget", text);
        } catch (ApiError e) {
            throw new IllegalArgumentException(e.getMessage() + ", not '" + text + "'", e);
        }
    }

    /** Reads a budget that is a field. */
    static AskedBudget of(String where, JsonNode node) {
        return read(node).orElseThrow(() -> wrong(where));
    }

    /** A budget that is a field; empty if it is none. */
    static Optional<AskedBudget> read(JsonNode node) {
        if (node.isNumber()) {
            return share(node.doubleValue(Double.NaN));
        }
        return node.isString() ? parsed(node.stringValue()) : Optional.empty();
    }

    private static Optional<AskedBudget> share(double share) {
        return share >= 0 && share <= 1 ? Optional.of(new Share(share)) : Optional.empty();
    }

    private static ApiError wrong(String where) {
        return ApiError.field(where, where + " must be a number from 0 to 1 or \"auto\"");
    }
}
