package io.tokenwise;

/**
 * A token of a text with its likeliest label.
 *
 * @param token which it is and where
 * @param label as the model has it, such as {@code B-PER}
 * @param score its probability, 0..1
 */
public record LabelledToken(TextToken token, String label, double score) {}
