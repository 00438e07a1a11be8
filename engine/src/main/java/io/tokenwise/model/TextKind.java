package io.tokenwise.model;

import java.util.Locale;

/** What a text is, for models that want a prefix before it. */
public enum TextKind {
    /** One like any other; few models want anything before it. */
    TEXT,
    /** A search query. */
    QUERY,
    /** One to be found. */
    PASSAGE;

    /** What the model wants to see before such a text; often nothing. */
    public String prefix(TextDescription model) {
        return switch (this) {
            case TEXT -> model.prompts().text();
            case QUERY -> model.queryPrefix();
            case PASSAGE -> model.passagePrefix();
        };
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
