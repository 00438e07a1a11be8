package io.tokenwise;

/**
 * A stretch of a text that is something, such as a name.
 *
 * @param label what it is, without the mark of its first token: {@code PER} of {@code B-PER}
 * @param score the mean probability of its tokens' or words' labels, 0..1
 * @param startChar where it begins in the text, in chars
 * @param endChar where it ends
 * @param text that stretch
 */
public record Entity(String label, double score, int startChar, int endChar, String text) {}
