package io.tokenwise.model;

/** What a model reads. */
public enum InputKind {
    TEXT("text"),
    IMAGE("image"),
    SOUND("recording");

    private final String one;

    InputKind(String one) {
        this.one = one;
    }

    /** What one is called in messages. */
    public String one() {
        return one;
    }
}
