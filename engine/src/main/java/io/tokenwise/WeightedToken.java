package io.tokenwise;

/**
 * A token of the vocabulary and how much a text is about it.
 *
 * @param id the model's number for it
 * @param text as the vocabulary has it
 * @param weight above 0
 */
public record WeightedToken(int id, String text, float weight) {}
