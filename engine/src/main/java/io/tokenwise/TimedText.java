package io.tokenwise;

/**
 * What was said in a segment of a recording.
 *
 * @param startSeconds where the segment begins, from the recording's begin
 * @param endSeconds where it ends
 * @param text with capitals and punctuation of a Moonshine; of a wav2vec 2.0 in the letters of its vocabulary, often without; empty if the model heard no words
 * @param tokens that the model wrote for it
 */
public record TimedText(double startSeconds, double endSeconds, String text, int tokens) {}
