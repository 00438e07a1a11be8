package io.tokenwise.io;

import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** A JSON object as it is read, brace by brace, name by name and value by value, without some of its own fields. For one thread. */
final class JsonSteps implements AutoCloseable {
    private final String file;
    private final JsonParser in;
    private final Set<String> without;

    /** @param in at the begin */
    JsonSteps(String file, JsonParser in, Set<String> without) {
        this.file = file;
        this.in = in;
        this.without = without;
    }

    /**
     * A step.
     *
     * @param token null behind the end
     * @param value a name, a text or a number; null if the token says all
     */
    record Step(JsonToken token, Object value) {}

    Step next() {
        try {
            JsonToken token = in.nextToken();
            while (token == JsonToken.PROPERTY_NAME && isOwn() && without.contains(in.currentName())) {
                in.nextToken();
                in.skipChildren();
                token = in.nextToken();
            }
            return new Step(token, token == null ? null : value(token));
        } catch (JacksonException e) {
            throw JsonFile.invalid(file, e);
        }
    }

    /** Whether what is read is in the object itself, in no other that it holds. */
    private boolean isOwn() {
        return in.streamReadContext().getParent().inRoot();
    }

    private Object value(JsonToken token) {
        return switch (token) {
            case PROPERTY_NAME -> in.currentName();
            case VALUE_STRING, VALUE_NUMBER_INT -> in.getString();
            case VALUE_NUMBER_FLOAT -> in.getDoubleValue();
            default -> null;
        };
    }

    @Override
    public void close() {
        in.close();
    }
}
