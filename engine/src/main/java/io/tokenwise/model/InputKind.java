package io.tokenwise.model;

/** What a model reads. */
public enum InputKind {
    TEXT,
    IMAGE,
    SOUND
}
