package io.tokenwise;

/**
 * A token of a text.
 *
 * @param id the model's number for it
 * @param text as the vocabulary has it, such as {@code ##wise}
 * @param startChar where it begins in the text, in chars; 0 of a special one
 * @param endChar where it ends; 0 of a special one
 * @param special whether the model puts it around every text
 */
public record TextToken(int id, String text, int startChar, int endChar, boolean special) {}
